using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>The module as the host runs it: the cache, the real loop, the kernel. Needs root.</summary>
public sealed class ModuleTests : IAsyncLifetime, IDisposable
{
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;
    private readonly ClusterCache _cache = new();
    private readonly ServiceProxyModule _module;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public ModuleTests()
    {
        _socket = NftSocket.Open(_net.Node);
        _module = NewModule(new ServiceProxyOptions());
        _cache.Watch(ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Nodes, ResourceKinds.ServiceCidrs);
        _cache.Replace(ResourceKinds.Nodes, [N1]);
        _cache.Replace(ResourceKinds.ServiceCidrs, [Cidr]);
        _cache.Replace(ResourceKinds.EndpointSlices, [Endpoints(1, 2, 3)]);
        _cache.Replace(ResourceKinds.Services, [Service("web", 10)]);
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Changes_OfServicesAndSlices_ArriveInTheKernel()
    {
        await StartAsync();
        EventuallyAnswers("p1", "p2", "p3");
        _cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(Endpoints(2)));
        EventuallyAnswers("p2");
        _cache.Replace(ResourceKinds.Services, [Service("other", 20)]);
        Eventually.True(() => Ask() == "ConnectionRefused", "the ClusterIP of a deleted Service refuses");
    }

    [Theory]
    [InlineData("flush", "ruleset")]
    [InlineData("delete", "table", "inet", "kn-proxy")]
    [InlineData("flush", "map", "inet", "kn-proxy", "services4")]
    [InlineData("insert", "rule", "inet", "kn-proxy", "prerouting", "accept")]
    public async Task ForeignChange_IsRepairedByTheLoop_AndConnectionsLive(params string[] nft)
    {
        await StartAsync();
        using var open = TestNet.Open(_net.Pods[0], "10.96.0.10", 80);
        var before = TestNet.AskAgain(open);
        var whole = Table();
        _net.OnNode(["nft", .. nft]);
        Eventually.True(() => Table() == whole, "the table is as before");
        Assert.Equal(before, TestNet.AskAgain(open));
        Assert.StartsWith("p", Ask());
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Stop_LeavesTheTable_AndTheNextRunAdoptsItUntouched()
    {
        await StartAsync();
        using var open = TestNet.Open(_net.Outside, "10.96.0.10", 80);
        var before = TestNet.AskAgain(open);
        await StopAsync();
        var generation = _socket.GenerationId;
        Assert.StartsWith("p", Ask());
        await StartAsync();
        Assert.Equal(generation, _socket.GenerationId);
        Assert.Equal(before, TestNet.AskAgain(open));
        _cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(Endpoints(3)));
        EventuallyAnswers("p3");
        Assert.Equal(before, TestNet.AskAgain(open));
    }

