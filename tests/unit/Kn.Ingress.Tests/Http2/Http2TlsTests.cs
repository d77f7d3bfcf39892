using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kn.Ingress.Routing;
using Kn.Ingress.Tests.Proxying;
using Kn.Ingress.Tests.Tls;

namespace Kn.Ingress.Tests.Http2;

/// <summary>HTTP/2 on TLS, to clients and to backends.</summary>
public sealed class Http2TlsTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task By_TLS_it_is_chosen_by_ALPN_before_HTTP_11()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        await using var tls = await TlsClient.ConnectAsync(engine.TlsPort, "a.org", SslProtocols.None, null, "http/1.1", "h2");
        Assert.Equal(SslApplicationProtocol.Http2, tls.Stream.NegotiatedApplicationProtocol);
        using var client = new FrameClient(tls.Stream, tls.Stream);
        await client.BeginAsync();
        for (var stream = 1; stream < 100; stream += 2)
        {
            await client.AskAsync(stream, FrameClient.Get());
            Assert.EndsWith("\n\nhello", await client.ReadAnswerAsync(stream), StringComparison.Ordinal);
        }

        Assert.All(backend.Requests, static request => Assert.Contains("X-Forwarded-Proto: https\r\n", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task HttpClient_GetsLargeBodies_AndSendsThem()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                var body = await connection.ReadAsync(BackendConnection.LengthOf(head));
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n");
                await connection.WriteAsync(body);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { TargetHost = "a.org", RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } };
        using var client = new HttpClient(handler);
        var sent = new byte[2 << 20];
        new Random(1).NextBytes(sent);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{engine.TlsPort}/") { Content = new ByteArrayContent(sent), Headers = { Host = "a.org" }, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpVersion.Version20, response.Version);
            Assert.Equal(sent, await response.Content.ReadAsByteArrayAsync());
        }));
    }

    [Fact]
    [Conformance("ingress", "gRPC")]
    public async Task Backends_of_GRPCS_are_spoken_to_by_HTTP_2_on_TLS()
    {
        var (pem, key) = TestCertificates.Make("backend", "web.ns.svc");
        using var certificate = X509Certificate2.CreateFromPem(pem, key);
        RunningEngine.Backend = new UpstreamTls("web.ns.svc", Verifies: false);
        try
        {
            await using var backend = new FrameBackend(certificate, static async connection =>
            {
                while (await connection.ReadRequestAsync() is { } asked)
                {
                    await connection.BeginAsync(asked.Stream, ":status", asked.Text.Contains(":scheme: https\n", StringComparison.Ordinal) ? "200" : "400", "content-length", "5");
                    await connection.DataAsync(asked.Stream, "hello", endsStream: true);
                }
            });
            await using var engine = new RunningEngine(null, backend.Port);
            using var client = engine.Connect();
            for (var round = 0; round < 20; round++)
            {
                await client.SendAsync("GET / HTTP/1.1\r\nHost: h2.org\r\n\r\n");
                Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("hello"), StringComparison.Ordinal);
            }

            Assert.Equal(1, backend.Connections);
        }
        finally
        {
            RunningEngine.Backend = null;
        }
    }
}
