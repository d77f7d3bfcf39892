using Kn.Kubernetes.Cache;
using Kn.NetnsTests;
using Kn.Routes.Pieces;

namespace Kn.Routes.NetnsTests;

/// <summary>What somebody else removes or changes comes back, by notifications: the loop's own timer is ten minutes. Needs root.</summary>
public sealed class DriftTests : IAsyncLifetime, IDisposable
{
    private static readonly string Mac2 = Vtep.MacOf("n2").ToString();
    private static readonly string LinkLocal2 = Vtep.LinkLocalOf(Vtep.MacOf("n2")).ToString();

    private static readonly string[] Whole =
    [
        "10.244.3.0/24 via 192.0.2.3 dev up0 metric 512", "fd00:244:3::/64 via 2001:db8::3 dev up0 metric 512",
        "10.244.2.0/24 via 10.244.2.0 dev kn-vxlan metric 512 onlink", $"fd00:244:2::/64 via {LinkLocal2} dev kn-vxlan metric 512",
        "unreachable 10.244.1.0/24", "unreachable fd00:244:1::/64",
        $"{Mac2} dev kn-vxlan dst 198.51.100.2 self permanent", $"10.244.2.0 dev kn-vxlan lladdr {Mac2} PERMANENT", $"{LinkLocal2} dev kn-vxlan lladdr {Mac2} PERMANENT",
        "inet 10.244.1.0/32", "inet6 fd00:244:1::/128",
        "vxlan id 75 local 192.0.2.1 ", "dstport 4789", "mtu 1450", "link/ether " + Vtep.MacOf("n1"),
    ];

    private readonly ClusterCache _cache = new();
    private readonly RoutedNode _node;

    public DriftTests()
    {
        _cache.Watch(ResourceKinds.Nodes);
        _cache.Replace(ResourceKinds.Nodes,
        [
            RoutedNode.Node("n1", 1, "192.0.2.1", "2001:db8::1"),
            RoutedNode.Node("n2", 2, "198.51.100.2", "2001:db8:9::2"),
            RoutedNode.Node("n3", 3, "192.0.2.3", "2001:db8::3"),
        ]);
        _node = new RoutedNode("n1", _cache);
        _node.AddUnderlay("192.0.2.1/24", "2001:db8::1/64");
        _node.Start();
        _node.Shows(Whole);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _node.StopAsync();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("route del 10.244.3.0/24")]
    [InlineData("-6 route del fd00:244:3::/64")]
    [InlineData("route del 10.244.2.0/24")]
    [InlineData("-6 route del fd00:244:2::/64")]
    [InlineData("route del unreachable 10.244.1.0/24")]
    [InlineData("-6 route del unreachable fd00:244:1::/64")]
    [InlineData("route flush proto 75")]
    [InlineData("route replace 10.244.3.0/24 via 192.0.2.9 metric 512")]
    [InlineData("route replace 10.244.3.0/24 via 192.0.2.9 metric 512 proto 75")]
    [InlineData("route replace 10.244.2.0/24 via 192.0.2.9 metric 512 proto 75")]
    [InlineData("route change 10.244.3.0/24 via 192.0.2.3 metric 512 proto 75 mtu 600")]
    [InlineData("-6 route replace fd00:244:3::/64 via 2001:db8::9 metric 512 proto 75")]
    [InlineData("link del kn-vxlan")]
    [InlineData("link set kn-vxlan down")]
    [InlineData("link set kn-vxlan mtu 1300")]
    [InlineData("link set kn-vxlan address 02:00:00:00:00:99")]
    [InlineData("link set kn-vxlan type vxlan local 192.0.2.77")]
    [InlineData("addr flush dev kn-vxlan")]
    [InlineData("addr del 10.244.1.0/32 dev kn-vxlan")]
    [InlineData("neigh flush dev kn-vxlan nud permanent")]
    [InlineData("neigh del 10.244.2.0 dev kn-vxlan")]
    [InlineData("neigh replace 10.244.2.0 lladdr 02:00:00:00:00:99 dev kn-vxlan nud permanent")]
    [InlineData("neigh change 10.244.2.0 dev kn-vxlan nud stale")]
    [InlineData("bridge fdb flush dev kn-vxlan")]
    [InlineData("bridge fdb replace MAC2 dev kn-vxlan dst 198.51.100.99 self permanent")]
    [InlineData("link set up0 down; link set up0 up; addr add 2001:db8::1/64 dev up0 nodad")]
    [InlineData("addr flush dev up0; addr add 192.0.2.1/24 dev up0; addr add 2001:db8::1/64 dev up0 nodad")]
    public void WhatSomebodyElseTakesAway_ComesBack(string commands)
    {
        var resyncs = _node.Metric("kn_reconcile_resyncs_total");
        foreach (var command in commands.Replace("MAC2", Mac2, StringComparison.Ordinal).Split("; "))
        {
            var words = command.Split(' ');
            _ = words[0] == "bridge" ? Tool.Run("bridge", ["-n", _node.Space.Name, .. words[1..]]) : _node.Space.Ip(words);
        }

        Eventually.True(() => _node.Metric("kn_reconcile_resyncs_total") > resyncs, $"'{commands}' is noticed");
        _node.Shows(Whole);
        Assert.Equal(0, _node.Metric("kn_reconcile_failures_total"));
    }

