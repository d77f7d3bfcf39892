using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes.NetnsTests;

/// <summary>Tunnels to nodes behind a router against the kernel. Needs root.</summary>
public sealed class VxlanTests : IAsyncLifetime, IDisposable
{
    private static readonly string Mac2 = Vtep.MacOf("n2").ToString();
    private static readonly string LinkLocal2 = Vtep.LinkLocalOf(Vtep.MacOf("n2")).ToString();
    private readonly ClusterCache _cache = new();
    private readonly RoutedNode _node;

    public VxlanTests()
    {
        _cache.Watch(ResourceKinds.Nodes);
        _node = new RoutedNode("n1", _cache);
        _node.AddUnderlay("192.0.2.1/24", "2001:db8::1/64");
        _node.Space.Ip("route", "add", "default", "via", "192.0.2.254");
        _node.Space.Ip("route", "add", "default", "via", "2001:db8::ff");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _node.StopAsync();

    public void Dispose() => _node.Dispose();

    private static Node Self => RoutedNode.Node("n1", 1, "192.0.2.1", "2001:db8::1");

    private static Node Far(int number) => RoutedNode.Node($"n{number}", number, $"198.51.100.{number}", $"2001:db8:9::{number}");

    [Fact]
    public void NodeBehindARouter_IsReachedByATunnel_ProgrammedWhole()
    {
        Start(Self, Far(2), RoutedNode.Node("n3", 3, "192.0.2.3", "2001:db8::3"));
        _node.Shows(
            "vxlan id 75 local 192.0.2.1 ",
            "nolearning",
            "dstport 4789",
            "df inherit",
            "noudpcsum",
            "mtu 1450",
            "link/ether " + Vtep.MacOf("n1"),
            "inet 10.244.1.0/32 scope global kn-vxlan",
            "inet6 fd00:244:1::/128 scope global",
            $"{Mac2} dev kn-vxlan dst 198.51.100.2 self permanent",
            $"10.244.2.0 dev kn-vxlan lladdr {Mac2} PERMANENT",
            $"{LinkLocal2} dev kn-vxlan lladdr {Mac2} PERMANENT",
            "10.244.2.0/24 via 10.244.2.0 dev kn-vxlan metric 512 onlink",
            $"fd00:244:2::/64 via {LinkLocal2} dev kn-vxlan metric 512",
            "10.244.3.0/24 via 192.0.2.3 dev up0");
        Assert.Equal(50u, _node.Context.Encapsulation.Bytes);
        Assert.Equal(1, _node.Metric("""kn_routes_installed{family="ipv6",way="vxlan"}"""));
        Assert.Equal(1450, _node.Metric("""kn_routes_vxlan_mtu_bytes{family="ipv4"}"""));
        Assert.Equal("1", _node.Space.Exec("cat", "/proc/sys/net/ipv4/ip_forward_use_pmtu").Trim());
        Assert.Equal("2 podCIDRs", _node.Context.Status.Read().Facts.Find("vxlan"));
        Assert.Equal("from 192.0.2.1 MTU 1450 VNI 75 port 4789", _node.Context.Status.Read().Facts.Find("kn-vxlan"));
        Assert.Empty(_node.Problems);
    }

    [Fact]
    public void TunnelTakesPacketsFromNodesOnly_WhileThereIsOne()
    {
        Start(Self, Far(2));
        Shows("elements = { 192.0.2.1, 198.51.100.2 }", "@th,96,24 0x4b goto received");
        _cache.Apply(ResourceKinds.Nodes, ObjectDelta.Set(Far(3)));
        Shows("198.51.100.3");
        _node.Space.Exec("nft", "flush", "set", "inet", "kn-routes", "nodes4");
        Shows("198.51.100.3");
        _node.Space.Exec("nft", "delete", "table", "inet", "kn-routes");
        Shows("198.51.100.3");
        _cache.Replace(ResourceKinds.Nodes, [Self, RoutedNode.Node("n2", 2, "192.0.2.2", "2001:db8::2")]);
        Eventually.True(() => !Table().Contains("received", StringComparison.Ordinal), "what concerns tunnels goes with the last one");
    }

    private string Table() => Tool.Try("ip", ["netns", "exec", _node.Space.Name, "nft", "list", "table", "inet", "kn-routes"]).Output;

    private void Shows(params string[] texts) => Eventually.True(() => texts.All(text => Table().Contains(text, StringComparison.Ordinal)), $"kn-routes has {string.Join(", ", texts)}");

    [Fact]
    public void IPv6Underlay_HasALinkOfItsOwn()
    {
        Start(Self, RoutedNode.Node("n2", 2, "2001:db8:9::2"), Far(3));
        _node.Shows(
            "kn-vxlan6",
            "local 2001:db8::1",
            "mtu 1430",
            $"{Mac2} dev kn-vxlan6 dst 2001:db8:9::2 self permanent",
            "10.244.2.0/24 via 10.244.2.0 dev kn-vxlan6",
            $"fd00:244:2::/64 via {LinkLocal2} dev kn-vxlan6",
            "10.244.3.0/24 via 10.244.3.0 dev kn-vxlan ");
        Assert.Equal(70u, _node.Context.Encapsulation.Bytes);
    }

    [Fact]
    public void TunnelThatNobodyNeedsAnyMore_Goes()
    {
        Start(Self, Far(2));
        _node.Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan");
        Set(RoutedNode.Node("n2", 2, "192.0.2.2", "2001:db8::2"));
        _node.Shows("10.244.2.0/24 via 192.0.2.2 dev up0", "fd00:244:2::/64 via 2001:db8::2 dev up0");
        _node.ShowsNot("vxlan");
        Assert.Equal(0u, _node.Context.Encapsulation.Bytes);
        Set(Far(2));
        _node.Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan", $"{LinkLocal2} dev kn-vxlan lladdr");
    }

    [Fact]
    public void ReaddressedNodes_AreFollowed_WithoutANewLink()
    {
        Start(Self, Far(2));
        _node.Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan");
        var index = Index();
        Set(RoutedNode.Node("n2", 2, "198.51.100.77"));
        _node.Shows($"{Mac2} dev kn-vxlan dst 198.51.100.77 self permanent");
        _node.ShowsNot("dst 198.51.100.2 ");
        _node.AddAddresses("up0", "192.0.2.111/24");
        Set(RoutedNode.Node("n1", 1, "192.0.2.111"));
        _node.Shows("local 192.0.2.111 ");
        _node.Space.Ip("link", "set", "up0", "mtu", "1400");
        _node.Shows("mtu 1350");
        Assert.Equal(index, Index());
    }

    [Fact]
    public void OwnPodCidr_ThatComesLate_OrChanges_IsTheTunnelsAddress()
    {
        Start(Self with { PodCidrs = [] }, Far(2));
        _node.Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan");
        Set(Self);
        _node.Shows("inet 10.244.1.0/32", "inet6 fd00:244:1::/128");
        Set(RoutedNode.Node("n1", 7, "192.0.2.1", "2001:db8::1"));
        _node.Shows("inet 10.244.7.0/32", "inet6 fd00:244:7::/128");
        _node.ShowsNot("inet 10.244.1.0/32", "inet6 fd00:244:1::/128");
    }

    [Theory]
    [InlineData(RoutesMode.Auto)]
    [InlineData(RoutesMode.Direct)]
    [InlineData(RoutesMode.Vxlan)]
    [InlineData(RoutesMode.None)]
    public async Task AnotherMode_LeavesNothingOfTheOneBefore(RoutesMode now)
    {
        Node[] nodes = [Self, Far(2), RoutedNode.Node("n3", 3, "192.0.2.3", "2001:db8::3")];
        Start(new RoutesOptions { Mode = now }, nodes);
        _node.IsReady();
        var wanted = Lines();
        await _node.StopAsync();
        await _node.CleanUpAsync();
        Assert.Empty(Lines());
        foreach (var before in Enum.GetValues<RoutesMode>())
        {
            Start(new RoutesOptions { Mode = before, Metric = 77, Vxlan = new VxlanOptions { Vni = 9 } }, nodes);
            _node.IsReady();
            await _node.StopAsync();
            Start(new RoutesOptions { Mode = now }, nodes);
            _node.IsReady();
            Assert.Equal(wanted, Lines());
            await _node.StopAsync();
        }

        await _node.CleanUpAsync();
        await _node.CleanUpAsync();
        Assert.Empty(Lines());
    }

    [Fact]
    public async Task Restart_ChangesNothing()
    {
        Start(Self, Far(2), RoutedNode.Node("n3", 3, "192.0.2.3", "2001:db8::3"), RoutedNode.Node("n4", 4, "2001:db8:9::4"));
        _node.Shows("10.244.4.0/24 via 10.244.4.0 dev kn-vxlan6");
        await _node.StopAsync();
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.All, _node.Space.Namespace);
        _node.Start();
        _node.IsReady();
        Assert.Equal(0, _node.Metric("kn_reconcile_changes_total"));
        _node.Space.Ip("route", "add", "203.0.113.0/24", "dev", "up0");
        await foreach (var change in monitor.ReadAllAsync(CancellationToken.None))
        {
            if (change is RouteChangeEvent { Route.Destination: var destination } && destination == IpPrefix.Parse("203.0.113.0/24"))
            {
                break;
            }

            Assert.False(change is RouteChangeEvent or FdbEvent or AddressEvent or LinkEvent, $"{change}");
        }
    }

