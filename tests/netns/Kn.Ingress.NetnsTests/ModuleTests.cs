using System.Collections.Concurrent;
using Kn.Dns.NetnsTests;
using Kn.Ingress.Tests;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;

namespace Kn.Ingress.NetnsTests;

/// <summary>The module, real clients and real servers. Needs root, curl, wrk and nginx.</summary>
public sealed class ModuleTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("[::1]", "::1")]
    public async Task Curl_GetsThroughByEitherFamily(string node, string pod)
    {
        await using var net = new IngressNode(
            Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/x"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First, address: pod));
        net.Start();
        Assert.Equal($"first GET /x/y {node.Trim('[', ']')} http\n", net.Curl("-H", "Host: a.org", $"http://{node}/x/y"));
        Assert.Equal("404", net.Curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: a.org", $"http://{node}/z"));
        Assert.Equal("404", net.Curl("-o", "/dev/null", "-w", "%{http_code}", $"http://{node}/x"));
    }

    [Fact]
    public async Task Changes_ReachRequests()
    {
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));
        net.Start();
        Assert.StartsWith("first ", net.Curl("-H", "Host: a.org", "http://127.0.0.1/"), StringComparison.Ordinal);
        net.Cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(IngressNode.Endpoints(IngressNode.Second)));
        Eventually.True(() => net.Curl("-H", "Host: a.org", "http://127.0.0.1/").StartsWith("second ", StringComparison.Ordinal), "the endpoints follow");
        net.Cache.Apply(ResourceKinds.Ingresses, ObjectDelta.Set(Build.Ingress("web", Build.Rule("b.org", Build.Prefix("/")))));
        Eventually.True(() => net.Curl("-H", "Host: b.org", "http://127.0.0.1/").StartsWith("second ", StringComparison.Ordinal), "the host follows");
        Assert.Equal("404", net.Curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: a.org", "http://127.0.0.1/"));
        net.Cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Gone(new ObjectKey("ns", "web")));
        Eventually.True(() => net.Curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: b.org", "http://127.0.0.1/") == "503", "no endpoints are left");
    }

    [Fact]
    public async Task LargeUploads_ArriveWhole_WithAndWithoutLength_AndWithContinue()
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
            foreach (var more in (string[][])[[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]])
            {
                Assert.Equal("201", net.Curl(["-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: a.org", "-T", file, .. more, $"http://127.0.0.1/put/{more.Length}-{Guid.NewGuid()}"]));
            }

            var name = Guid.NewGuid();
            net.Curl("-H", "Host: a.org", "-T", file, $"http://127.0.0.1/put/{name}");
            net.Curl("-H", "Host: a.org", "-o", copy, $"http://127.0.0.1/put/{name}");
            Assert.Equal(content, await File.ReadAllBytesAsync(copy));
        }
        finally
        {
            File.Delete(file);
            File.Delete(copy);
        }
    }

    [Fact]
    public async Task UnderLoad_ChangesOfEverything_FailNoRequest()
    {
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First));
        net.Start();
        var load = net.LoadAsync("a.org", "4s");
        for (var round = 0; !load.IsCompleted; round++)
        {
            net.Cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(IngressNode.Endpoints(round % 2 == 0 ? IngressNode.Second : IngressNode.First)));
            net.Cache.Apply(ResourceKinds.Ingresses, ObjectDelta.Set(Build.Ingress($"other{round % 50}", Build.Rule($"o{round}.org", Build.Prefix("/")))));
            net.Cache.Apply(ResourceKinds.Ingresses, ObjectDelta.Set(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"), Build.Prefix($"/n{round}")))));
            await Task.Delay(2);
        }

        AssertNoFailure(await load);
    }

    [Fact]
    public async Task Restart_RefusesNoConnection()
    {
        using var manager = new ServiceManager();
        await using var net = new IngressNode(Build.Ingress("web", Build.Rule("a.org", Build.Prefix("/"))), IngressNode.WebService(), IngressNode.Endpoints(IngressNode.First))
        {
            Stored = manager.NextProcess(),
        };
        net.Start();
        var answers = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        var asking = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                answers.Enqueue(net.Curl("-H", "Host: a.org", "http://127.0.0.1/"));
            }
        });
        Eventually.True(() => answers.Count > 10, "requests are answered");
        await net.StopAsync();
        Assert.Equal(
            ["ingress-tcp-0.0.0.0-443-0", "ingress-tcp-0.0.0.0-443-1", "ingress-tcp-0.0.0.0-80-0", "ingress-tcp-0.0.0.0-80-1", "ingress-tcp-__-443-0", "ingress-tcp-__-443-1", "ingress-tcp-__-80-0", "ingress-tcp-__-80-1"],
            manager.Kept.Order(StringComparer.Ordinal));
        net.Stored = manager.NextProcess();
        net.Start();
        var before = answers.Count;
        Eventually.True(() => answers.Count > before + 10, "requests are answered by the next process");
        await stop.CancelAsync();
        await asking;
        Assert.All(answers, static answer => Assert.StartsWith("first ", answer, StringComparison.Ordinal));
    }

    internal static void AssertNoFailure(string output)
    {
        Assert.Contains("requests in", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", output, StringComparison.Ordinal);
    }
}
