using Kn.Hosting.Options;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes.Tests;

public sealed class PlanTests
{
    private readonly Problems _problems = new();

    [Fact]
    public void NodeOnTheSegment_HasTwoRoutes_AndNothingElse()
    {
        var plan = Plan(new RoutesOptions(), Given.Self, Given.Node("n2", ["10.0.2.0/24", "fd00:2::/64"], "192.0.2.2", "2001:db8::2"));
        Assert.Equal(
            new Dictionary<RoutesKey, RoutesPiece>
            {
                [Route("10.0.1.0/24", uint.MaxValue)] = PodCidrRoute.Unassigned,
                [Route("fd00:1::/64", uint.MaxValue)] = PodCidrRoute.Unassigned,
                [Route("10.0.2.0/24")] = PodCidrRoute.Direct(Given.Ip("192.0.2.2"), 2),
                [Route("fd00:2::/64")] = PodCidrRoute.Direct(Given.Ip("2001:db8::2"), 2),
            },
            plan);
        Assert.Empty(_problems.All);
    }

    [Fact]
    public void NodeBehindARouter_HasATunnelWithAllItNeeds()
    {
        var plan = Plan(new RoutesOptions(), Given.Self, Given.Node("n2", ["10.0.2.0/24", "fd00:2::/64"], "198.51.100.2", "2001:db8:9::2"));
        var mac = Vtep.MacOf("n2");
        var linkLocal = Vtep.LinkLocalOf(mac);
        Assert.Equal(
            new Dictionary<RoutesKey, RoutesPiece>
            {
                [Route("10.0.1.0/24", uint.MaxValue)] = PodCidrRoute.Unassigned,
                [Route("fd00:1::/64", uint.MaxValue)] = PodCidrRoute.Unassigned,
                [RoutesKey.Link(IpFamily.V4)] = new VxlanTunnel(Vtep.MacOf("n1"), 75, 4789, Given.Ip("192.0.2.1"), 1450),
                [RoutesKey.Address(IpFamily.V4, Given.Ip("10.0.1.0"))] = TunnelAddress.Present,
                [RoutesKey.Address(IpFamily.V4, Given.Ip("fd00:1::"))] = TunnelAddress.Present,
                [RoutesKey.Forward(IpFamily.V4, mac)] = new TunnelForward(Given.Ip("198.51.100.2")),
                [RoutesKey.Neighbour(IpFamily.V4, Given.Ip("10.0.2.0"))] = new TunnelNeighbour(mac),
                [RoutesKey.Neighbour(IpFamily.V4, linkLocal)] = new TunnelNeighbour(mac),
                [Route("10.0.2.0/24")] = PodCidrRoute.ByVxlan(Given.Ip("10.0.2.0"), IpFamily.V4),
                [Route("fd00:2::/64")] = PodCidrRoute.ByVxlan(linkLocal, IpFamily.V4),
            },
            plan);
        Assert.Empty(_problems.All);
    }

    [Fact]
    public void OuterIPv6_HasALinkOfItsOwn_AndALargerHeader()
    {
        var options = new RoutesOptions { Vxlan = new VxlanOptions { Underlay = VxlanUnderlay.Ipv6, Vni = 9, Port = 8472 } };
        var plan = Plan(options, Given.Self, Given.Node("n2", ["10.0.2.0/24"], "198.51.100.2", "2001:db8:9::2"));
        Assert.Equal(new VxlanTunnel(Vtep.MacOf("n1"), 9, 8472, Given.Ip("2001:db8::1"), 1430), plan[RoutesKey.Link(IpFamily.V6)]);
        Assert.DoesNotContain(RoutesKey.Link(IpFamily.V4), plan.Keys);
        Assert.Equal(new TunnelForward(Given.Ip("2001:db8:9::2")), plan[RoutesKey.Forward(IpFamily.V6, Vtep.MacOf("n2"))]);
    }

    [Fact]
    public void SmallUnderlay_LeavesTheTunnelTheLeastThatIPv6Needs()
    {
        var underlay = Given.OneSegment with { Links = [new UnderlayLink(2, 1300)] };
        var plan = Plan(new RoutesOptions { Mode = RoutesMode.Vxlan }, underlay, Given.Self, Given.Node("n2", ["10.0.2.0/24"], "192.0.2.2"));
        Assert.Equal(1280u, ((VxlanTunnel)plan[RoutesKey.Link(IpFamily.V4)]).Mtu);
    }

    [Fact]
    public void ModeNone_PlansNothing() =>
        Assert.Empty(Plan(new RoutesOptions { Mode = RoutesMode.None }, Given.Self, Given.Node("n2", ["10.0.2.0/24"], "192.0.2.2")));

