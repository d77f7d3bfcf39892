using System.Collections.Concurrent;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Another layout of the table, and a table that somebody deleted, under new and open connections. Needs root.</summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;

    public UpgradeTests() => _socket = NftSocket.Open(_net.Node);

    [Fact]
    [Conformance("services", "Changes")]
    public async Task AnotherLayout_ReplacesTheTable_AndNoConnectionIsLostOrRefused()
    {
        await NewLoop(new ServiceProxyOptions()).ResyncAsync(Web());
        using var open = TestNet.Open(_net.Pods[1], "10.96.0.10", 80);
        var answer = TestNet.AskAgain(open);
        var failures = new ConcurrentBag<string>();
        using var stop = new CancellationTokenSource();
        var client = new Thread(() => ConnectUntil(failures, stop.Token));
        client.Start();
        for (var turn = 0; turn < 30; turn++)
        {
            var options = new ServiceProxyOptions { MasqueradeAll = turn % 2 == 0 };
            Assert.NotEqual(0, await NewLoop(options).ResyncAsync(Web()));
            Assert.StartsWith("p", TestNet.Ask(_net.Outside, "192.168.50.1", 30080), StringComparison.Ordinal);
        }

        await stop.CancelAsync();
        client.Join();
        Assert.Empty(failures);
        Assert.Equal(answer, TestNet.AskAgain(open));
    }

    [Fact]
    public async Task FlushBySomebodyElse_BreaksNoConnection_AndNewOnesAreServedAgain()
    {
        await using var module = new ModuleRun(_net, Web().Services.Concat<Kubernetes.Objects.KubernetesObject>(Web().EndpointSlices));
        await module.StartAsync();
        using var open = TestNet.Open(_net.Pods[1], "10.96.0.10", 80);
        using var outside = TestNet.Open(_net.Outside, "192.168.50.1", 30080);
        var answers = (TestNet.AskAgain(open), TestNet.AskAgain(outside));
        for (var turn = 0; turn < 5; turn++)
        {
            var changes = _socket.GenerationId;
            _net.OnNode("nft", "delete", "table", "inet", "kn-proxy");
            Eventually.True(() => _socket.GenerationId >= changes + 2 && TestNet.Ask(_net.Pods[0], "10.96.0.10", 80).StartsWith('p'), "the table is back");
            Assert.Equal(answers, (TestNet.AskAgain(open), TestNet.AskAgain(outside)));
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private static ClusterSnapshot Web() => Cluster(
        Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort" },
        Slice("web", "a", To(TestNet.Port), At("10.244.1.11", "n1"), At("10.244.1.12", "n1"), At("10.244.1.13", "n1")));

    private TestLoop NewLoop(ServiceProxyOptions options) => new(new NftProxyTable(_socket, options), ThisNode with { Options = options });

    private void ConnectUntil(ConcurrentBag<string> failures, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var answer = TestNet.Ask(_net.Pods[0], "10.96.0.10", 80);
            if (!answer.StartsWith('p'))
            {
                failures.Add(answer);
            }
        }
    }
}
