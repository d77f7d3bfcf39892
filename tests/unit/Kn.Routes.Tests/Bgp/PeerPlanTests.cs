using Kn.Bgp;
using Kn.Bgp.Attributes;
using Kn.Bgp.Policies;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Tests.Bgp;

/// <summary>Whom this node speaks with, and what is taken and told.</summary>
public sealed class PeerPlanTests
{
    private static readonly BgpNeighborOptions Router = new() { Address = Given.Ip("192.0.2.254"), Asn = 65001 };

    private static BgpOptions With(params BgpNeighborOptions[] peers) => new() { Peers = peers.ToValueList() };

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void FullMesh_IsOfAllNodesOfTheAs_OverIPv4WhereBothHaveIt_AndCarriesBothFamilies()
    {
        var table = BgpGiven.Table(new BgpOptions(), true, BgpGiven.Numbered(1), BgpGiven.Numbered(2), Given.Node("n3", ["10.0.3.0/24"], "2001:db8::3"), BgpGiven.Numbered(4).Annotated(("kn.internal/node.asn", "65000")), Given.Node("n5", []));
        Assert.Equal(["192.0.2.2", "2001:db8::3"], BgpGiven.Peers(table));
        var second = BgpGiven.Peer(table, "192.0.2.2").Options;
        Assert.Equal((64512u, FamilySet.Both, Given.Ip("192.0.2.1"), Given.Ip("2001:db8::1"), "n2"), (second.PeerAs, second.Families, second.LocalAddress, second.NextHopV6, second.Description));
        var third = BgpGiven.Peer(table, "2001:db8::3").Options;
        Assert.Equal((true, Given.Ip("192.0.2.1")), (third.ExtendedNextHop, third.NextHopV4));
        Assert.Empty(BgpGiven.Peers(BgpGiven.Table(new BgpOptions(), false, BgpGiven.Numbered(1), BgpGiven.Numbered(2))));
        Assert.Empty(BgpGiven.Peers(BgpGiven.Table(new BgpOptions { NodeMesh = new BgpMeshOptions { Mode = BgpMesh.None } }, true, BgpGiven.Numbered(1), BgpGiven.Numbered(2))));
    }

    public static TheoryData<string, string, string, string> Roles { get; } = new()
    {
        // n1, n2, n3 by label (L), rr.server (S), rr.client (C) or nothing (-); whom n1 speaks with.
        { "-", "-", "-", "2 3" },
        { "L", "-", "-", "2 3" },
        { "-", "L", "-", "2" },
        { "L", "L", "-", "2 3" },
        { "S", "C", "-", "2 3" },
        { "-", "S", "C", "2" },
        { "C", "-", "S", "3" },
        { "C", "C", "-", "" },
        { "-", "S", "-", "2 3" },
    };

