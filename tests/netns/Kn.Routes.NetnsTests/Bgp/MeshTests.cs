using Kn.NetnsTests;
using Kn.Primitives;
using Kn.Routes.Bgp.Inspection;

namespace Kn.Routes.NetnsTests.Bgp;

/// <summary>Nodes that tell each other their pods, and routers that send to several of them. Needs root.</summary>
public sealed class MeshTests
{
    private static readonly RoutesOptions Mesh = BgpSegment.Options(mode: RoutesMode.Bgp, bgp: static bgp => bgp with { Peers = default });

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public async Task Nodes_TellEachOtherTheirPods_AndOneThatIsGone_IsForgotten()
    {
        using var segment = new BgpSegment(nodes: 3);
        foreach (var node in (int[])[0, 1, 2])
        {
            segment.Node(node).Start(Mesh);
        }

        segment.IsUp(0, 2);
        segment.Installs(0, "10.244.2.0/24 via 10.9.0.12 dev up0", "10.244.3.0/24 via 10.9.0.13 dev up0", "fd00:244:2::/64 via fd09::c dev up0", "fd00:244:3::/64 via fd09::d dev up0");
        segment.Installs(2, "10.244.1.0/24 via 10.9.0.11 dev up0", "fd00:244:1::/64 via fd09::b dev up0");
        segment.Node().Shows("unreachable 10.244.1.0/24");
        Assert.DoesNotContain("10.244.1.0/24", BgpSegment.Learned(segment.Node().Space), StringComparison.Ordinal);
        await segment.Node(1).StopAsync();
        segment.SetNodes(BgpSegment.NodeObject(1), BgpSegment.NodeObject(3));
        segment.InstallsNot(0, "10.244.2.0/24", "fd00:244:2::/64");
        segment.Installs(0, "10.244.3.0/24 via 10.9.0.13 dev up0");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Node_WithTheReflectorsLabel_IsAllThatOthersSpeakWith()
    {
        using var segment = new BgpSegment(nodes: 3);
        var reflector = BgpSegment.NodeObject(1);
        reflector = reflector with { Metadata = reflector.Metadata with { Labels = ValueMap.Of(("kn.internal/route-reflector", "")) } };
        segment.SetNodes(reflector, BgpSegment.NodeObject(2), BgpSegment.NodeObject(3));
        foreach (var node in (int[])[0, 1, 2])
        {
            segment.Node(node).Start(Mesh);
        }

        segment.IsUp(0, 2);
        segment.IsUp(1, 1);
        segment.Installs(1, "10.244.3.0/24 via 10.9.0.13 dev up0", "fd00:244:3::/64 via fd09::d dev up0", "10.244.1.0/24 via 10.9.0.11 dev up0");
        segment.SetNodes(BgpSegment.NodeObject(1), BgpSegment.NodeObject(2), BgpSegment.NodeObject(3));
        segment.IsUp(1, 2);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public async Task Node_BehindARouter_IsReachedByTheTunnel()
    {
        using var network = new TwoSegments(podMtu: 1430);
        network.Start(Mesh);
        network.Nodes[0].Shows("10.244.3.0/24 via 192.0.0.3 dev up0", "10.244.2.0/24 via 10.244.2.0 dev kn-vxlan");
        network.Nodes[1].Shows("10.244.1.0/24 via 10.244.1.0 dev kn-vxlan", "fd00:244:1::/64 via fe80::");
        foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
        {
            var (received, from) = await network.SendAsync(network.PodNamespace(1), 2, family, 1 << 20);
            Assert.Equal((1 << 20, TwoSegments.PodAddress(1, family)), (received, from));
        }

        network.Nodes[0].Space.Ip("link", "del", "kn-vxlan");
        network.Nodes[0].Shows("10.244.2.0/24 via 10.244.2.0 dev kn-vxlan");
        await network.StopAsync();
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("bird")]
    [InlineData("frr")]
    public void ServiceAddress_OfTwoNodes_IsTwoWaysAtTheRouter_AndOneIsLeftWhenANodeIsCutOff(string kind)
    {
        using var segment = new BgpSegment(nodes: 2);
        segment.SetServices(BgpSegment.LoadBalancer("web", local: false, "203.0.113.5", "2001:db8:5::5"));
        var router = segment.Start(kind, BgpSegment.Settings(nodes: 2) with { Bfd = true, Installs = true, HoldSeconds = 240 });
        var options = BgpSegment.Options(static peer => peer with { Bfd = true, HoldTime = TimeSpan.FromSeconds(240) });
        segment.Node(0).Start(options);
        segment.Node(1).Start(options);
        foreach (var (family, prefix) in new[] { ("-4", "203.0.113.5"), ("-6", "2001:db8:5::5") })
        {
            Eventually.True(() => Ways(segment, family, prefix) == 2, $"two ways to {prefix}: {segment.Router().Ip(family, "route", "show")}");
        }

        Eventually.True(() => router.WatchedPaths() == 2, $"both paths are watched: {router.Log}");
        segment.CutNode(1);
        Eventually.True(() => Ways(segment, "-4", "203.0.113.5") == 1 && Ways(segment, "-6", "2001:db8:5::5") == 1, $"one way is left: {segment.Router().Ip("route", "show")} {router.Neighbor()} {router.Log}");
        Assert.Contains("10.9.0.11", segment.Router().Ip("route", "get", "203.0.113.5"), StringComparison.Ordinal);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Operator_CanTakeANodeOutOfService_AndPutItBack()
    {
        using var segment = new BgpSegment();
        segment.SetServices(BgpSegment.LoadBalancer("web", local: false, "203.0.113.5"));
        var router = segment.Start("bird", BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.IsUp();
        bool IsTold() => router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal);
        Eventually.True(IsTold, "told");
        Assert.Equal(BgpVerb.Good, segment.Ask(0, (BgpVerb.Action, BgpVerb.Leave)).ExitCode);
        Eventually.True(() => !IsTold(), "withdrawn");
        Assert.Equal(BgpVerb.Good, segment.Ask(0, (BgpVerb.Action, BgpVerb.Join)).ExitCode);
        Eventually.True(IsTold, "told again");
    }

    private static int Ways(BgpSegment segment, string family, string prefix)
    {
        var route = segment.Router().Ip(family, "route", "show", prefix);
        return route.Split(" via ").Length - 1;
    }
}
