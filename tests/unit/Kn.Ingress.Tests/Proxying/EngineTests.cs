using System.Text;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Tests.Proxying;

public sealed class EngineTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n";
    private const string GetAndClose = "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    public async Task Request_GoesThere_AndItsAnswerComesBack()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", await engine.AskAsync(GetAndClose));
        Assert.StartsWith("GET / HTTP/1.1\r\nHost: a.org\r\nX-Real-Ip: 127.0.0.1\r\n", Assert.Single(backend.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_AreKept_OnBothSides()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        for (var round = 0; round < 100; round++)
        {
            await client.SendAsync(round % 2 == 0 ? Get : "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 3\r\n\r\nabc");
            await client.ReadUntilAsync("hello");
        }

        Assert.Equal(100, backend.Requests.Count);
        Assert.Equal(1, backend.Connections);
    }

    [Fact]
    public async Task PipelinedRequests_AreAnsweredInOrder()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var path = head.Split(' ')[1];
                await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {path.Length}\r\n\r\n{path}");
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync(string.Concat(Enumerable.Range(0, 200).Select(static number =>
            number % 3 == 0 ? $"POST /n{number}. HTTP/1.1\r\nHost: a.org\r\nContent-Length: 4\r\n\r\nbody" : $"GET /n{number}. HTTP/1.1\r\nHost: a.org\r\n\r\n")));
        for (var number = 0; number < 200; number++)
        {
            Assert.EndsWith($"\r\n\r\n/n{number}.", await client.ReadUntilAsync($"/n{number}."), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: b.org\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 ")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET / HTTP/1.1\nHost: a.org\n\n", "HTTP/1.1 400 ")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /../x HTTP/1.1\r\nHost: a.org\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 ")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 ")]
    public async Task WhatCannotBeServed_IsAnswered_AndReachesNobody(string request, string expected)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.StartsWith(expected, await engine.AskAsync(request), StringComparison.Ordinal);
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public async Task EndlessHead_IsRefused()
    {
        await using var engine = new RunningEngine(null);
        using var client = engine.Connect();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a.org\r\nX: " + new string('a', 40_000));
        Assert.StartsWith("HTTP/1.1 431 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoEndpoints_Are503_AndTheConnectionGoesOn()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null);
        using var client = engine.Connect();
        await client.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadUntilAsync("503 Service Unavailable\n"), StringComparison.Ordinal);
        engine.SetEndpoints(backend.Port);
        await client.SendAsync(Get);
        await client.ReadUntilAsync("hello");
    }

    [Fact]
    public async Task UnreachableEndpoint_IsPassedOver_EvenWithABody()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, ClosedPort(), backend.Port, ClosedPort());
        for (var round = 0; round < 20; round++)
        {
            Assert.EndsWith("hello", await engine.AskAsync("POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"), StringComparison.Ordinal);
        }

        Assert.InRange(engine.Engine.Sum(static counters => counters.ConnectFailures), 1, 4);
    }

    [Fact]
    public async Task OnlyUnreachableEndpoints_Are502()
    {
        await using var engine = new RunningEngine(null, ClosedPort());
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(GetAndClose), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionThatTheBackendClosedMeanwhile_IsNoFailure()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(Hello);
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        for (var round = 0; round < 200; round++)
        {
            await client.SendAsync(Get);
            Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
    [InlineData("")]
    public async Task BadAnswer_Is502(string answer)
    {
        await using var backend = new ScriptedBackend(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync(answer);
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync(GetAndClose), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LargeBodies_GoBothWays_Unharmed()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var body = await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
                await connection.WriteAsync(body);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        var body = new byte[8 << 20];
        new Random(1).NextBytes(body);
        var sending = client.SendAsync([.. Encoding.Latin1.GetBytes($"POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n"), .. body]);
        var answer = await client.ReadToEndAsync();
        await sending;
        Assert.Equal(body, Encoding.Latin1.GetBytes(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    [Fact]
    public async Task Chunks_GoBothWays_AndTheConnectionGoesOn()
    {
        const string Body = "5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n";
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is not null)
            {
                Assert.Equal(Body, Encoding.Latin1.GetString(await connection.ReadAsync(Body.Length)));
                foreach (var piece in ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Body).Chunk(7))
                {
                    await connection.WriteAsync(new string(piece));
                }
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        for (var round = 0; round < 5; round++)
        {
            foreach (var piece in ("POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n" + Body).Chunk(round + 1))
            {
                await client.SendAsync(new string(piece));
            }

            Assert.EndsWith(Body, await client.ReadUntilAsync("X-Sum: 1\r\n\r\n"), StringComparison.Ordinal);
        }

        Assert.Equal(1, backend.Connections);
    }

    [Fact]
    public async Task AnswerUntilTheEnd_EndsTheConnection()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.0 200 OK\r\n\r\nall");
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Equal("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall", await engine.AskAsync(Get));
    }

    [Fact]
    public async Task AnswerThatBreaksOff_LooksLikeIt()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.EndsWith("half", (await engine.AskAsync(Get)).Replace("(reset)", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_HasNoBody_WhateverItsLengthSays()
    {
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        for (var round = 0; round < 3; round++)
        {
            await client.SendAsync("HEAD / HTTP/1.1\r\nHost: a.org\r\n\r\n");
            Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        }
    }

    [Fact]
    public async Task Http10_IsServed_AndKeptAliveWhereAsked()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.EndsWith("Connection: close\r\n\r\nhello", await engine.AskAsync("GET / HTTP/1.0\r\nHost: a.org\r\n\r\n"), StringComparison.Ordinal);
        using var client = engine.Connect();
        for (var round = 0; round < 3; round++)
        {
            await client.SendAsync("GET / HTTP/1.0\r\nHost: a.org\r\nConnection: keep-alive\r\n\r\n");
            Assert.EndsWith("Connection: keep-alive\r\n\r\nhello", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Continue_ComesFromTheBackend()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
                await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Hello);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync("PUT / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("body");
        Assert.StartsWith("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InterimAnswer_WithALargeOneInTheSamePiece_ArrivesWhole()
    {
        var body = new string('x', 300_000);
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await using var engine = new RunningEngine(null, backend.Port);
        for (var round = 0; round < 10; round++)
        {
            Assert.EndsWith("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\nConnection: close\r\n\r\n" + body, await engine.AskAsync(GetAndClose), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task EndlessInterimAnswers_Are502()
    {
        await using var backend = ScriptedBackend.Answering(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50)));
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.Contains("HTTP/1.1 502 ", await engine.AskAsync(GetAndClose), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusalBeforeTheBody_IsHeard()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
            await connection.ForeverAsync();
        });
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.EndsWith("big", await engine.AskAsync("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 100000\r\n\r\n" + new string('a', 50_000)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upgrade_BecomesATunnel_BothWays_ToItsEnd()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            var head = await connection.ReadHeadAsync();
            Assert.Contains("Connection: upgrade\r\n", head, StringComparison.Ordinal);
            await connection.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
            while (await connection.ReadSomeAsync() is { Length: > 0 } bytes)
            {
                await connection.WriteAsync(bytes);
            }

            await connection.WriteAsync("last");
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
        Assert.Equal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.ReadUntilAsync("firstearly");
        var large = new string('x', 3 << 20);
        var sending = client.SendAsync(large + "!");
        Assert.Equal(large.Length + 1, (await client.ReadUntilAsync("!")).Length);
        await sending;
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal("last", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task SlowHead_Is408_AndASilentConnectionIsClosed()
    {
        await using var engine = new RunningEngine(new ProxySettings { HeadTimeout = 300 });
        Assert.StartsWith("HTTP/1.1 408 ", await engine.AskAsync("GET / HT"), StringComparison.Ordinal);
        Assert.Equal("", await engine.AskAsync(""));
    }

    [Fact]
    public async Task SilentBackend_Is504()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ForeverAsync();
        });
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 300 }, backend.Port);
        Assert.StartsWith("HTTP/1.1 504 ", await engine.AskAsync(GetAndClose), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodyThatNeverComes_Is408()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 300 }, backend.Port);
        Assert.StartsWith("HTTP/1.1 408 ", await engine.AskAsync("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 10\r\n\r\nhalf"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientThatNeverReads_IsCutOff_AndHoldsLittle()
    {
        var sent = 0L;
        var isCut = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            try
            {
                await connection.ReadHeadAsync();
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
                while (true)
                {
                    await connection.WriteAsync(new byte[65536]);
                    sent += 65536;
                }
            }
            catch (IOException)
            {
                isCut.SetResult();
            }
        });
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 500 }, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync(Get);
        await isCut.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(sent, 1, 64 << 20);
    }

    [Fact]
    public async Task ClientThatGoesAway_FreesTheBackend()
    {
        var isFreed = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            await connection.ReadHeadAsync();
            if ((await connection.ReadSomeAsync()).Length == 0)
            {
                isFreed.SetResult();
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using (var client = engine.Connect())
        {
            await client.SendAsync(Get);
            while (backend.Requests.IsEmpty)
            {
                await Task.Delay(10);
            }
        }

        await isFreed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Drain_AnswersWhatIsUnderWay_AndTakesNothingNew()
    {
        var goOn = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            await connection.ReadHeadAsync();
            await goOn.Task;
            await connection.WriteAsync(Hello);
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync(Get);
        while (backend.Requests.IsEmpty)
        {
            await Task.Delay(10);
        }

        var drained = engine.Engine.DrainAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        goOn.SetResult();
        Assert.EndsWith("Connection: close\r\n\r\nhello", await client.ReadToEndAsync(), StringComparison.Ordinal);
        client.Dispose();
        await drained;
        Assert.Equal(0, engine.Engine.Open);
    }

    [Fact]
    public async Task ManyClients_WithEverythingInPieces_AreAllServed()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var body = await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length + 1}\r\n\r\n");
                await connection.WriteAsync([.. body, (byte)'!']);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(async seed =>
        {
            var random = new Random(seed);
            using var client = engine.Connect();
            for (var round = 0; round < 20; round++)
            {
                var body = new string((char)('a' + random.Next(26)), random.Next(3000));
                var rest = $"POST /{round} HTTP/1.1\r\nHost: a.org\r\nContent-Length: {body.Length}\r\n\r\n{body}";
                while (rest.Length > 0)
                {
                    var piece = random.Next(1, rest.Length + 1);
                    await client.SendAsync(rest[..piece]);
                    rest = rest[piece..];
                }

                Assert.EndsWith($"\r\n\r\n{body}!", await client.ReadUntilAsync("!"), StringComparison.Ordinal);
            }
        }));

        // A client may have its answer before the engine has counted it.
        await engine.UntilAsync(static proxy => proxy.Sum(static counters => counters.Answers[2]) == 600, "every answer is counted");
    }

    /// <summary>A port that nobody listens on.</summary>
    private static ushort ClosedPort()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return (ushort)((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