    /// <summary>Nodes on the segment are served though the tunnel cannot be had; it is as soon as it can.</summary>
    [Fact]
    public void VniOfAnother_IsAClearError_AndKeepsOnlyTheTunnelAway()
    {
        _node.Space.Ip("link", "add", "other0", "type", "vxlan", "id", "75", "dstport", "4789", "nolearning");
        Start(Self, Far(2), RoutedNode.Node("n3", 3, "192.0.2.3", "2001:db8::3"));
        _node.Shows("10.244.3.0/24 via 192.0.2.3 dev up0", "fd00:244:3::/64 via 2001:db8::3 dev up0", "unreachable 10.244.1.0/24");
        Eventually.True(
            () => _node.Context.Status.Read().Parts.Any(static part => part.Error?.Contains("create vxlan kn-vxlan", StringComparison.Ordinal) == true), "the error is told");
        Assert.DoesNotContain("kn-vxlan", _node.Shown, StringComparison.Ordinal);
        _node.Space.Ip("link", "del", "other0");
        _node.Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan", $"{Mac2} dev kn-vxlan dst 198.51.100.2 self permanent");
        _node.IsReady();
    }

    [Fact]
    public void OneChangedNode_IsPlannedAlone_AndItsChangeIsNoDrift()
    {
        Start([Self, .. Enumerable.Range(2, 200).Select(Far)]);
        _node.Shows("10.244.200.0/24 via 10.244.200.0 dev kn-vxlan");
        _node.IsReady();
        var resyncs = _node.Metric("kn_reconcile_resyncs_total");
        Set(Far(50) with { PodCidrs = [IpPrefix.Parse("10.99.0.0/24"), IpPrefix.Parse("fd00:244:50::/64")] });
        _node.Shows("10.99.0.0/24 via 10.99.0.0 dev kn-vxlan");
        Set(Far(50) with { InternalIps = [IpAddress.Parse("198.51.101.50")] });
        _node.Shows("dst 198.51.101.50 self permanent", "10.244.50.0/24 via 10.244.50.0 dev kn-vxlan");
        Eventually.True(() => _node.Metric("kn_reconcile_dirty_keys") is > 0 and < 20, "few keys are planned");
        Assert.Equal(resyncs, _node.Metric("kn_reconcile_resyncs_total"));
        Assert.Equal(0, _node.Metric("kn_routes_repaired_total"));
    }

    private int Index() => (int)_node.Space.IpJson("link", "show", "kn-vxlan")[0]!["ifindex"]!;

    /// <summary>All that is shown, without what differs from run to run.</summary>
    private List<string> Lines() =>
    [
        .. _node.Shown.Split('\n').Select(static line => System.Text.RegularExpressions.Regex.Replace(line, "^[0-9]+: |permaddr [0-9a-f:]+|qlen [0-9]+", "").Trim())
            .Where(static line => line.Length > 0 && !line.StartsWith("33:33", StringComparison.Ordinal) && !line.StartsWith("01:00", StringComparison.Ordinal)
                && !line.Contains("fe80", StringComparison.Ordinal) && !line.StartsWith("valid_lft", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    private void Set(Node node) => _cache.Apply(ResourceKinds.Nodes, ObjectDelta.Set(node));

    private void Start(params Node[] nodes) => Start(new RoutesOptions(), nodes);

    private void Start(RoutesOptions options, params Node[] nodes)
    {
        _cache.Replace(ResourceKinds.Nodes, nodes);
        _node.Start(options);
    }
}
