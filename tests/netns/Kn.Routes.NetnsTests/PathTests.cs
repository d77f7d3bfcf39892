using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Routes.NetnsTests;

/// <summary>Packets between pods of three nodes on two segments with a router between. Needs root.</summary>
public sealed class PathTests : IAsyncLifetime, IDisposable
{
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];
    private readonly TwoSegments _net = new(podMtu: 1500);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _net.StopAsync();

    public void Dispose() => _net.Dispose();

    [Theory]
    [InlineData(RoutesMode.Auto, VxlanUnderlay.Ipv4)]
    [InlineData(RoutesMode.Auto, VxlanUnderlay.Ipv6)]
    [InlineData(RoutesMode.Vxlan, VxlanUnderlay.Ipv4)]
    [InlineData(RoutesMode.Vxlan, VxlanUnderlay.Ipv6)]
    public async Task EveryPairOfPods_IsConnected_AndTheSourceIsKept(RoutesMode mode, VxlanUnderlay underlay)
    {
        Start(mode, underlay);
        foreach (var family in Families)
        {
            foreach (var from in (int[])[1, 2, 3])
            {
                foreach (var to in ((int[])[1, 2, 3]).Where(to => to != from))
                {
                    Assert.Equal((100_000, TwoSegments.PodAddress(from, family)), await _net.SendAsync(_net.PodNamespace(from), to, family, 100_000));
                }
            }
        }
    }

    /// <summary>What a node itself sends by the tunnel comes from an address that is answered by the tunnel.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4)]
    [InlineData(VxlanUnderlay.Ipv6)]
    public async Task NodeItself_ReachesPodsOfOtherNodes_ByTheTunnelsAddress(VxlanUnderlay underlay)
    {
        Start(RoutesMode.Auto, underlay);
        foreach (var node in _net.Nodes)
        {
            // Strict reverse-path filtering, as some distributions have it.
            node.Space.Exec("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
        }

        foreach (var (family, own) in ((IpFamily, string)[])[(IpFamily.V4, "10.244.1.0"), (IpFamily.V6, "fd00:244:1::")])
        {
            Assert.Equal((100_000, IpAddress.Parse(own)), await _net.SendAsync(_net.Nodes[0].Space.Namespace, 2, family, 100_000));
        }

        Assert.Equal((100_000, IpAddress.Parse("192.0.0.1")), await _net.SendAsync(_net.Nodes[0].Space.Namespace, 3, IpFamily.V4, 100_000));
    }

    /// <summary>The pod's link is larger than the tunnel's: the node says how large a packet may be, at once.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4, "10.244.2.5", "1450")]
    [InlineData(VxlanUnderlay.Ipv4, "fd00:244:2::5", "1450")]
    [InlineData(VxlanUnderlay.Ipv6, "10.244.2.5", "1430")]
    [InlineData(VxlanUnderlay.Ipv6, "fd00:244:2::5", "1430")]
    public async Task PacketTooLargeForTheTunnel_IsAnsweredWithIcmp_ByTheNode(VxlanUnderlay underlay, string target, string mtu)
    {
        Start(RoutesMode.Auto, underlay);
        var (_, output, _) = Tool.Try("ip", ["netns", "exec", _net.Pod(1).Name, "ping", "-M", "do", "-c", "1", "-W", "2", "-s", "1452", target]);
        Assert.Matches($"(Frag needed and DF set|Packet too big).*mtu ?= ?{mtu}", output);
        Assert.Contains($"mtu {mtu}", _net.Pod(1).Ip("route", "get", target), StringComparison.Ordinal);
        Assert.Equal(3_000_000, (await _net.SendAsync(_net.PodNamespace(1), 2, IpAddress.Parse(target).Family, 3_000_000)).Received);
    }

    /// <summary>The underlay carries less than the nodes' links promise: the router tells the node, the node the pod.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4, "10.244.2.5", "1350")]
    [InlineData(VxlanUnderlay.Ipv4, "fd00:244:2::5", "1350")]
    [InlineData(VxlanUnderlay.Ipv6, "10.244.2.5", "1330")]
    [InlineData(VxlanUnderlay.Ipv6, "fd00:244:2::5", "1330")]
    public async Task UnderlaySmallerThanExpected_IsNoBlackHole(VxlanUnderlay underlay, string target, string mtu)
    {
        Start(RoutesMode.Auto, underlay);
        _net.SetSegmentMtu(1, 1400);
        var family = IpAddress.Parse(target).Family;
        Assert.Equal((3_000_000, TwoSegments.PodAddress(1, family)), await _net.SendAsync(_net.PodNamespace(1), 2, family, 3_000_000));
        Assert.Contains($"mtu {mtu}", _net.Pod(1).Ip("route", "get", target), StringComparison.Ordinal);
    }

    /// <summary>Another mode while pods talk: the connection goes on by the other way.</summary>
    [Fact]
    public async Task ChangeOfMode_IsSurvivedByAConnection()
    {
        Start(RoutesMode.Auto, VxlanUnderlay.Auto);
        var sending = _net.SendAsync(_net.PodNamespace(1), 3, IpFamily.V6, 300_000_000);
        await _net.StopAsync();
        Start(RoutesMode.Vxlan, VxlanUnderlay.Auto);
        Assert.Equal(300_000_000, (await sending).Received);
        _net.Nodes[0].Shows("10.244.3.0/24 via 10.244.3.0 dev kn-vxlan");
    }

    private void Start(RoutesMode mode, VxlanUnderlay underlay) =>
        _net.Start(new RoutesOptions { Mode = mode, Vxlan = new VxlanOptions { Underlay = underlay } });
}
