using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Kn.Ingress.Proxying;
using Kn.Ingress.Tests.Proxying;
using Kn.Ingress.Tls;
using Kn.Linux.Tls;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Tls;

/// <summary>An engine and clients that speak TLS.</summary>
public sealed class TlsEngineTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    [Conformance("ingress", "TLS")]
    public async Task TLS_1_2_and_1_3_are_spoken_and_backends_are_told_of_it(SslProtocols version)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org", version, null, "h3", "http/1.1");
        Assert.Equal(version, client.Stream.SslProtocol);
        Assert.Equal(SslApplicationProtocol.Http11, client.Stream.NegotiatedApplicationProtocol);
        for (var round = 0; round < 50; round++)
        {
            await client.SendAsync(round % 2 == 0 ? Get : "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 3\r\n\r\nabc");
            await client.ReadUntilAsync("hello");
        }

        Assert.Equal(1, backend.Connections);
        Assert.All(backend.Requests, request => Assert.Contains($"X-Forwarded-Port: {engine.TlsPort}\r\nX-Forwarded-Proto: https\r\n", request, StringComparison.Ordinal));
        Assert.Equal(1, engine.Engine.Sum(static counters => counters.Handshakes));
    }

    [Theory]
    [InlineData("a.org", "exact")]
    [InlineData("A.ORG", "exact")]
    [InlineData("b.a.org", "wildcard")]
    [InlineData("c.a.org", "below")]
    [InlineData("x.b.a.org", "all others")]
    [InlineData("other.org", "all others")]
    [InlineData("", "all others")]
    [Conformance("ingress", "TLS")]
    public async Task The_certificate_is_chosen_by_SNI_exact_before_wildcard_before_the_default(string host, string expected)
    {
        await using var engine = new RunningEngine(null);
        engine.Certificates.Set("a.org", TestCertificates.Load("exact"));
        engine.Certificates.Set("*.a.org", TestCertificates.Load("wildcard"));
        engine.Certificates.Set("c.a.org", TestCertificates.Load("below"));
        engine.Certificates.Set(LiveCertificates.Default, TestCertificates.Load("all others"));
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, host);
        Assert.Equal(expected, client.CommonName);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Without_any_certificate_one_is_made()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        Assert.Equal("Kn Ingress default certificate", client.CommonName);
        await client.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 OK", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_change_of_certificate_leaves_open_connections_as_they_are()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.Certificates.Set("a.org", TestCertificates.Load("before"));
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        engine.Certificates.Set("a.org", TestCertificates.Load("after"));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await client.SendAsync(Get);
        await client.ReadUntilAsync("hello");
        Assert.Equal("before", client.CommonName);
        await using var next = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        Assert.Equal("after", next.CommonName);
        engine.Certificates.Set("a.org", null);
        await using var last = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        Assert.Equal("Kn Ingress default certificate", last.CommonName);
    }

    [Fact]
    public async Task Who_speaks_no_protocol_of_ours_is_refused()
    {
        await using var engine = new RunningEngine(null);
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => TlsClient.ConnectAsync(engine.TlsPort, "a.org", SslProtocols.None, null, "spdy/1"));
        Assert.Equal(1, engine.Engine.Sum(static counters => counters.HandshakeFailures));
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Versions_below_the_configured_one_are_refused()
    {
        await using var engine = new RunningEngine(null, new TlsServerSettings { AllowsTls12 = false }, null, false);
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => TlsClient.ConnectAsync(engine.TlsPort, "a.org", SslProtocols.Tls12));
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org", SslProtocols.Tls13);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task LargeBodies_PassWhole_BothWays(SslProtocols version)
    {
        var body = new byte[3 << 20];
        new Random(7).NextBytes(body);
        await using var backend = new ScriptedBackend(async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var got = await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {got.Length}\r\n\r\n");
                await connection.WriteAsync(got);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org", version);

        // The answer begins when the request has ended, and is not read until then: it waits in all places that it can wait in.
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n");
        await client.SendAsync(body);
        var answer = await client.ReadToEndAsync();
        Assert.Equal(body, answer[^body.Length..]);
    }

    [Fact]
    public async Task ManySmallAnswers_ToAClientThatDoesNotRead_AreAllThere()
    {
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{new string('x', 20000)}");
        await using var engine = new RunningEngine(null, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        const int Count = 400;
        var sending = client.SendAsync(string.Concat(Enumerable.Repeat(Get, Count - 1)) + "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n");
        var answer = Encoding.Latin1.GetString(await client.ReadToEndAsync());
        await sending;
        Assert.Equal(Count, answer.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.Equal(Count * 20000, answer.Count(static letter => letter == 'x'));
    }

    [Fact]
    public async Task Handshake_CutOffAtEveryByte_HarmsNobody()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        var hello = await RecordClientHelloAsync();
        Assert.True(hello.Length > 100, "a ClientHello was recorded");
        for (var length = 0; length <= hello.Length; length++)
        {
            using var client = new RawClient(engine.TlsPort);
            await client.SendAsync(hello[..length]);
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await client.ReadToEndAsync();
        }

        await engine.UntilAsync(static proxy => proxy.Open == 0, "all of them are gone");
        Assert.Equal(hello.Length + 1, engine.Engine.Sum(static counters => counters.HandshakeFailures));
        await using var after = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        await after.SendAsync(Get);
        await after.ReadUntilAsync("hello");
    }

    [Fact]
    public async Task Handshake_WithAnyByteChanged_HarmsNobody()
    {
        await using var engine = new RunningEngine(null);
        var hello = await RecordClientHelloAsync();
        for (var at = 0; at < hello.Length; at++)
        {
            var changed = (byte[])hello.Clone();
            changed[at] ^= 0xFF;
            using var client = new RawClient(engine.TlsPort);
            await client.SendAsync(changed);
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await client.ReadToEndAsync();
        }

        await engine.UntilAsync(static proxy => proxy.Open == 0, "all of them are gone");
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_client_that_stalls_in_the_handshake_is_let_go_however_slowly_it_sends()
    {
        await using var engine = new RunningEngine(new ProxySettings { HandshakeTimeout = 700 });
        var hello = await RecordClientHelloAsync();
        using var silent = new RawClient(engine.TlsPort);
        using var slow = new RawClient(engine.TlsPort);
        var end = slow.ReadToEndAsync();
        for (var at = 0; at < hello.Length && !end.IsCompleted; at++)
        {
            try
            {
                await slow.SendAsync(hello[at..(at + 1)]);
            }
            catch (IOException)
            {
                break;
            }

            await Task.WhenAny(end, Task.Delay(50));
        }

        await silent.ReadToEndAsync();
        await end;
        Assert.Equal(2, engine.Engine.Sum(static counters => counters.TimedOut));
    }

    [Fact]
    public async Task Http_OnThePortOfTls_IsEnded()
    {
        await using var engine = new RunningEngine(null);
        using var client = new RawClient(engine.TlsPort);
        await client.SendAsync(Get);
        var answer = await client.ReadToEndAsync();
        Assert.DoesNotContain("HTTP/1.1", answer, StringComparison.Ordinal);
        Assert.Equal(1, engine.Engine.Sum(static counters => counters.HandshakeFailures));
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Strict_Transport_Security_is_said_where_the_host_has_a_certificate_of_its_own()
    {
        var hsts = new IngressHstsOptions().ToField();
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 5\r\n\r\nhello");
        await using var engine = new RunningEngine(new ProxySettings { StrictTransport = hsts }, backend.Port);
        engine.Certificates.Set("a.org", TestCertificates.Load("a"));
        await using var own = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        await own.SendAsync(Get);
        Assert.Equal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n\r\nhello", await own.ReadUntilAsync("hello"));
        await using var other = await TlsClient.ConnectAsync(engine.TlsPort, "b.org");
        await other.SendAsync(Get);
        Assert.Equal("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 5\r\n\r\nhello", await other.ReadUntilAsync("hello"));
        using var plain = engine.Connect();
        await plain.SendAsync(Get);
        Assert.Equal("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 5\r\n\r\nhello", await plain.ReadUntilAsync("hello"));
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Requests_that_did_not_come_by_TLS_are_sent_there_by_308()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        var trusted = IpPrefix.Parse("127.0.0.1/32");
        await using var engine = new RunningEngine(new ProxySettings(), new TlsServerSettings(), null, true, backend.Port);
        Assert.Equal(
            "HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\nLocation: https://a.org/x%2Fy?q=1\r\nConnection: close\r\n\r\n",
            await engine.AskAsync("GET /x%2Fy?q=1 HTTP/1.1\r\nHost: a.org:80\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"));
        await using var secure = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        await secure.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await secure.ReadUntilAsync("hello"), StringComparison.Ordinal);

        await using var behind = new RunningEngine(new ProxySettings { Trusted = [trusted], HttpsPort = 8443 }, new TlsServerSettings(), null, true, backend.Port);
        Assert.StartsWith("HTTP/1.1 200 ", await behind.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        using var kept = behind.Connect();
        await kept.SendAsync("POST / HTTP/1.1\r\nHost: a.org\r\nX-Forwarded-Proto: http\r\nContent-Length: 3\r\n\r\nabc" + Get);
        Assert.Contains("\r\nLocation: https://a.org:8443/\r\n\r\n", await kept.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 308 ", await kept.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_proxy_header_comes_before_the_handshake_and_from_those_alone_who_are_trusted()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        var settings = new ProxySettings { ProxyProtocolFrom = [IpPrefix.Parse("127.0.0.0/8")] };
        await using var engine = new RunningEngine(settings, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org", SslProtocols.None, "PROXY TCP4 192.0.2.7 192.0.2.1 41234 443\r\n"u8.ToArray());
        await client.SendAsync(Get);
        await client.ReadUntilAsync("hello");
        Assert.Contains("X-Forwarded-For: 192.0.2.7\r\n", backend.Requests.Last(), StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Port: 443\r\n", backend.Requests.Last(), StringComparison.Ordinal);

        using var plain = engine.Connect();
        foreach (var letter in "PROXY TCP6 2001:db8::7 2001:db8::1 41234 80\r\n" + Get)
        {
            await plain.SendAsync(letter.ToString());
        }

        await plain.ReadUntilAsync("hello");
        Assert.Contains("X-Forwarded-For: 2001:db8::7\r\n", backend.Requests.Last(), StringComparison.Ordinal);
        Assert.Equal("(reset)", await engine.AskAsync(Get));

        await using var strangers = new RunningEngine(null, backend.Port);
        Assert.StartsWith("HTTP/1.1 400 ", await strangers.AskAsync("PROXY TCP4 192.0.2.7 192.0.2.1 41234 443\r\n" + Get), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tickets_OfOneEngine_AreGoodForTheNext()
    {
        var folder = Directory.CreateTempSubdirectory("kn-tickets").FullName;
        try
        {
            var path = Path.Combine(folder, "tickets");
            await using (var first = new RunningEngine(null, new TlsServerSettings(), new TicketKeys(path, TimeProvider.System), false))
            {
                await using var client = await TlsClient.ConnectAsync(first.TlsPort, "a.org");
            }

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            var before = await File.ReadAllBytesAsync(path);
            Assert.Equal(before[8..], new TicketKeys(path, TimeProvider.System).Read());
            Assert.Null(new TicketKeys(path, TimeProvider.System).RenewIfOld());
            var later = new ShiftedTime(TicketKeys.Lifetime);
            Assert.NotEqual(before[8..], new TicketKeys(path, later).Read());
            Assert.NotEqual(before, await File.ReadAllBytesAsync(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The first bytes that a client of TLS sends.</summary>
    private static async Task<byte[]> RecordClientHelloAsync()
    {
        using var recorder = new RecordingStream();
        await using var client = new SslStream(recorder);
        await Assert.ThrowsAnyAsync<Exception>(() => client.AuthenticateAsClientAsync("a.org"));
        return recorder.Sent.ToArray();
    }

    private sealed class ShiftedTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }

    private sealed class RecordingStream : MemoryStream
    {
        public MemoryStream Sent { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer) => Sent.Write(buffer);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Sent.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
