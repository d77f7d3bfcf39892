using Kn.Ingress.Tests;
using Kn.NetnsTests;

namespace Kn.Ingress.NetnsTests;

/// <summary>Real clients of HTTP/2. Needs root, curl, nghttp, h2load and nginx.</summary>
public sealed class Http2Tests
{
    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Curl_and_nghttp_ask_by_HTTP_2_with_prior_knowledge_and_are_answered()
    {
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));
        net.Start();
        Assert.Equal("first GET /x 127.0.0.1 http\n2", net.Curl("--http2-prior-knowledge", "-w", "%{http_version}", "-H", "Host: a.org", "http://127.0.0.1/x"));
        Assert.Contains("first GET /y 127.0.0.1 http", net.Space.Exec("nghttp", "-H", ":authority: a.org", "http://127.0.0.1/y"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Large_bodies_of_curl_by_HTTP_2_arrive_whole()
    {
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));
        net.Start();
        var file = Path.GetTempFileName();
        var copy = Path.GetTempFileName();
        try
        {
            var content = new byte[20 << 20];
            new Random(3).NextBytes(content);
            await File.WriteAllBytesAsync(file, content);
            var name = Guid.NewGuid();
            Assert.Equal("201", net.Curl("--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: a.org", "-T", file, $"http://127.0.0.1/put/{name}"));
            net.Curl("--http2-prior-knowledge", "-H", "Host: a.org", "-o", copy, $"http://127.0.0.1/put/{name}");
            Assert.Equal(content, await File.ReadAllBytesAsync(copy));
        }
        finally
        {
            File.Delete(file);
            File.Delete(copy);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 1)]
    [InlineData(4, 100)]
    public async Task H2load_FailsNoRequest(int clients, int streams)
    {
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));
        net.Start();
        var output = net.Space.Exec("h2load", "-n", "20000", "-c", $"{clients}", "-m", $"{streams}", "-H", ":authority: a.org", "http://127.0.0.1/");
        Assert.Contains("20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout", output, StringComparison.Ordinal);
        Assert.Contains("20000 2xx", output, StringComparison.Ordinal);
    }
}
