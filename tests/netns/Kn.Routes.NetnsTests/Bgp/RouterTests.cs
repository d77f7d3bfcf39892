using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Routes.NetnsTests.Bgp;

/// <summary>The module with BIRD, FRR and gobgpd as top-of-rack routers. Needs root.</summary>
public sealed class RouterTests
{
    public static TheoryData<string> Kinds { get; } = ["bird", "frr", "gobgp"];

    [Conformance("bgp", "Nodes and routers")]
    [Theory, MemberData(nameof(Kinds))]
    public void Router_LearnsPodsAndServices_AndItsRoutesAreInTheKernel(string kind)
    {
        using var segment = new BgpSegment();
        segment.SetServices(BgpSegment.LoadBalancer("web", local: false, "203.0.113.5", "2001:db8:5::5"));
        var router = segment.Start(kind, BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.IsUp();
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2 dev up0 metric 600", "fd02::/32 via fd09::2 dev up0 metric 600");
        foreach (var prefix in (string[])["10.244.1.0/24", "fd00:244:1::/64", "203.0.113.5/32", "2001:db8:5::5/128"])
        {
            Eventually.True(() => router.Show(prefix).Contains(prefix.Contains(':') ? "fd09::b" : "10.9.0.11", StringComparison.Ordinal), $"{kind} knows {prefix}: {router.Show(prefix)}");
        }
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory, MemberData(nameof(Kinds))]
    public void Router_ThatDies_TakesItsRoutesOutOfTheKernel(string kind)
    {
        using var segment = new BgpSegment();
        var router = segment.Start(kind, BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.Installs(0, "10.2.0.0/16", "fd02::/32");
        router.Kill();
        segment.InstallsNot(0, "10.2.0.0/16", "fd02::/32");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("bird")]
    [InlineData("frr")]
    public void Path_ThatIsCut_IsNoticedByBfd_AndItsRoutesGo_LongBeforeTheHoldTimeIsOver(string kind)
    {
        using var segment = new BgpSegment();
        segment.Start(kind, BgpSegment.Settings() with { Bfd = true, GracefulRestart = true, HoldSeconds = 240 });
        segment.Node().Start(BgpSegment.Options(static peer => peer with { Bfd = true, HoldTime = TimeSpan.FromSeconds(240) }));
        segment.Installs(0, "10.2.0.0/16", "fd02::/32");
        Eventually.True(() => segment.Neighbors() is [{ Bfd: "up" }], "the path is up by BFD");
        segment.Cut();
        segment.InstallsNot(0, "10.2.0.0/16", "fd02::/32");
        Assert.Contains("BFD", segment.Neighbors()[0].LastEnd, StringComparison.OrdinalIgnoreCase);
        segment.Mend();
        segment.Installs(0, "10.2.0.0/16", "fd02::/32");
        Assert.True(segment.Node().Metric("kn_routes_bfd_failures_total") >= 1);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory, MemberData(nameof(Kinds))]
    public async Task Session_WithAPasswordOfAFile_ComesUp_AndWithoutTheFileThereIsNone(string kind)
    {
        using var segment = new BgpSegment();
        var file = Path.Combine(segment.Node().Folder, "key");
        segment.Start(kind, BgpSegment.Settings() with { Password = "secret-key" });
        segment.Node().Start(BgpSegment.Options(peer => peer with { PasswordFile = file }));
        Eventually.True(() => segment.Node().Problems.Any(problem => problem.Contains(file, StringComparison.Ordinal)), "the missing file is told");
        await segment.Node().StopAsync();
        await File.WriteAllTextAsync(file, "secret-key\n");
        segment.Node().Start(BgpSegment.Options(peer => peer with { PasswordFile = file }));
        segment.IsUp();
        Assert.True(segment.Neighbors()[0].Md5);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void TwoRouters_WithOnePrefix_AreTwoWaysInTheKernel_AndOneIsLeftWhenOneDies()
    {
        using var segment = new BgpSegment(routers: 2);
        segment.Start("bird", BgpSegment.Settings());
        var second = segment.Start("frr", BgpSegment.Settings(1), 1);
        segment.Node().Start(BgpSegment.Options(bgp: static bgp => bgp with
        {
            Peers = [bgp.Peers[0], bgp.Peers[0] with { Address = IpAddress.Parse("10.9.0.3") }],
        }));
        segment.Installs(0, "nexthop via 10.9.0.2 dev up0 weight 1", "nexthop via 10.9.0.3 dev up0 weight 1", "nexthop via fd09::2 dev up0 weight 1", "nexthop via fd09::3 dev up0 weight 1");
        second.Kill();
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2 dev up0", "fd02::/32 via fd09::2 dev up0");
        segment.InstallsNot(0, "10.9.0.3", "fd09::3");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void LearnedRoutes_ThatSomebodyRemovesOrChanges_ArePutBack()
    {
        using var segment = new BgpSegment();
        segment.Start("bird", BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2", "fd02::/32 via fd09::2");
        var space = segment.Node().Space;
        space.Ip("route", "del", "10.2.0.0/16", "metric", "600");
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2");
        space.Ip("route", "replace", "10.2.0.0/16", "via", "10.9.0.99", "metric", "600", "proto", "77");
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2");
        space.Ip("-6", "route", "del", "fd02::/32", "metric", "600");
        segment.Installs(0, "fd02::/32 via fd09::2");
        space.Ip("route", "add", "10.77.0.0/16", "via", "10.9.0.2", "metric", "600", "proto", "77");
        segment.InstallsNot(0, "10.77.0.0/16");
        space.Ip("link", "set", "up0", "down");
        space.Ip("link", "set", "up0", "up");
        space.Ip("addr", "replace", "fd09::b/64", "dev", "up0", "nodad");
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2", "fd02::/32 via fd09::2");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void LocalService_IsToldWhileTheNodeHasAReadyEndpoint_AndNoLonger()
    {
        using var segment = new BgpSegment();
        segment.SetServices(BgpSegment.LoadBalancer("web", local: true, "203.0.113.5"));
        var router = segment.Start("bird", BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.IsUp();
        Eventually.True(() => router.Show("10.244.1.0/24").Contains("10.9.0.11", StringComparison.Ordinal), "podCIDR");
        Assert.DoesNotContain("10.9.0.11", router.Show("203.0.113.5/32"), StringComparison.Ordinal);
        segment.SetSlices(BgpSegment.Slice("web", "n1"));
        Eventually.True(() => router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal), "told");
        segment.SetSlices(BgpSegment.Slice("web", "n1", ready: false));
        Eventually.True(() => !router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal), "withdrawn");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Node_ThatLeaves_WithdrawsServiceAddresses_AndMarksTheRest()
    {
        using var segment = new BgpSegment();
        segment.SetServices(BgpSegment.LoadBalancer("web", local: false, "203.0.113.5"));
        var router = segment.Start("bird", BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.IsUp();
        Eventually.True(() => router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal), "told");
        segment.SetNodes(BgpSegment.NodeObject(1) with { TaintKeys = ["node.kubernetes.io/out-of-service"] });
        Eventually.True(() => !router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal), "withdrawn");
        Eventually.True(() => router.Show("10.244.1.0/24").Contains("65535,0", StringComparison.Ordinal), $"GRACEFUL_SHUTDOWN: {router.Show("10.244.1.0/24")}");
        segment.SetNodes(BgpSegment.NodeObject(1));
        Eventually.True(() => router.Show("203.0.113.5/32").Contains("10.9.0.11", StringComparison.Ordinal), "told again");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void AnnotationsOfTheNode_NameRouters_AsKubeRouterReadsThem()
    {
        using var segment = new BgpSegment();
        segment.Start("gobgp", BgpSegment.Settings() with { Password = "hunter2", PeerAs = 64999 });
        segment.SetNodes(BgpSegment.NodeObject(1) with
        {
            Metadata = BgpSegment.NodeObject(1).Metadata with
            {
                Annotations = ValueMap.Of(
                    ("kube-router.io/node.asn", "64999"), ("kube-router.io/peer.ips", "10.9.0.2"), ("kube-router.io/peer.asns", "65001"), ("kube-router.io/peer.passwords", "aHVudGVyMg==")),
            },
        });
        segment.Node().Start(BgpSegment.Options(bgp: static bgp => bgp with { Peers = default }));
        segment.IsUp();
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public async Task CleanUp_RemovesEveryLearnedRoute_AndOthersStay()
    {
        using var segment = new BgpSegment();
        segment.Start("bird", BgpSegment.Settings());
        segment.Node().Start(BgpSegment.Options());
        segment.Installs(0, "10.2.0.0/16", "fd02::/32");
        segment.Node().Space.Ip("route", "add", "10.88.0.0/16", "via", "10.9.0.2");
        await segment.Node().StopAsync();
        Assert.Contains("10.2.0.0/16", BgpSegment.Learned(segment.Node().Space), StringComparison.Ordinal);
        await segment.Node().CleanUpAsync();
        Assert.Equal("", BgpSegment.Learned(segment.Node().Space));
        Assert.Contains("10.88.0.0/16", segment.Node().Space.Ip("route", "show"), StringComparison.Ordinal);
    }
}
