using System.Collections.Concurrent;
using Kn.Dns.NetnsTests;
using Kn.Ingress.Tests;
using Kn.Ingress.Tests.Tls;
using Kn.Kubernetes.Cache;
using Kn.NetnsTests;

namespace Kn.Ingress.NetnsTests;

/// <summary>The module, and clients that speak TLS: curl, wrk and openssl. Needs root.</summary>
public sealed class TlsTests
{
    private static readonly string[] s_insecure = ["--insecure", "--resolve", "a.org:443:127.0.0.1", "--resolve", "a.org:80:127.0.0.1"];

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Curl_gets_through_by_HTTPS_and_is_sent_there_by_HTTP()
    {
        await using var net = NewNode("a.org");
        net.Start();
        Assert.Equal("first GET /x 127.0.0.1 https\n", net.Curl([.. s_insecure, "https://a.org/x"]));
        Assert.Equal("308 https://a.org/x?q", net.Curl([.. s_insecure, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "http://a.org/x?q"]));
        Assert.Equal("first POST /x 127.0.0.1 https\n", net.Curl([.. s_insecure, "--location", "--data", "body", "http://a.org/x"]));
        Assert.Contains("strict-transport-security: max-age=31536000; includeSubDomains", net.Curl([.. s_insecure, "-i", "https://a.org/"]), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("-tls1_2", "Protocol  : TLSv1.2")]
    [InlineData("-tls1_3", "New, TLSv1.3")]
    public async Task OpenSsl_IsShownTheCertificateOfTheHost(string version, string expected)
    {
        await using var net = NewNode("a.org");
        net.Start();
        var own = net.Handshake(version, "-servername", "a.org", "-alpn", "h3,http/1.1");
        Assert.Contains(expected, own, StringComparison.Ordinal);
        Assert.Contains("subject=CN = cert", own, StringComparison.Ordinal);
        Assert.Contains("ALPN protocol: http/1.1", own, StringComparison.Ordinal);
        Assert.Contains("subject=CN = Kn Ingress default certificate", net.Handshake(version, "-servername", "b.org"), StringComparison.Ordinal);
        Assert.Contains("subject=CN = Kn Ingress default certificate", net.Handshake(version, "-noservername"), StringComparison.Ordinal);
        Assert.Contains("alert", net.Handshake("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task Sessions_go_on_on_every_thread_and_over_a_restart()
    {
        await using var net = NewNode("a.org");
        net.Start();
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            var file = $"{net.Folder}/session{version}";
            Assert.Contains("New, TLSv1", Session(net, version, "-sess_out", file), StringComparison.Ordinal);
            for (var round = 0; round < 10; round++)
            {
                Assert.Contains("Reused, TLSv1", Session(net, version, "-sess_in", file), StringComparison.Ordinal);
            }
        }

        await net.StopAsync();
        net.Start();
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            Assert.Contains("Reused, TLSv1", Session(net, version, "-sess_in", $"{net.Folder}/session{version}"), StringComparison.Ordinal);
        }

        await net.StopAsync();
        net.Options = net.Options with { Tls = new IngressTlsOptions { SessionTickets = false } };
        net.Start();
        Assert.Contains("New, TLSv1", Session(net, "-tls1_2", "-sess_in", $"{net.Folder}/session-tls1_2"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_change_of_certificate_under_load_fails_no_request()
    {
        await using var net = NewNode("localhost");
        net.Start();
        var kept = net.LoadTlsAsync("localhost", "4s");
        var fresh = net.LoadTlsAsync("localhost", "4s", "-H", "Connection: close");
        var secrets = Enumerable.Range(0, 8).Select(static _ => TestCertificates.Secret("cert", "localhost")).ToArray();
        var changes = 0;
        for (; !kept.IsCompleted || !fresh.IsCompleted; changes++)
        {
            net.Cache.Apply(ResourceKinds.Secrets, ObjectDelta.Set(secrets[changes % secrets.Length] with { Metadata = secrets[0].Metadata with { ResourceVersion = $"{changes}" } }));
            await Task.Delay(2);
        }

        Assert.True(changes > 100);
        ModuleTests.AssertNoFailure(await kept);
        ModuleTests.AssertNoFailure(await fresh);
    }

    [Fact]
    public async Task Secret_ThatComesLater_IsShown_AndTheDefaultWhenItGoes()
    {
        await using var net = NewNode("a.org");
        net.Start();
        net.Cache.Apply(ResourceKinds.Secrets, ObjectDelta.Gone(new Kubernetes.Objects.ObjectKey("ns", "cert")));
        Eventually.True(() => net.Handshake("-servername", "a.org").Contains("subject=CN = Kn Ingress default", StringComparison.Ordinal), "the default certificate is shown");
        Assert.Contains(net.Context.Status.Read().Parts, static part => part.Problems.Any(static problem => problem.Message.Contains("Secret ns/cert does not exist", StringComparison.Ordinal)));
        net.Cache.Apply(ResourceKinds.Secrets, ObjectDelta.Set(TestCertificates.Secret("cert", "a.org")));
        Eventually.True(() => net.Handshake("-servername", "a.org").Contains("subject=CN = cert", StringComparison.Ordinal), "the certificate is shown");
    }

    [Fact]
    public async Task DefaultCertificate_IsThatOfTheConfig()
    {
        await using var net = NewNode("a.org");
        var (certificate, key) = TestCertificates.Make("of a file");
        await File.WriteAllTextAsync($"{net.Folder}/tls.crt", certificate);
        await File.WriteAllTextAsync($"{net.Folder}/tls.key", key);
        net.Options = net.Options with { Tls = new IngressTlsOptions { CertificateFile = $"{net.Folder}/tls.crt", KeyFile = $"{net.Folder}/tls.key" } };
        net.Start();
        Eventually.True(() => net.Handshake("-servername", "b.org").Contains("subject=CN = of a file", StringComparison.Ordinal), "the file's certificate is shown");
        await net.StopAsync();
        net.Options = net.Options with { Tls = new IngressTlsOptions { DefaultCertificate = "ns/cert" } };
        net.Start();
        Assert.Contains("subject=CN = cert", net.Handshake("-servername", "b.org"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public async Task A_restart_refuses_no_connection_of_HTTPS()
    {
        using var manager = new ServiceManager();
        await using var net = NewNode("a.org");
        net.Stored = manager.NextProcess();
        net.Start();
        var answers = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        var asking = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                answers.Enqueue(net.Curl([.. s_insecure, "https://a.org/"]));
            }
        });
        Eventually.True(() => answers.Count > 10, "requests are answered");
        await net.StopAsync();
        net.Stored = manager.NextProcess();
        net.Start();
        var before = answers.Count;
        Eventually.True(() => answers.Count > before + 10, "requests are answered by the next process");
        await stop.CancelAsync();
        await asking;
        Assert.All(answers, static answer => Assert.StartsWith("first ", answer, StringComparison.Ordinal));
    }

    private static IngressNode NewNode(string host) => new(
        Build.Ingress("web", Build.Rule(host, Build.Prefix("/"))) with { Tls = [new([host], "cert")] },
        TestCertificates.Secret("cert", host), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));

    /// <summary>A handshake and a request: tickets of TLS 1.3 come after the handshake.</summary>
    private static string Session(IngressNode net, string version, string option, string file)
    {
        var result = Tool.Try(
            "ip", ["netns", "exec", net.Space.Name, "openssl", "s_client", "-connect", "127.0.0.1:443", "-servername", "a.org", "-ign_eof", version, option, file],
            "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n");
        Assert.Contains("HTTP/1.1 200 OK", result.Output, StringComparison.Ordinal);
        return result.Output;
    }
}
