using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Http2;

/// <summary>A client of HTTP/2, the engine, and backends of HTTP/1.1.</summary>
public sealed class Http2EngineTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_request_with_prior_knowledge_is_answered()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get("/x?y=z", "user-agent", "me", "cookie", "a=b", "cookie", "c=d", "te", "trailers"));
        Assert.Equal(":status: 200\ncontent-length: 5\n\nhello", await client.ReadAnswerAsync(1));
        var head = Assert.Single(backend.Requests);
        Assert.StartsWith("GET /x?y=z HTTP/1.1\r\nHost: a.org\r\nuser-agent: me\r\nCookie: a=b; c=d\r\nX-Real-Ip: 127.0.0.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Proto: http\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Bodies_and_trailers_go_both_ways()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var isChunked = head.Contains("Transfer-Encoding: chunked\r\n", StringComparison.Ordinal);
                var body = isChunked ? await connection.ReadUntilAsync("\r\n\r\n") : System.Text.Encoding.Latin1.GetString(await connection.ReadAsync(BackendConnection.LengthOf(head)));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\nX-Sum: 7\r\n\r\n");
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post("content-length", "8"));
        await client.DataAsync(1, "half");
        await client.DataAsync(1, "half", endsStream: true);
        Assert.Equal(":status: 200\n\nhalfhalfx-sum: 7\n\n", await client.ReadAnswerAsync(1));

        await client.BeginAsync(3, FrameClient.Post());
        await client.DataAsync(3, "some");
        await client.SendAsync(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 3, FrameClient.Block("x-check", "9"));
        Assert.Equal(":status: 200\n\n4\r\nsome\r\n0\r\nx-check: 9\r\n\r\nx-sum: 7\n\n", await client.ReadAnswerAsync(3));
    }

    [Fact]
    public async Task LargeBodies_ComeWhole_ThroughSmallWindows()
    {
        var body = string.Concat(Enumerable.Range(0, 60_000).Select(static number => $"{number};"));
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await using var engine = new RunningEngine(null, backend.Port);
        foreach (var window in (uint[])[5_000, 65_535, 1 << 20])
        {
            using var client = await FrameClient.ConnectAsync(engine.Port, (SettingKind.InitialWindowSize, window));
            await client.AskAsync(1, FrameClient.Get());
            await client.AskAsync(3, FrameClient.Get());
            Assert.Equal($":status: 200\ncontent-length: {body.Length}\n\n{body}", await client.ReadAnswerAsync(3));
        }
    }

    [Fact]
    public async Task Uploads_ComeWhole_AndWindowsOpenAgain()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        const int Length = 3 << 20;
        await client.BeginAsync(1, FrameClient.Post("content-length", $"{Length}"));
        var (window, sent) = (128 << 10, 0);
        while (sent < Length)
        {
            while (window < 16_000)
            {
                var update = await client.ReadAsync(FrameKind.WindowUpdate);
                window += update.Header.Stream == 1 ? FramePayload.ReadStream(update.Payload) : 0;
            }

            var count = Math.Min(16_000, Length - sent);
            sent += count;
            window -= count;
            await client.DataAsync(1, new string('x', count), endsStream: sent == Length);
        }

        Assert.EndsWith("\n\nhello", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyStreams_OnOneConnection_AreAnsweredAsTheyCome()
    {
        var goOn = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var path = head.Split(' ')[1];
                if (path == "/1")
                {
                    await goOn.Task;
                }

                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}");
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        for (var stream = 1; stream < 200; stream += 2)
        {
            await client.AskAsync(stream, FrameClient.Get($"/{stream}"));
        }

        Assert.EndsWith("\n\n/199", await client.ReadAnswerAsync(199), StringComparison.Ordinal);
        goOn.SetResult();
        Assert.EndsWith("\n\n/1", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/../x", "400")]
    [InlineData("/a b", "400")]
    [InlineData("*", "400")]
    [InlineData("/%2e%2e/x", "400")]
    public async Task PathsThatHttp11Refuses_AreRefused(string path, string status)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get(path));
        Assert.StartsWith($":status: {status}\n", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        await client.AskAsync(3, FrameClient.Get());
        Assert.StartsWith(":status: 200\n", await client.ReadAnswerAsync(3), StringComparison.Ordinal);
        Assert.Single(backend.Requests);
    }

    [Fact]
    public async Task BackendThatBreaksOff_ResetsTheStreamAlone()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            if (await connection.ReadHeadAsync() is { } head)
            {
                await connection.WriteAsync(head.StartsWith("GET /cut", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" : Hello);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get("/cut"));
        Assert.EndsWith("half(Reset Internal)", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        await client.AskAsync(3, FrameClient.Get());
        Assert.EndsWith("hello", await client.ReadAnswerAsync(3), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task An_answer_before_the_body_ends_resets_the_stream_without_error()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
            await connection.ForeverAsync();
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post("content-length", "1000"));
        Assert.EndsWith("big", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        Assert.Equal(Http2Error.None, await client.ReadResetAsync(1));
        await client.DataAsync(1, "too late");
        await client.PingAsync();
    }

    [Fact]
    public async Task InterimAnswers_ComeBeforeTheAnswer()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.ReadAsync(4);
            await connection.WriteAsync("HTTP/1.1 204 No Content\r\n\r\n");
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post("expect", "100-continue", "content-length", "4"));
        await client.DataAsync(1, "body", endsStream: true);
        Assert.Equal(":status: 103\nlink: x\n\n:status: 100\n\n:status: 204\n\n", await client.ReadAnswerAsync(1));
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_WebSocket_by_extended_CONNECT_becomes_one_of_HTTP_11()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            var head = await connection.ReadHeadAsync();
            Assert.StartsWith("GET /chat HTTP/1.1\r\n", head, StringComparison.Ordinal);
            Assert.Contains("Upgrade: websocket\r\n", head, StringComparison.Ordinal);
            Assert.Contains("Sec-WebSocket-Key: ", head, StringComparison.Ordinal);
            await connection.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: p\r\n\r\nfirst");
            while (await connection.ReadSomeAsync() is { Length: > 0 } bytes)
            {
                await connection.WriteAsync(bytes);
            }

            await connection.WriteAsync("last");
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, ":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", "/chat", ":authority", "a.org", "sec-websocket-version", "13");
        await client.DataAsync(1, "echo");
        await client.DataAsync(1, "", endsStream: true);
        Assert.Equal(":status: 200\nsec-websocket-protocol: p\n\nfirstecholast", await client.ReadAnswerAsync(1));
        await client.PingAsync();
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_restart_says_GOAWAY_twice_and_answers_what_is_under_way()
    {
        var goOn = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            await connection.ReadHeadAsync();
            await goOn.Task;
            await connection.WriteAsync(Hello);
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get());
        while (backend.Requests.IsEmpty)
        {
            await Task.Delay(10);
        }

        var drained = engine.Engine.DrainAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Equal(int.MaxValue, FramePayload.ReadStream((await client.ReadAsync(FrameKind.GoAway)).Payload));
        await client.AskAsync(3, FrameClient.Get());
        var ping = await client.ReadAsync(FrameKind.Ping);
        await client.SendAsync(FrameKind.Ping, FrameFlags.Ack, 0, ping.Payload);
        Assert.Equal(3, FramePayload.ReadStream((await client.ReadAsync(FrameKind.GoAway)).Payload));
        goOn.SetResult();
        Assert.EndsWith("hello", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        Assert.Null(await ReadRestAsync(client));
        client.Dispose();
        await drained;
        Assert.Equal(0, engine.Engine.Open);
    }

    private static async Task<object?> ReadRestAsync(FrameClient client)
    {
        while (await client.ReadAsync() is not null)
        {
        }

        return null;
    }
}