    [Fact]
    public async Task ChangeWhileStopped_IsAppliedAtTheNextStart()
    {
        await StartAsync();
        await StopAsync();
        _cache.Apply(ResourceKinds.EndpointSlices, ObjectDelta.Set(Endpoints(2)));
        await StartAsync();
        EventuallyAnswers("p2");
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task ServiceRoutes_LetANodeWithoutDefaultRouteReachClusterIps()
    {
        _net.OnNode("ip", "route", "del", "10.96.0.0/16");
        _net.OnNode("ip", "-6", "route", "del", "fd00:96::/112");
        Assert.Equal("NetworkUnreachable", TestNet.Ask(_net.Node, "10.96.0.10", 80));
        await StartAsync();
        Assert.StartsWith("p", TestNet.Ask(_net.Node, "10.96.0.10", 80));
        Assert.Contains("10.96.0.0/16 dev lo", _net.OnNode("ip", "route", "show", "proto", "75"));
        Assert.Contains("fd00:96::/112 dev lo", _net.OnNode("ip", "-6", "route", "show", "proto", "75"));
        _cache.Replace(ResourceKinds.ServiceCidrs, [Cidr with { Cidrs = [Cidr.Cidrs[0]] }]);
        Eventually.True(() => _net.OnNode("ip", "-6", "route", "show", "proto", "75") == "", "the route of a prefix that is gone, too");
        _cache.Replace(ResourceKinds.ServiceCidrs, []);
        Eventually.True(() => _net.OnNode("ip", "route", "show", "proto", "75") == "", "no prefix, no route");
    }

    [Fact]
    public async Task ServiceRoutes_OfANodeWhoseAddressIsOnNoLink_AreThereWithoutASource()
    {
        _net.OnNode("ip", "route", "del", "10.96.0.0/16");
        _cache.Replace(ResourceKinds.Nodes, [N1 with { InternalIps = Addresses("198.18.0.1", "fd00:50::1") }]);
        await StartAsync();
        Assert.StartsWith("10.96.0.0/16 dev lo scope link", _net.OnNode("ip", "route", "show", "proto", "75"));
        Assert.StartsWith("p", TestNet.Ask(_net.Node, "10.96.0.10", 80));
    }

    /// <summary>As networkd and NetworkManager do on a reload: told by a notification, not found by the timer of ten minutes.</summary>
    [Fact]
    public async Task ServiceRoutesDeletedBySomebodyElse_ComeBack()
    {
        await StartAsync();
        Eventually.True(() => _net.OnNode("ip", "-6", "route", "show", "proto", "75").Contains("fd00:96::/112 dev lo", StringComparison.Ordinal), "the routes are there");
        foreach (var family in (string[])["-4", "-6"])
        {
            var before = _net.OnNode("ip", family, "route", "show", "proto", "75");
            _net.OnNode("ip", family, "route", "flush", "proto", "75");
            Eventually.True(() => _net.OnNode("ip", family, "route", "show", "proto", "75") == before, $"the routes of ip {family} are back");
        }
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Cleanup_RemovesTableAndRoutes_AndNothingElse_AndMayBeRepeated()
    {
        _net.OnNode("ip", "route", "del", "10.96.0.0/16");
        _net.OnNode("ip", "-6", "route", "del", "fd00:96::/112");
        _net.OnNode("nft", "add", "table", "inet", "somebody");
        var routes = Routes();
        await StartAsync();
        await StopAsync();
        Assert.NotEqual(routes, Routes());
        await CleanupAsync();
        await CleanupAsync();
        Assert.Equal(routes, Routes());
        Assert.Equal("table inet somebody\n", _net.OnNode("nft", "list", "tables"));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task NodePortsOnAllAddresses_FollowTheLinks()
    {
        _cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort" }));
        await StartAsync(NewModule(new ServiceProxyOptions { NodePortAddresses = ["all"] }));
        Assert.StartsWith("p", TestNet.Ask(_net.Outside, "192.168.50.1", 30080));
        _net.OnNode("ip", "addr", "add", "192.168.50.77/24", "dev", "o0");
        Eventually.True(() => TestNet.Ask(_net.Outside, "192.168.50.77", 30080).StartsWith('p'), "the NodePort is served on the new address");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => StopAsync();

    public void Dispose()
    {
        _stop.Dispose();
        _socket.Dispose();
        _net.Dispose();
    }

    private static EndpointSlice Endpoints(params int[] pods) =>
        Slice("web", "a", To(TestNet.Port), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]);

    private ServiceProxyModule NewModule(ServiceProxyOptions options) => new(options) { Inside = _net.Node };

    /// <summary>Everything is opened before the first await, so on the thread that is in the node's namespace.</summary>
    private async Task StartAsync(ServiceProxyModule? module = null)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        var context = NewContext();
        _running = _net.Node.Run(() => (module ?? _module).RunAsync(context, _stop.Token));
        Eventually.True(() => _running.IsCompleted || (context.Status.Read().Parts is { Count: 3 } parts && parts.All(static part => part.Ready)), "all loops have converged");
        if (_running.IsCompleted)
        {
            await _running;
        }
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    private async Task CleanupAsync()
    {
        var context = NewContext();
        await _net.Node.Run(() => _module.CleanupAsync(context, CancellationToken.None));
    }

    private ModuleContext NewContext() => new()
    {
        Node = new NodeOptions { Name = "n1", Cluster = ThisNode.Cluster },
        Cache = _cache,
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus("serviceProxy"),
        PodGates = new PodGates(),
        Time = TimeProvider.System,
    };

    private string Ask() => TestNet.Ask(_net.Pods[0], "10.96.0.10", 80).Split(' ')[0];

    private void EventuallyAnswers(params string[] names) =>
        Eventually.True(() => Enumerable.Range(0, 40).Select(_ => Ask()).Distinct().Order().SequenceEqual(names), string.Join(' ', names));

    /// <summary>What the table does: a Service port that is made anew has another list's number.</summary>
    private string Table() => LogicalTable.Of(new NftProxyTable(_socket, new ServiceProxyOptions()).Read());

    private string Routes() => _net.OnNode("ip", "route") + _net.OnNode("ip", "-6", "route");
}