    [Theory]
    [InlineData("route add 10.244.8.0/24 via 192.0.2.8 proto 75 metric 512", "10.244.8.0")]
    [InlineData("addr add 10.9.9.9/32 dev kn-vxlan", "10.9.9.9")]
    [InlineData("neigh add 10.9.9.9 lladdr 02:00:00:00:00:99 dev kn-vxlan nud permanent", "10.9.9.9")]
    [InlineData("bridge fdb add 02:00:00:00:00:99 dev kn-vxlan dst 198.51.100.99 self permanent", "02:00:00:00:00:99")]
    [InlineData("bridge fdb append 00:00:00:00:00:00 dev kn-vxlan dst 198.51.100.99 self permanent", "198.51.100.99")]
    public void WhatSomebodyElseAddsUnderOurName_Goes(string command, string text)
    {
        var words = command.Split(' ');
        _ = words[0] == "bridge" ? Tool.Run("bridge", ["-n", _node.Space.Name, .. words[1..]]) : _node.Space.Ip(words);
        _node.ShowsNot(text);
        _node.Shows(Whole);
    }

    /// <summary>A busy node has many of these; none of them is our business.</summary>
    [Fact]
    public void OthersBusiness_IsNotReadAfter()
    {
        _node.IsReady();
        var resyncs = _node.Metric("kn_reconcile_resyncs_total");
        _node.Space.Ip("link", "add", "pod0", "group", "75", "type", "veth", "peer", "name", "pod1");
        _node.Space.Ip("link", "set", "pod0", "up");
        _node.Space.Ip("link", "set", "pod1", "up");
        _node.Space.Ip("route", "add", "10.244.1.5/32", "dev", "pod0", "proto", "75");
        _node.Space.Ip("route", "del", "10.244.1.5/32");
        _node.Space.Ip("route", "add", "203.0.113.0/24", "via", "192.0.2.9");
        _node.Space.Ip("neigh", "add", "192.0.2.9", "lladdr", "02:00:00:00:00:09", "dev", "up0", "nud", "permanent");
        _node.Space.Ip("link", "del", "pod0");
        _node.Space.Ip("route", "del", "10.244.3.0/24");
        Eventually.True(() => _node.Metric("kn_reconcile_resyncs_total") > resyncs, "the last is ours");
        _node.Shows(Whole);
        Assert.Equal(resyncs + 1, _node.Metric("kn_reconcile_resyncs_total"));
    }
}
