using Kn.Bgp.Attributes;
using Kn.Bgp.Policies;
using Kn.Bgp.Sessions;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Bgp.NetnsTests;

/// <summary>Sessions with what people have in their racks. Root, and BIRD, FRR and gobgpd of Debian, are needed.</summary>
public sealed class RealPeerTests
{
    private static readonly PathAttributes Ours = new() { LargeCommunities = [new(PeerSettings.KnAs, 8, 9)] };

    private static readonly LocalRoute[] OurRoutes = [new(IpPrefix.Parse("10.1.0.0/16"), Ours), new(IpPrefix.Parse("fd01::/32"), Ours)];

    public static TheoryData<string> All => ["bird", "frr", "gobgp"];

    public static TheoryData<string> Routers => ["bird", "frr"];

    private static void Until(KnPeer kn, RealPeer peer, Func<bool> condition, string what)
    {
        try
        {
            Eventually.True(condition, what);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{failure.Message}\nKn: {kn.Describe()}\npeer: {peer.Neighbor()}\n{peer.Log}", failure);
        }
    }

    private static void UntilBothHaveAll(KnPeer kn, RealPeer peer)
    {
        Until(kn, peer, () => kn.Routes.GetValueOrDefault("10.2.0.0/16") == "10.9.0.2", "the peer's IPv4 route is here");
        Until(kn, peer, () => kn.Routes.GetValueOrDefault("fd02::/32") == "fd09::2", "the peer's IPv6 route is here");
        var large = peer.Large(PeerSettings.KnAs, 8, 9);
        Until(kn, peer, () => peer.Show("10.1.0.0/16").Contains(large, StringComparison.Ordinal), "our IPv4 route is there");
        Until(kn, peer, () => peer.Show("fd01::/32").Contains(large, StringComparison.Ordinal), "our IPv6 route is there");
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void Routes_OfBothFamilies_GoBothWays_WithLargeCommunitiesAndAsNumbersOfFourBytes(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings());
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer());
        UntilBothHaveAll(kn, peer);
        Assert.Contains("path [4200000001]", kn.Attributes["10.2.0.0/16"], StringComparison.Ordinal);
        Assert.Contains("large 4200000001:1:2", kn.Attributes["fd02::/32"], StringComparison.Ordinal);
        Assert.Contains("4200000002", peer.Show("10.1.0.0/16"), StringComparison.Ordinal);
        Assert.DoesNotContain(kn.Events, static line => line.StartsWith("faulty", StringComparison.Ordinal));
        kn.SetRoutes(OurRoutes[1]);
        Until(kn, peer, () => !peer.Show("10.1.0.0/16").Contains(peer.Large(PeerSettings.KnAs, 8, 9), StringComparison.Ordinal), "our IPv4 route is withdrawn");
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void InternalPeer_OnASessionOfTheOtherFamily_GivesAndGetsRoutes(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { Asn = PeerSettings.KnAs, LocalAddress = "fd09::2", PeerAddress = "fd09::1" });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer("fd09::2", PeerSettings.KnAs) with { NextHopV4 = IpAddress.Parse("10.9.0.1") });
        Until(kn, peer, () => kn.Routes.GetValueOrDefault("fd02::/32") == "fd09::2", "the peer's route is here");
        Until(kn, peer, () => peer.Show("fd01::/32").Contains(peer.Large(PeerSettings.KnAs, 8, 9), StringComparison.Ordinal), "our IPv6 route is there");
        Until(kn, peer, () => peer.Show("10.1.0.0/16").Contains(peer.Large(PeerSettings.KnAs, 8, 9), StringComparison.Ordinal), "our IPv4 route is there");
        Assert.Contains("path [] ", kn.Attributes["fd02::/32"], StringComparison.Ordinal);
        Assert.Contains("local-pref 100", kn.Attributes["fd02::/32"], StringComparison.Ordinal);
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void Md5_WithTheSameKey_LetsTheSessionUp_FromBothSides(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { Password = "s3cret" });
        foreach (var passive in new[] { false, true })
        {
            using var kn = new KnPeer(network.Kn);
            kn.SetRoutes(OurRoutes);
            kn.SetPeers(KnPeer.Peer() with { Password = "s3cret", IsPassive = passive });
            UntilBothHaveAll(kn, peer);
        }
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void Md5_WithAnotherKey_KeepsTheSessionDown_UntilItIsChanged(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { Password = "s3cret" });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer() with { Password = "wrong" });
        Until(kn, peer, () => Dropped(network), "the kernel has refused a segment for its signature");
        Assert.NotEqual(SessionState.Established, kn.Status().State);
        kn.SetPeers(KnPeer.Peer() with { Password = "s3cret" });
        UntilBothHaveAll(kn, peer);
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(Routers))]
    public void TtlSecurity_OnBothSides_LetsTheSessionUp(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { TtlSecurity = true });
        foreach (var passive in new[] { false, true })
        {
            using var kn = new KnPeer(network.Kn);
            kn.SetRoutes(OurRoutes);
            kn.SetPeers(KnPeer.Peer() with { TtlSecurity = true, IsPassive = passive });
            UntilBothHaveAll(kn, peer);
        }
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(Routers))]
    public void Route_WithANextHopOfTheOtherFamily_GoesBothWays(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { ExtendedNextHop = true, LocalAddress = "fd09::2", PeerAddress = "fd09::1" });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer("fd09::2") with { ExtendedNextHop = true });
        Until(kn, peer, () => kn.Routes.GetValueOrDefault("10.2.0.0/16") == "fd09::2", "the peer's IPv4 route is here");
        Until(kn, peer, () => peer.Show("10.1.0.0/16").Contains("fd09::1", StringComparison.Ordinal), "our IPv4 route is there");
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void RouteRefresh_TellsEverythingAgain_InBothDirections(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings());
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer() with { Import = RoutePolicy.RejectAll });
        Until(kn, peer, () => kn.Knows("10.2.0.0/16") && kn.Knows("fd02::/32") && kn.Status() is { ToldV4: 1, ToldV6: 1 }, "all was told");
        Assert.DoesNotContain("10.2.0.0/16", kn.Routes.Keys);
        kn.SetPeers(KnPeer.Peer());
        UntilBothHaveAll(kn, peer);
        var sent = kn.Status().MessagesOut;
        peer.Refresh();
        // A keepalive or two may be among them, but not two updates and the marks around them.
        Until(kn, peer, () => kn.Status().MessagesOut >= sent + 2, "our routes were told again");
        Assert.Equal(1, kn.Status().Sessions);
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void PeerThatDies_TakesItsRoutesWithIt(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings());
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer());
        UntilBothHaveAll(kn, peer);
        peer.Kill();
        Eventually.True(() => !kn.Routes.ContainsKey("10.2.0.0/16") && !kn.Routes.ContainsKey("fd02::/32"), "its routes are gone");
        peer.Start();
        UntilBothHaveAll(kn, peer);
    }

    [Conformance("bgp", "Real peers")]
    [Fact]
    public void SilentPeer_LosesItsRoutes_WhenTheHoldTimeIsOver()
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make("bird", network[0], new PeerSettings { HoldSeconds = 3 });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer() with { HoldTime = TimeSpan.FromSeconds(3) });
        UntilBothHaveAll(kn, peer);
        network.Cut(0);
        Until(kn, peer, () => !kn.Routes.ContainsKey("10.2.0.0/16"), "its routes are gone");
        Assert.Contains(kn.Events, static line => line.Contains("hold timer expired", StringComparison.Ordinal));
    }

    [Conformance("bgp", "Real peers")]
    [Fact]
    public void RoutesOfEqualWorth_OfTwoPeers_AreUsedTogether()
    {
        using var network = new PeerNetwork(peers: 2);
        using var first = RealPeer.Make("bird", network[0], new PeerSettings());
        using var second = RealPeer.Make("frr", network[1], new PeerSettings { Asn = 4_200_000_003, LocalAddress = "10.9.0.3", RouterId = "10.9.0.3", NextHopV6 = "fd09::3" });
        using var kn = new KnPeer(network.Kn);
        kn.SetPeers(KnPeer.Peer(), KnPeer.Peer("10.9.0.3", 4_200_000_003));
        Until(kn, second, () => kn.Routes.GetValueOrDefault("10.2.0.0/16") == "10.9.0.2 10.9.0.3", "both ways to the IPv4 prefix are used");
        Until(kn, second, () => kn.Routes.GetValueOrDefault("fd02::/32") == "fd09::2 fd09::3", "both ways to the IPv6 prefix are used");
        first.Kill();
        Until(kn, second, () => kn.Routes.GetValueOrDefault("10.2.0.0/16") == "10.9.0.3", "the other way is left");
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void PeerThatRestarts_KeepsItsRoutes_WithGracefulRestart(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { GracefulRestart = true });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer() with { RestartTime = TimeSpan.FromSeconds(60) });
        UntilBothHaveAll(kn, peer);
        peer.Kill();
        Eventually.True(() => kn.Status().State != SessionState.Established, "the session is gone");
        Assert.True(kn.HasStale("10.2.0.0/16"));
        Assert.Equal("10.9.0.2", kn.Routes["10.2.0.0/16"]);
        peer.Start();
        Until(kn, peer, () => kn.Status().State == SessionState.Established && !kn.HasStale("10.2.0.0/16") && kn.Status().Stale == FamilySet.None, "its routes were told again");
        UntilBothHaveAll(kn, peer);
    }

    [Conformance("bgp", "Real peers")]
    [Theory, MemberData(nameof(All))]
    public void OwnRestart_LosesNoRoute_AtThePeer(string kind)
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make(kind, network[0], new PeerSettings { GracefulRestart = true });
        var options = KnPeer.Peer() with { RestartTime = TimeSpan.FromSeconds(60) };
        var large = peer.Large(PeerSettings.KnAs, 8, 9);
        using (var before = new KnPeer(network.Kn))
        {
            before.SetRoutes(OurRoutes);
            before.SetPeers(options);
            UntilBothHaveAll(before, peer);
        }

        Assert.Contains(large, peer.Show("10.1.0.0/16"), StringComparison.Ordinal);
        using var after = new KnPeer(network.Kn, static speaker => speaker with { IsRestarting = true, SelectionDeferral = TimeSpan.FromSeconds(19) });
        after.SetRoutes(OurRoutes);
        after.SetPeers(options);
        Until(
            after,
            peer,
            () =>
            {
                Assert.Contains(large, peer.Show("10.1.0.0/16"), StringComparison.Ordinal);
                return after.Events.Contains("converged");
            },
            "the peer has told all it has");
        UntilBothHaveAll(after, peer);
        Assert.Equal(["10.9.0.2 Established ", "converged"], after.Events.Take(2));
    }

    [Conformance("bgp", "Real peers")]
    [Fact]
    public void Shutdown_TellsThePeerWhy_AndItsRoutesAreGoneThere()
    {
        using var network = new PeerNetwork();
        using var peer = RealPeer.Make("bird", network[0], new PeerSettings { GracefulRestart = true });
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes(OurRoutes);
        kn.SetPeers(KnPeer.Peer() with { RestartTime = TimeSpan.FromSeconds(60) });
        UntilBothHaveAll(kn, peer);
        kn.SetPeers(KnPeer.Peer() with { RestartTime = TimeSpan.FromSeconds(60), IsShutdown = true, ShutdownCommunication = "kernel upgrade until 10:00" });
        Until(kn, peer, () => !peer.Show("10.1.0.0/16").Contains("10.9.0.1", StringComparison.Ordinal), "our route is gone there");
        Until(kn, peer, () => peer.Log.Contains("kernel upgrade until 10:00", StringComparison.Ordinal), "the peer's log has the reason");
    }

    [Conformance("bgp", "Real peers")]
    [Fact]
    public void TooManyPrefixes_EndTheSession()
    {
        using var network = new PeerNetwork(peers: 2);
        using var other = RealPeer.Make("bird", network[0], new PeerSettings());
        using var kn = new KnPeer(network.Kn);
        kn.SetRoutes([.. Enumerable.Range(0, 10).Select(static i => new LocalRoute(IpPrefix.Parse($"10.{100 + i}.0.0/16"), Ours))]);
        kn.SetPeers(KnPeer.Peer());
        using var limited = new KnPeer(network[1], static options => options with { LocalAs = 65001, RouterId = IpAddress.Parse("10.9.0.3") });
        limited.SetPeers(KnPeer.Peer("10.9.0.1", PeerSettings.KnAs) with { MaxPrefixes = 9 });
        kn.SetPeers(KnPeer.Peer(), KnPeer.Peer("10.9.0.3", 65001));
        Until(kn, other, () => limited.Events.Any(static line => line.Contains("maximum number of prefixes", StringComparison.Ordinal)), "the limit was noticed");
        Assert.DoesNotContain(limited.Routes.Keys, static prefix => prefix.StartsWith("10.10", StringComparison.Ordinal));
    }

    /// <summary>TcpExtTCPMD5Failure and its like count what was dropped for its signature, at either end.</summary>
    private static bool Dropped(PeerNetwork network)
    {
        foreach (var space in new[] { network.Kn, network[0] })
        {
            var lines = space.Exec("cat", "/proc/net/netstat").Split('\n');
            var (names, values) = (lines[0].Split(' '), lines[1].Split(' '));
            for (var i = 0; i < names.Length; i++)
            {
                if (names[i].StartsWith("TCPMD5", StringComparison.Ordinal) && values[i] != "0")
                {
                    return true;
                }
            }
        }

        return false;
    }
}
