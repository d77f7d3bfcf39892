using System.Security.Cryptography.X509Certificates;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Tls;

/// <summary>An engine before backends that speak TLS.</summary>
public sealed class BackendTlsTests : IDisposable
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private readonly X509Certificate2 _certificate = Certificate();

    public BackendTlsTests() => RunningEngine.Backend = new UpstreamTls("web.ns.svc", Verifies: false);

    public void Dispose()
    {
        RunningEngine.Backend = null;
        _certificate.Dispose();
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Backends_are_spoken_to_by_TLS_with_the_name_of_their_Service_on_connections_that_are_kept()
    {
        await using var backend = ScriptedBackend.Answering(Hello, _certificate);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        for (var round = 0; round < 50; round++)
        {
            await client.SendAsync(round % 2 == 0 ? Get : "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 3\r\n\r\nabc");
            Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
        }

        Assert.Equal(1, backend.Connections);
        Assert.Equal("web.ns.svc", Assert.Single(backend.Names));
    }

    [Fact]
    public async Task LargeAnswers_PassWhole()
    {
        var body = new byte[3 << 20];
        new Random(5).NextBytes(body);
        await using var backend = new ScriptedBackend(
            async connection =>
            {
                while (await connection.ReadHeadAsync() is { } head)
                {
                    var got = await connection.ReadAsync(BackendConnection.LengthOf(head));
                    await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {got.Length}\r\n\r\n");
                    await connection.WriteAsync(got);
                }
            },
            _certificate);
        await using var engine = new RunningEngine(null, backend.Port);
        await using var client = await TlsClient.ConnectAsync(engine.TlsPort, "a.org");
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n");
        await client.SendAsync(body);
        Assert.Equal(body, (await client.ReadToEndAsync())[^body.Length..]);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_backend_that_cannot_prove_who_it_is_gets_nothing_where_that_is_asked_for()
    {
        RunningEngine.Backend = new UpstreamTls("web.ns.svc", Verifies: true);
        await using var backend = ScriptedBackend.Answering(Hello, _certificate);
        await using var engine = new RunningEngine(null, backend.Port);
        Assert.StartsWith("HTTP/1.1 502 ", await engine.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public async Task BackendThatSpeaksNoTls_Is502()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        var answer = engine.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n");
        await using var talker = new ScriptedBackend(static connection => connection.WriteAsync("SSH-2.0-x\r\n"));
        await using var before = new RunningEngine(new ProxySettings { ConnectTimeout = 500 }, talker.Port);
        Assert.StartsWith("HTTP/1.1 502 ", await before.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);

        // The one waits for a line's end that never comes: the handshake is part of connecting, and has its time-out.
        Assert.StartsWith("HTTP/1.1 504 ", await answer, StringComparison.Ordinal);
    }

    private static X509Certificate2 Certificate()
    {
        var (certificate, key) = TestCertificates.Make("backend", "web.ns.svc");
        return X509Certificate2.CreateFromPem(certificate, key);
    }
}