    [Fact]
    public void PodCidrOfTwoNodes_IsTheOldersOnes_AndTheOtherIsTold()
    {
        var young = Given.Node("a", ["10.0.2.0/24"], "192.0.2.3").Aged(2);
        var old = Given.Node("b", ["10.0.2.0/24"], "192.0.2.2").Aged(1);
        foreach (var nodes in (Node[][])[[young, old], [old, young]])
        {
            var problems = new Problems();
            Assert.Equal(PodCidrRoute.Direct(Given.Ip("192.0.2.2"), 2), Plan(new RoutesOptions(), Given.OneSegment, problems, [Given.Self, .. nodes])[Route("10.0.2.0/24")]);
            var problem = Assert.Single(problems.All);
            Assert.Equal("a", problem.Key.Name);
            Assert.Contains("also node b's, which is older and keeps it", problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void OwnPodCidrThatAnOlderNodeHas_GoesToIt()
    {
        var plan = Plan(new RoutesOptions(), Given.Self.Aged(2), Given.Node("n2", ["10.0.1.0/24"], "192.0.2.2").Aged(1));
        Assert.Equal(PodCidrRoute.Direct(Given.Ip("192.0.2.2"), 2), plan[Route("10.0.1.0/24")]);
        Assert.DoesNotContain(Route("10.0.1.0/24", uint.MaxValue), plan.Keys);
        Assert.Equal("n1", Assert.Single(_problems.All).Key.Name);
    }

    [Theory]
    [InlineData("10.0.0.0/16", "10.0.2.0/24")]
    [InlineData("10.0.2.0/24", "10.0.0.0/16")]
    public void OverlappingPodCidr_OfTheYounger_IsNotRouted(string young, string old)
    {
        var plan = Plan(
            new RoutesOptions(), Given.Self with { PodCidrs = [] }, Given.Node("a", [young], "192.0.2.3").Aged(2), Given.Node("b", [old], "192.0.2.2").Aged(1));
        Assert.Contains(Route(old), plan.Keys);
        Assert.DoesNotContain(Route(young), plan.Keys);
        var problem = Assert.Single(_problems.All);
        Assert.Equal("a", problem.Key.Name);
        Assert.Contains($"overlaps {old} of node b", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0/0", "this network")]
    [InlineData("127.0.0.0/16", "loopback")]
    [InlineData("169.254.1.0/24", "link-local")]
    [InlineData("224.0.0.0/8", "multicast")]
    [InlineData("::/0", "unspecified")]
    [InlineData("fe80::/64", "link-local")]
    [InlineData("192.0.2.0/29", "192.0.2.1, an address of this node")]
    [InlineData("192.0.0.0/16", "192.0.2.1, an address of this node")]
    [InlineData("2001:db8::/64", "2001:db8::1, an address of this node")]
    [InlineData("198.51.100.0/24", "198.51.100.7, the InternalIP of node bad")]
    [InlineData("198.18.0.0/24", "198.18.0.3, the InternalIP of node n3")]
    public void PodCidrThatIsNone_IsRefused_AndAffectsNobodyElse(string podCidr, string why)
    {
        var plan = Plan(
            new RoutesOptions(),
            Given.Self.Aged(5),
            Given.Node("bad", [podCidr], "198.51.100.7").Aged(1),
            Given.Node("n3", ["10.0.3.0/24", "fd00:3::/64"], "198.18.0.3", "2001:db8:9::3").Aged(6));
        Assert.DoesNotContain(Route(podCidr), plan.Keys);
        Assert.Contains(Route("10.0.3.0/24"), plan.Keys);
        Assert.Contains(Route("fd00:3::/64"), plan.Keys);
        Assert.Contains(Route("10.0.1.0/24", uint.MaxValue), plan.Keys);
        var problem = Assert.Single(_problems.All);
        Assert.Equal("bad", problem.Key.Name);
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnreachableNodes_AreCounted_ThisOneAndThoseWithoutPodCidrAreNot()
    {
        var peers = new PeerTable("n1", new RoutesOptions { Mode = RoutesMode.Direct });
        peers.Be(ClusterSnapshot.Of(
            Given.Node("n1", ["10.0.1.0/24"], "198.51.100.1"),
            Given.Node("reached", ["10.0.2.0/24"], "192.0.2.2"),
            Given.Node("behindARouter", ["10.0.3.0/24"], "198.51.100.3"),
            Given.Node("otherFamily", ["fd00:4::/64"], "192.0.2.4"),
            Given.Node("fresh", [], "198.51.100.5")).Nodes, Given.OneSegment);
        Assert.Equal(2, peers.Unreachable);
    }

    [Theory]
    [InlineData(0u, 1u, 4789, "Metric")]
    [InlineData(uint.MaxValue, 1u, 4789, "Metric")]
    [InlineData(1u, 0u, 4789, "Vxlan.Vni")]
    [InlineData(1u, 1u << 24, 4789, "Vxlan.Vni")]
    [InlineData(1u, (1u << 24) - 1, 0, "Vxlan.Port")]
    [InlineData(512u, 75u, 8472, null)]
    public void Options_AreValidated(uint metric, uint vni, int port, string? wrong)
    {
        var errors = new OptionErrors();
        new RoutesOptions { Metric = metric, Vxlan = new VxlanOptions { Vni = vni, Port = (ushort)port } }.Validate(errors);
        Assert.Equal(wrong, errors.All.Select(static error => error.Property).SingleOrDefault());
    }

    private static RoutesKey Route(string prefix, uint metric = 512) => RoutesKey.Route(Given.Prefix(prefix), metric);

    private Dictionary<RoutesKey, RoutesPiece> Plan(RoutesOptions options, params Node[] nodes) => Plan(options, Given.OneSegment, nodes);

    private Dictionary<RoutesKey, RoutesPiece> Plan(RoutesOptions options, Underlay underlay, params Node[] nodes) => Plan(options, underlay, _problems, nodes);

    private static Dictionary<RoutesKey, RoutesPiece> Plan(RoutesOptions options, Underlay underlay, Problems problems, params Node[] nodes)
    {
        var peers = new PeerTable("n1", options);
        peers.Be(ClusterSnapshot.Of(nodes).Nodes, underlay);
        return Everything.Plan(peers, problems);
    }
}
