using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Proxying;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Http2;

/// <summary>Clients of both protocols, the engine, and backends of HTTP/2.</summary>
public sealed class Http2UpstreamTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: h2.org\r\nConnection: close\r\n\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: h2.org\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
    private const FrameFlags Whole = FrameFlags.EndHeaders | FrameFlags.EndStream;

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_request_of_HTTP_11_goes_to_a_backend_of_HTTP_2()
    {
        var request = "";
        await using var backend = new FrameBackend(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                request = asked.Text;
                await connection.BeginAsync(asked.Stream, ":status", "200", "content-length", "5", "x", "y");
                await connection.DataAsync(asked.Stream, "hello", endsStream: true);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Equal("HTTP/1.1 200 \r\nx: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", await engine.AskAsync("GET /a?b HTTP/1.1\r\nHost: h2.org\r\nX-A: b\r\nConnection: close\r\n\r\n"));
        Assert.StartsWith(":method: GET\n:scheme: http\n:authority: h2.org\n:path: /a?b\nx-a: b\nx-real-ip: 127.0.0.1\nx-forwarded-for: 127.0.0.1\n", request, StringComparison.Ordinal);
        Assert.EndsWith("te: trailers\n\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("connection", request, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\nhost:", request, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Chunks_and_trailers_of_HTTP_11_become_DATA_and_HEADERS_and_back()
    {
        var request = "";
        await using var backend = new FrameBackend(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                request = asked.Text;
                await connection.BeginAsync(asked.Stream, ":status", "200");
                await connection.DataAsync(asked.Stream, "some");
                await connection.SendAsync(FrameKind.Headers, Whole, asked.Stream, FrameClient.Block("x-sum", "7"));
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        var answer = await engine.AskAsync("POST / HTTP/1.1\r\nHost: h2.org\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Check: 9\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nsome\r\n0\r\nx-sum: 7\r\n\r\n", answer);
        Assert.EndsWith("\n\nabcdex-check: 9\n\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("transfer-encoding", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientOfHttp10_GetsABodyThatEndsWithItsConnection()
    {
        await using var backend = FrameBackend.Answering("hello");
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Equal("HTTP/1.1 200 \r\nConnection: close\r\n\r\nhello", await engine.AskAsync("GET / HTTP/1.0\r\nHost: h2.org\r\n\r\n"));
    }

    [Fact]
    public async Task HeadAndEmptyAnswers_HaveNoBody()
    {
        await using var backend = new FrameBackend(static async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                var isHead = asked.Text.StartsWith(":method: HEAD\n", StringComparison.Ordinal);
                await connection.SendAsync(FrameKind.Headers, Whole, asked.Stream, isHead ? FrameClient.Block(":status", "200", "content-length", "9") : FrameClient.Block(":status", "200"));
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Equal("HTTP/1.1 200 \r\nContent-Length: 9\r\nConnection: close\r\n\r\n", await engine.AskAsync(Get.Replace("GET", "HEAD", StringComparison.Ordinal)));
        Assert.Equal("HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n", await engine.AskAsync(Get));
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Many_clients_share_one_connection_to_a_backend()
    {
        await using var backend = FrameBackend.Answering("hello");
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.EndsWith("hello\r\n0\r\n\r\n", await engine.AskAsync(Get), StringComparison.Ordinal);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            using var client = engine.Connect();
            for (var round = 0; round < 20; round++)
            {
                await client.SendAsync("POST / HTTP/1.1\r\nHost: h2.org\r\nContent-Length: 4\r\n\r\nbody");
                await client.ReadUntilAsync("hello\r\n0\r\n\r\n");
            }
        }));
        Assert.Equal(1, backend.Connections);
        Assert.Equal(1_001, engine.Engine.Sum(static counters => counters.Answers[2]));
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task MAX_CONCURRENT_STREAMS_of_a_backend_is_kept()
    {
        var goOn = new TaskCompletionSource();
        var atOnce = 0;
        await using var backend = new FrameBackend(
            async connection =>
            {
                while (await connection.ReadRequestAsync() is { } asked)
                {
                    if (Interlocked.Increment(ref atOnce) == 3)
                    {
                        goOn.SetResult();
                    }

                    await goOn.Task.WaitAsync(TimeSpan.FromSeconds(30));
                    await connection.SendAsync(FrameKind.Headers, Whole, asked.Stream, FrameClient.Block(":status", "204"));
                }
            },
            (SettingKind.MaxConcurrentStreams, 1));
        await using var engine = new RunningEngine(null, backend.Port);
        using var first = engine.Connect();
        await first.SendAsync(Get);
        while (atOnce == 0)
        {
            await Task.Delay(10);
        }

        var answers = await Task.WhenAll(engine.AskAsync(Get), engine.AskAsync(Get), first.ReadToEndAsync());
        Assert.All(answers, static answer => Assert.StartsWith("HTTP/1.1 204 ", answer, StringComparison.Ordinal));
        Assert.Equal(3, backend.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Conformance("ingress", "HTTP/2")]
    public async Task What_a_backend_has_not_looked_at_is_asked_again_though_it_must_not_be_done_twice(bool byGoAway)
    {
        var connections = 0;
        await using var backend = new FrameBackend(async connection =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            var refused = 0;
            while (await connection.ReadRequestAsync() is { } asked)
            {
                if (isFirst && byGoAway)
                {
                    await connection.SendAsync(FrameKind.GoAway, FrameFlags.None, 0, new byte[8]);
                }
                else if (!byGoAway && refused++ == 0)
                {
                    await connection.SendAsync(FrameKind.Reset, FrameFlags.None, asked.Stream, FrameClient.Number((uint)Http2Error.RefusedStream));
                }
                else
                {
                    await connection.BeginAsync(asked.Stream, ":status", "200", "content-length", "4");
                    await connection.DataAsync(asked.Stream, asked.Text[^4..], endsStream: true);
                }
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.EndsWith("\r\n\r\nbody", await engine.AskAsync(Post), StringComparison.Ordinal);
        Assert.Equal(byGoAway ? 2 : 1, backend.Connections);
        Assert.Equal(1, engine.Engine.Sum(static counters => counters.Retries));
    }

    [Fact]
    public async Task ResetRequest_IsNotAskedAgain_UnlessItMayBe()
    {
        await using var backend = new FrameBackend(static async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                await connection.SendAsync(FrameKind.Reset, FrameFlags.None, asked.Stream, FrameClient.Number((uint)Http2Error.Internal));
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(Post), StringComparison.Ordinal);
        Assert.Equal(0, engine.Engine.Sum(static counters => counters.Retries));
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(Get), StringComparison.Ordinal);
        Assert.Equal(2, engine.Engine.Sum(static counters => counters.Retries));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":status|200|Upper|x")]
    [InlineData(":status|200|connection|close")]
    [InlineData(":status|200|transfer-encoding|chunked")]
    [InlineData("x|y|:status|200")]
    [InlineData(":status|abc")]
    [InlineData(":status|101")]
    [InlineData(":status|200|content-length|5")]
    [InlineData(":status|200|x|a\r\nSet-Cookie: b")]
    [InlineData(":path|/|:status|200")]
    [Conformance("ingress", "HTTP/2")]
    public async Task An_answer_that_is_none_is_502(string fields)
    {
        await using var backend = new FrameBackend(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                await connection.SendAsync(FrameKind.Headers, Whole, asked.Stream, FrameClient.Block(fields.Length == 0 ? [] : fields.Split('|')));
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(Post), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("123456")]
    [InlineData("1234")]
    public async Task AnswerOfAnotherLength_LooksLikeOne(string body)
    {
        await using var backend = FrameBackend.Answering(body, "content-length", "5");
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.DoesNotContain(body, await engine.AskAsync(Get), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NobodyThere_Is502_AndSilenceIs504()
    {
        await using var backend = new FrameBackend(static async connection =>
        {
            while (await connection.ReadAsync() is not null)
            {
            }
        });
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 300 }, backend.Port);
        Assert.StartsWith("HTTP/1.1 504 ", await engine.AskAsync(Get), StringComparison.Ordinal);
        engine.SetEndpoints(1);
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(Get), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "gRPC")]
    public async Task A_call_that_streams_both_ways_ends_with_its_trailers()
    {
        await using var backend = new FrameBackend(static async connection =>
        {
            var begun = await connection.ReadAsync(FrameKind.Headers);
            await connection.BeginAsync(begun.Header.Stream, ":status", "200", "content-type", "application/grpc");
            for (var message = 0; message < 10; message++)
            {
                var data = await connection.ReadAsync(FrameKind.Data);
                await connection.SendAsync(FrameKind.Data, FrameFlags.None, begun.Header.Stream, data.Payload);
            }

            await connection.ReadAsync(FrameKind.Data);
            await connection.SendAsync(FrameKind.Headers, Whole, begun.Header.Stream, FrameClient.Block("grpc-status", "0", "grpc-message", "fine"));
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, ":method", "POST", ":scheme", "http", ":path", "/a.B/C", ":authority", "h2.org", "content-type", "application/grpc", "te", "trailers", "grpc-timeout", "5S");
        for (var message = 0; message < 10; message++)
        {
            await client.DataAsync(1, $"m{message}");
            Assert.Equal($"m{message}", System.Text.Encoding.Latin1.GetString((await client.ReadAsync(FrameKind.Data)).Payload));
        }

        await client.DataAsync(1, "", endsStream: true);
        Assert.Equal("grpc-status: 0\ngrpc-message: fine\n\n", await client.ReadAnswerAsync(1));
    }

    [Fact]
    [Conformance("ingress", "gRPC")]
    public async Task A_call_that_fails_at_once_has_its_status_in_the_head()
    {
        await using var backend = new FrameBackend(static async connection =>
        {
            while (await connection.ReadRequestAsync() is { } asked)
            {
                await connection.SendAsync(FrameKind.Headers, Whole, asked.Stream, FrameClient.Block(":status", "200", "content-type", "application/grpc", "grpc-status", "12"));
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, ":method", "POST", ":scheme", "http", ":path", "/", ":authority", "h2.org", "content-type", "application/grpc");
        Assert.StartsWith(":status: 200\ncontent-type: application/grpc\ngrpc-status: 12\n", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "gRPC")]
    public async Task A_call_that_the_client_gives_up_is_given_up_at_the_backend_and_others_go_on()
    {
        var given = new TaskCompletionSource<Http2Error>();
        var isThere = new TaskCompletionSource();
        await using var backend = new FrameBackend(async connection =>
        {
            var asked = await connection.ReadAsync(FrameKind.Headers);
            connection.Fields(asked.Payload);
            isThere.SetResult();
            given.SetResult(await connection.ReadResetAsync(asked.Header.Stream));
            var next = await connection.ReadRequestAsync();
            await connection.SendAsync(FrameKind.Headers, Whole, next!.Value.Stream, FrameClient.Block(":status", "204"));
            await connection.ReadRequestAsync();
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, ":method", "POST", ":scheme", "http", ":path", "/", ":authority", "h2.org");
        await isThere.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await client.SendAsync(FrameKind.Reset, FrameFlags.None, 1, FrameClient.Number((uint)Http2Error.Cancel));
        await client.AskAsync(3, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h2.org");
        Assert.Equal(":status: 204\n\n", await client.ReadAnswerAsync(3));
        Assert.Equal(Http2Error.Cancel, await given.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task LargeBodies_ComeWhole_BothWays_ThroughBothConnections()
    {
        var body = string.Concat(Enumerable.Range(0, 100_000).Select(static number => $"{number};"));
        await using var backend = new FrameBackend(async connection =>
        {
            while (await connection.ReadLargeRequestAsync() is { } asked)
            {
                await connection.BeginAsync(asked.Stream, ":status", asked.Text.EndsWith(body, StringComparison.Ordinal) ? "200" : "400");
                await connection.SendLargeAsync(asked.Stream, body);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        var answer = await engine.AskAsync($"POST / HTTP/1.1\r\nHost: h2.org\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n0\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.InRange(answer.Length, body.Length, body.Length + 2_000);
    }
}