    [Conformance("bgp", "Nodes and routers")]
    [Theory, MemberData(nameof(Roles))]
    public void Reflectors_SpeakWithEverybody_ClientsWithReflectorsAlone(string first, string second, string third, string expected)
    {
        Node As(int number, string role) => role switch
        {
            "L" => BgpGiven.Numbered(number).Labelled(("kn.internal/route-reflector", "")),
            "S" => BgpGiven.Numbered(number).Annotated(("kube-router.io/rr.server", "42")),
            "C" => BgpGiven.Numbered(number).Annotated(("kube-router.io/rr.client", "42")),
            _ => BgpGiven.Numbered(number),
        };
        var table = BgpGiven.Table(new BgpOptions(), true, As(1, first), As(2, second), As(3, third));
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static number => $"192.0.2.{number}"), BgpGiven.Peers(table));
        Assert.All(BgpGiven.Plan(table).Values.OfType<PeerPiece>(), piece => Assert.Equal(
            first is "L" or "S" && (piece.Options.Description == "n2" ? second : third) is not ("L" or "S"), piece.Options.IsRouteReflectorClient));
        Assert.Equal(first == "S" ? Given.Ip("0.0.0.42") : null, Assert.IsType<SpeakerPiece>(BgpGiven.Plan(table)[BgpKey.Speaker]).ClusterId);
    }

    [Fact]
    public void Speaker_OfANodeWithoutIPv4_HasAnIdentifierOfItsOwn()
    {
        IpAddress Of(string name) => Assert.IsType<SpeakerPiece>(BgpPlan.Of(
            BgpGiven.Table(new BgpOptions(), true, Given.Node("n1", [], "2001:db8::1") with { Metadata = new ObjectMeta { Name = "n1" } }), BgpKey.Speaker, new Problems())).RouterId;
        Assert.False(Of("n1").IsAny);
        Assert.Equal(IpFamily.V4, Of("n1").Family);
        Assert.Equal(Given.Ip("192.0.2.1"), Assert.IsType<SpeakerPiece>(BgpGiven.Plan(BgpGiven.Table(new BgpOptions(), true, Given.Self))[BgpKey.Speaker]).RouterId);
    }

    [Fact]
    public void Router_IsPlannedWithAllThatIsConfigured()
    {
        var full = Router with
        {
            Description = "tor",
            Port = 1790,
            LocalAsn = 64999,
            LocalAddress = Given.Ip("192.0.2.1"),
            Hops = 2,
            TtlSecurity = true,
            HoldTime = TimeSpan.FromSeconds(9),
            Passive = true,
            Families = BgpFamilies.Ipv6,
            MaxRoutes = 10,
        };
        var options = BgpGiven.Peer(BgpGiven.Table(With(full), false, Given.Self), "192.0.2.254").Options;
        Assert.Equal(
            ("tor", (ushort)1790, 64999u, (byte)2, true, TimeSpan.FromSeconds(9), true, FamilySet.V6, 10u),
            (options.Description, options.Port, options.LocalAs, options.Hops, options.TtlSecurity, options.HoldTime, options.IsPassive, options.Families, options.MaxPrefixes));
        Assert.Equal(TimeSpan.FromSeconds(120), options.RestartTime);
        var without = With(full) with { GracefulRestart = new BgpRestartOptions { Enabled = false } };
        Assert.Equal(TimeSpan.Zero, BgpGiven.Peer(BgpGiven.Table(without, false, Given.Self), "192.0.2.254").Options.RestartTime);
    }

    [Fact]
    public void Router_IsForTheNodesOfItsSelector()
    {
        var options = With(Router with { NodeSelector = "rack=7" });
        Assert.Empty(BgpGiven.Peers(BgpGiven.Table(options, false, Given.Self)));
        Assert.Equal(["192.0.2.254"], BgpGiven.Peers(BgpGiven.Table(options, false, Given.Self.Labelled(("rack", "7")))));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void PasswordThatCannotBeRead_MeansNoSession_NotOneWithoutPassword()
    {
        var table = BgpGiven.Table(With(Router with { PasswordFile = "/etc/kn/key" }), false, Given.Self);
        table.Environment = table.Environment with { Unreadable = ValueMap.Of(("/etc/kn/key", "/etc/kn/key cannot be read: it is not there")) };
        var problems = new Problems();
        Assert.Null(BgpPlan.Of(table, BgpKey.Peer(Given.Ip("192.0.2.254")), problems));
        Assert.Contains("it is not there", Assert.Single(problems.All).Message, StringComparison.Ordinal);
        table.Environment = table.Environment with { Passwords = ValueMap.Of(("/etc/kn/key", "secret")) };
        Assert.Equal("secret", BgpGiven.Peer(table, "192.0.2.254").Options.Password);
    }

    [Fact]
    public void Bfd_IsForPeersOnTheSameSegment()
    {
        var table = BgpGiven.Table(With(Router with { Bfd = true }, Router with { Bfd = true, Address = Given.Ip("203.0.113.9") }), false, Given.Self);
        Assert.Equal(Given.Ip("192.0.2.1"), BgpGiven.Peer(table, "192.0.2.254").Bfd?.LocalAddress);
        var problems = new Problems();
        Assert.Null(BgpGiven.Peer(table, "203.0.113.9", problems).Bfd);
        Assert.Contains("RFC 5881", Assert.Single(problems.All).Message, StringComparison.Ordinal);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("10.50.0.0/16", true)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("::/0", false)]
    [InlineData("10.0.1.128/25", false)]
    [InlineData("fd00:1::/64", false)]
    public void InternalPeer_MayTellEverything_ButDefaultRoutesAndThisNodesPods(string prefix, bool taken) =>
        Assert.Equal(taken, Accepts(BgpGiven.Peer(BgpGiven.Table(With(Router with { Asn = 64512 }), false, Given.Self), "192.0.2.254").Options.Import, prefix) is not null);

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void RouterOfAnotherAs_MayTellWhatTheRulesSay_AndNothingWithoutRules()
    {
        RoutePolicy? Import(BgpNeighborOptions peer, bool acceptDefault = false) =>
            BgpGiven.Peer(BgpGiven.Table(With(peer) with { AcceptDefaultRoute = acceptDefault }, false, Given.Self), "192.0.2.254").Options.Import;
        Assert.Null(Accepts(Import(Router), "10.50.0.0/16"));
        Assert.NotNull(Accepts(Import(Router, acceptDefault: true), "0.0.0.0/0"));
        Assert.Null(Accepts(Import(Router, acceptDefault: true), "10.50.0.0/16"));
        var ruled = Router with
        {
            LocalPreference = 150,
            Import = [new BgpFilterOptions { Prefix = Given.Prefix("10.50.7.0/24"), Reject = true }, new BgpFilterOptions { Prefix = Given.Prefix("10.50.0.0/16"), Le = 24, LocalPreference = 200 }, new BgpFilterOptions { Prefix = Given.Prefix("10.60.0.0/16") }],
        };
        Assert.Null(Accepts(Import(ruled), "10.50.7.0/24"));
        Assert.Equal(200u, Accepts(Import(ruled), "10.50.8.0/24")?.Changes.LocalPref);
        Assert.Null(Accepts(Import(ruled), "10.50.8.0/25"));
        Assert.Equal(150u, Accepts(Import(ruled), "10.60.0.0/16")?.Changes.LocalPref);
        Assert.Null(Accepts(Import(ruled), "10.60.1.0/24"));
    }

    [Conformance("bgp", "Policies")]
    [Fact]
    public void RouterThatIsTakenOutOfService_IsUsedLast() =>
        Assert.Equal(0u, Accepts(
            BgpGiven.Peer(BgpGiven.Table(With(Router with { Import = [new BgpFilterOptions()] }), false, Given.Self), "192.0.2.254").Options.Import,
            "10.50.0.0/16",
            new PathAttributes { Communities = [Community.GracefulShutdown] })?.Changes.LocalPref);

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Router_IsToldThisNodesPrefixesAlone_WithAllThatIsSaidOfThem()
    {
        var self = Given.Self.Annotated(("kube-router.io/path-prepend.as", "64600"), ("kube-router.io/path-prepend.repeat-n", "2"), ("kube-router.io/node.bgp.communities", "65000:9"));
        var peer = Router with { Communities = ["65000:1", "64512:1:2"], Med = 7, Prepend = 1 };
        var export = BgpGiven.Peer(BgpGiven.Table(With(peer), false, self), "192.0.2.254").Options.Export;
        var changes = Accepts(export, "10.0.1.0/24", isLocal: true)!.Changes;
        Assert.Equal(((uint?)7, 3, (uint?)64600), (changes.Med, changes.Prepend, changes.PrependAs));
        Assert.Equal(["65000:1", "65000:9"], changes.Communities.Select(static community => community.ToString()));
        Assert.Equal(["64512:1:2"], changes.LargeCommunities.Select(static community => community.ToString()));
        Assert.Null(Accepts(export, "10.50.0.0/16"));
        var filtered = BgpGiven.Peer(BgpGiven.Table(With(Router with { Export = [new BgpFilterOptions { Prefix = Given.Prefix("203.0.113.0/24"), Le = 32 }] }), false, self), "192.0.2.254").Options.Export;
        Assert.NotNull(Accepts(filtered, "203.0.113.7/32", isLocal: true));
        Assert.Null(Accepts(filtered, "10.0.1.0/24", isLocal: true));
        Assert.Null(Accepts(filtered, "203.0.113.7/32"));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void OtherNode_IsToldPodsAndWhatRoutersTold_AndNoServices_UnlessItReflects()
    {
        var table = BgpGiven.Table(new BgpOptions(), true, Given.Self, BgpGiven.Numbered(2));
        var export = BgpGiven.Peer(table, "192.0.2.2").Options.Export;
        Assert.NotNull(Accepts(export, "10.0.1.0/24", isLocal: true));
        Assert.Null(Accepts(export, "203.0.113.7/32", isLocal: true));
        Assert.NotNull(Accepts(export, "10.50.0.0/16"));
        var reflected = BgpGiven.Table(new BgpOptions(), true, Given.Self, BgpGiven.Numbered(2).Labelled(("kn.internal/route-reflector", "")));
        Assert.NotNull(Accepts(BgpGiven.Peer(reflected, "192.0.2.2").Options.Export, "203.0.113.7/32", isLocal: true));
    }

    [Fact]
    public void AnnotatedRouter_MayTellEverything_ButWhatIsRejectedAndGuarded()
    {
        var self = Given.Self.Annotated(
            ("kube-router.io/peer.ips", "192.0.2.254"), ("kube-router.io/peer.asns", "65001"), ("kube-router.io/node.bgp.customimportreject", "10.60.0.0/16"));
        var import = BgpGiven.Peer(BgpGiven.Table(new BgpOptions(), false, self), "192.0.2.254").Options.Import;
        Assert.NotNull(Accepts(import, "10.50.0.0/16"));
        Assert.Null(Accepts(import, "10.60.7.0/24"));
        Assert.Null(Accepts(import, "0.0.0.0/0"));
    }

    private static RouteRule? Accepts(RoutePolicy? policy, string prefix, PathAttributes? attributes = null, bool isLocal = false)
    {
        Assert.NotNull(policy);
        foreach (var rule in policy.Rules)
        {
            if (rule.Matches(Given.Prefix(prefix), attributes ?? new PathAttributes(), isLocal))
            {
                return rule.Accept ? rule : null;
            }
        }

        return null;
    }
}
