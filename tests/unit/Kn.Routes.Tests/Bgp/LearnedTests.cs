using Kn.Bgp;
using Kn.Bgp.Attributes;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Bgp.Learned;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Pieces;

namespace Kn.Routes.Tests.Bgp;

/// <summary>What is learned, and by which way its next hops are reached.</summary>
public sealed class LearnedTests
{
    private static readonly IpPrefix Prefix = Given.Prefix("10.50.0.0/16");

    private static BgpRoute Path(string nextHop, RouteKind kind = RouteKind.External) => new(new PathAttributes { NextHop = Given.Ip(nextHop) }, Given.Ip(nextHop), kind, false);

    private static NextHops Hops(params Route[] others)
    {
        var hops = new NextHops("n1", new RoutesOptions { Mode = RoutesMode.Bgp });
        hops.Be(KernelNetwork.None with { Underlay = Given.OneSegment, Tunnels = new TunnelLinks(7, 0) }, others);
        hops.Be([Given.Self, BgpGiven.Numbered(2), Given.Node("n3", ["10.0.3.0/24", "fd00:3::/64"], "198.51.100.3")]);
        return hops;
    }

    [Fact]
    public void EveryChange_IsToldOnce_AndWhatIsTheSameIsNot()
    {
        var told = new List<IpPrefix>();
        var learned = new LearnedRoutes(10) { Changed = told.Add };
        learned.Set(Prefix, [Path("192.0.2.8"), Path("192.0.2.9")]);
        learned.Set(Prefix, [Path("192.0.2.9"), Path("192.0.2.8")]);
        Assert.Single(told);
        learned.Set(Prefix, [Path("192.0.2.8")]);
        Assert.Equal([Given.Ip("192.0.2.8")], learned.Find(Prefix));
        learned.Set(Prefix, []);
        learned.Set(Prefix, []);
        Assert.Equal((3, 0), (told.Count, learned.Count));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void PrefixThatThisNodeAnnouncesItself_NeedsNoRoute()
    {
        var learned = new LearnedRoutes(10);
        learned.Set(Prefix, [Path("0.0.0.0", RouteKind.Local)]);
        Assert.Empty(learned.Prefixes);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void MorePrefixesThanTheKernelIsToHave_AreLeftOut_AndCounted()
    {
        var learned = new LearnedRoutes(2);
        foreach (var number in (int[])[1, 2, 3])
        {
            learned.Set(Given.Prefix($"10.50.{number}.0/24"), [Path("192.0.2.8")]);
        }

        Assert.Equal((2, 1), (learned.Count, learned.LeftOut));
        learned.Set(Given.Prefix("10.50.1.0/24"), [Path("192.0.2.9")]);
        Assert.Equal([Given.Ip("192.0.2.9")], learned.Find(Given.Prefix("10.50.1.0/24")));
        learned.Set(Given.Prefix("10.50.3.0/24"), []);
        Assert.Equal((2, 0), (learned.Count, learned.LeftOut));
    }

    [Fact]
    public void NewSpeaker_KnowsNothing_UntilItHasConverged()
    {
        var learned = new LearnedRoutes(2);
        learned.Set(Prefix, [Path("192.0.2.8")]);
        learned.Converge();
        learned.Begin();
        Assert.Equal((false, 0), (learned.IsConverged, learned.Count));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void NextHop_IsOnASegment_OrBehindTheMostSpecificRoute_OrInATunnel_OrNowhere()
    {
        var hops = Hops(
            new Route { Destination = Given.Prefix("0.0.0.0/0"), Gateway = Given.Ip("192.0.2.254"), LinkIndex = 2 },
            new Route { Destination = Given.Prefix("203.0.113.0/24"), Gateway = Given.Ip("192.0.2.253"), LinkIndex = 2, Metric = 5 },
            new Route { Destination = Given.Prefix("203.0.113.0/24"), Gateway = Given.Ip("192.0.2.252"), LinkIndex = 2, Metric = 4 });
        Assert.Equal(new NextHop(Given.Ip("192.0.2.9"), 2), hops.Resolve(Prefix, Given.Ip("192.0.2.9")));
        Assert.Equal(new NextHop(Given.Ip("2001:db8::9"), 2), hops.Resolve(Prefix, Given.Ip("2001:db8::9")));
        Assert.Equal(new NextHop(Given.Ip("192.0.2.252"), 2), hops.Resolve(Prefix, Given.Ip("203.0.113.9")));
        Assert.Equal(new NextHop(Given.Ip("192.0.2.254"), 2), hops.Resolve(Prefix, Given.Ip("100.64.0.1")));
        Assert.Null(hops.Resolve(Prefix, Given.Ip("192.0.2.1")));
        Assert.Null(hops.Resolve(Prefix, Given.Ip("2001:db8:ffff::1")));
        Assert.Equal(new NextHop(Given.Ip("10.0.3.0"), 7, OnLink: true), hops.Resolve(Given.Prefix("10.0.3.0/24"), Given.Ip("198.51.100.3")));
        Assert.Equal(new NextHop(Vtep.LinkLocalOf(Vtep.MacOf("n3")), 7), hops.Resolve(Given.Prefix("fd00:3::/64"), Given.Ip("198.51.100.3")));
        Assert.Equal((0u, 10u, 20u, null), (hops.Cost(Given.Ip("192.0.2.9")), hops.Cost(Given.Ip("198.51.100.3")), hops.Cost(Given.Ip("203.0.113.9")), hops.Cost(Given.Ip("192.0.2.1"))));
    }

    [Fact]
    public void Overlay_Full_TunnelsToNodesOfTheSameSegmentToo_None_ToNobody()
    {
        foreach (var (overlay, link) in new[] { (BgpOverlay.Full, 7), (BgpOverlay.Subnet, 2), (BgpOverlay.None, 2) })
        {
            var hops = new NextHops("n1", new RoutesOptions { Mode = RoutesMode.Bgp, Bgp = new BgpOptions { Overlay = overlay } });
            hops.Be(KernelNetwork.None with { Underlay = Given.OneSegment, Tunnels = new TunnelLinks(7, 0) }, []);
            hops.Be([Given.Self, BgpGiven.Numbered(2)]);
            Assert.Equal(link, hops.Resolve(Given.Prefix("10.0.2.0/24"), Given.Ip("192.0.2.2"))?.LinkIndex);
        }
    }

    [Fact]
    public void ChangesOfNodesAndLinks_AreToldWhereTheyMatter()
    {
        var hops = Hops();
        Assert.False(hops.Follow(BgpGiven.Numbered(2), BgpGiven.Numbered(2) with { Ready = true }));
        Assert.True(hops.Follow(Given.Node("n3", ["10.0.3.0/24"], "198.51.100.3"), null));
        Assert.Null(hops.Resolve(Given.Prefix("10.0.3.0/24"), Given.Ip("198.51.100.3")));
        Assert.True(hops.Be(KernelNetwork.None with { Underlay = Given.OneSegment }, []));
        Assert.False(hops.Be(KernelNetwork.None with { Underlay = Given.OneSegment }, []));
    }

    [Fact]
    public void RouteOfTheKernel_IsTheOneThatWasMade()
    {
        foreach (var hops in new[] { new[] { new NextHop(Given.Ip("192.0.2.9"), 2) }, [new NextHop(Given.Ip("192.0.2.9"), 2), new NextHop(Given.Ip("2001:db8::9"), 2)] })
        {
            var route = LearnedRoute.Of(hops, 600);
            Assert.True(LearnedRoute.IsOurs(route.ToRoute(Prefix)));
            Assert.Equal(route, LearnedRoute.Of(route.ToRoute(Prefix)));
            Assert.NotEqual(route, LearnedRoute.Of(route.ToRoute(Prefix) with { Mtu = 1400 }));
        }
    }
}
