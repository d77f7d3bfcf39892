using System.Buffers;
using Kn.Bgp.Attributes;
using Kn.Bgp.Messages;
using Kn.Bgp.Policies;
using Kn.Bgp.Ribs;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

public sealed class RibTests : IRibObserver
{
    private const uint OwnAs = 64512;
    private static readonly IpPrefix Prefix = IpPrefix.Parse("10.0.0.0/8");
    private readonly Dictionary<IpPrefix, string[]> _chosen = [];
    private readonly Rib _rib;
    private int _changes;

    public RibTests() => _rib = Make(new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1") });

    void IRibObserver.Changed(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths)
    {
        _changes++;
        _chosen[prefix] = paths.ToArray().Select(static path => path.Peer.ToString()).ToArray();
    }

    private static Rib Make(BgpSpeakerOptions options) => new(options);

    private static PathAttributes Path(string nextHop, params uint[] asns) => new() { NextHop = IpAddress.Parse(nextHop), AsPath = AsPath.Sequence(asns) };

    private static RibPeer Add(Rib rib, string address, uint asn, Func<RibPeerOptions, RibPeerOptions>? change = null)
    {
        var options = new RibPeerOptions { Kind = asn == OwnAs ? RouteKind.Internal : RouteKind.External, Address = IpAddress.Parse(address), LocalAs = OwnAs };
        var peer = rib.AddPeer(change?.Invoke(options) ?? options);
        peer.RouterId = (uint)IpAddress.Parse(address).Number;
        peer.Families = FamilySet.Both;
        peer.SessionAddress = IpAddress.Parse("192.0.2.254");
        return peer;
    }

    private static void Announce(Rib rib, RibPeer peer, PathAttributes attributes, string prefix = "10.0.0.0/8")
    {
        var key = PrefixKey.Of(IpPrefix.Parse(prefix));
        var bytes = new byte[key.WireBytes];
        key.Write(bytes);
        rib.Announce(peer, IpPrefix.Parse(prefix).Family, bytes, attributes);
    }

    private static void Withdraw(Rib rib, RibPeer peer, string prefix = "10.0.0.0/8")
    {
        var key = PrefixKey.Of(IpPrefix.Parse(prefix));
        var bytes = new byte[key.WireBytes];
        key.Write(bytes);
        rib.Withdraw(peer, IpPrefix.Parse(prefix).Family, bytes);
    }

    /// <summary>What a peer is told now: '+prefix attributes' and '-prefix'.</summary>
    private static List<string> Told(Rib rib, RibPeer peer, IpFamily family = IpFamily.V4)
    {
        var said = new List<string>();
        var output = new ArrayBufferWriter<byte>();
        rib.Tell(peer, family, new UpdateWriter(MessageHeader.MaxLength, fourOctets: true), output, int.MaxValue);
        var context = (peer.Options.Kind == RouteKind.External ? Wire.External : Wire.Internal) with { EnforceFirstAs = false, ExtendedNextHop = true };
        foreach (var (_, body) in Wire.Split(output.WrittenSpan))
        {
            var update = UpdateReader.Read(body, context);
            Assert.True(update is { Error: null }, $"{update.Error}");
            said.AddRange(Wire.Prefixes(IpFamily.V4, update.Withdrawn).Concat(Wire.Prefixes(IpFamily.V6, update.MultiprotocolWithdrawn)).Select(static prefix => $"-{prefix}"));
            var (v4, v6) = (update.Attributes, update.MultiprotocolAttributes);
            said.AddRange(Wire.Prefixes(IpFamily.V4, update.Announced).Select(prefix => $"+{prefix} {v4}"));
            said.AddRange(Wire.Prefixes(update.ReachFamily ?? IpFamily.V6, update.MultiprotocolAnnounced).Select(prefix => $"+{prefix} {v6}"));
        }

        return said;
    }

    private string Chosen => string.Join(' ', _chosen.GetValueOrDefault(Prefix, []));

    private void Decide() => _rib.Decide(this);

    public static TheoryData<string, PathAttributes, PathAttributes> Preferences => new()
    {
        { "higher LOCAL_PREF", Path("192.0.2.2", 1, 2, 3) with { LocalPref = 200 }, Path("192.0.2.3", 1) },
        { "shorter path", Path("192.0.2.2", 1) with { Origin = Origin.Incomplete }, Path("192.0.2.3", 1, 2) },
        { "a set counts one", Path("192.0.2.2") with { AsPath = new AsPath([new(AsPathSegmentKind.Set, [1, 2, 3])]) }, Path("192.0.2.3", 1, 2) },
        { "lower origin", Path("192.0.2.2", 1) with { Med = 9 }, Path("192.0.2.3", 1) with { Origin = Origin.Egp } },
        { "lower MED of the same neighbour", Path("192.0.2.2", 1) with { Med = 1 }, Path("192.0.2.3", 1) with { Med = 2 } },
        { "no MED is the lowest", Path("192.0.2.2", 1), Path("192.0.2.3", 1) with { Med = 2 } },
    };

    [Conformance("bgp", "Choosing")]
    [Theory, MemberData(nameof(Preferences))]
    public void Path_IsChosen_ByTheStepsOfTheDecisionInOrder(string why, PathAttributes better, PathAttributes worse)
    {
        // The better one comes from the peer that loses every tie.
        foreach (var isFirst in new[] { true, false })
        {
            var rib = Make(new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1") });
            var winner = Add(rib, "192.0.2.9", 65001);
            var loser = Add(rib, "192.0.2.3", 65002);
            Announce(rib, isFirst ? winner : loser, isFirst ? better : worse);
            rib.Decide(this);
            Announce(rib, isFirst ? loser : winner, isFirst ? worse : better);
            rib.Decide(this);
            Assert.True(Chosen == "192.0.2.9", why);
        }
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void Path_OfAnotherAs_IsPreferred_ToOneOfTheSame()
    {
        var inside = Add(_rib, "192.0.2.2", OwnAs);
        var outside = Add(_rib, "192.0.2.3", 65001);
        Announce(_rib, inside, Path("192.0.2.2", 65002));
        Announce(_rib, outside, Path("192.0.2.3", 65001));
        Decide();
        Assert.Equal("192.0.2.3", Chosen);
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void Med_IsNotComparedBetweenNeighbours_WhateverTheOrder()
    {
        // A textbook case: c beats b by MED, a and c are equal up to there. Without elimination the order of arrival would decide.
        var (a, b, c) = (Add(_rib, "192.0.2.4", 65001), Add(_rib, "192.0.2.3", 65002), Add(_rib, "192.0.2.2", 65002));
        (RibPeer Peer, PathAttributes Path)[] paths = [(a, Path("192.0.2.4", 65001) with { Med = 50 }), (b, Path("192.0.2.3", 65002) with { Med = 20 }), (c, Path("192.0.2.2", 65002) with { Med = 10 })];
        foreach (var order in new[] { new[] { 0, 1, 2 }, [2, 1, 0], [1, 2, 0], [1, 0, 2] })
        {
            foreach (var peer in new[] { a, b, c })
            {
                Withdraw(_rib, peer);
            }

            foreach (var i in order)
            {
                Announce(_rib, paths[i].Peer, paths[i].Path);
                Decide();
            }

            Assert.Equal("192.0.2.2 192.0.2.4", Chosen);
        }
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void Ties_AreBrokenByIdentifier_ThenClusters_ThenAddress()
    {
        var rib = Make(new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1"), MaxPaths = 1 });
        var (low, high) = (Add(rib, "192.0.2.2", OwnAs), Add(rib, "192.0.2.3", OwnAs));
        Announce(rib, low, Path("192.0.2.2"));
        Announce(rib, high, Path("192.0.2.3"));
        rib.Decide(this);
        Assert.Equal("192.0.2.2", Chosen);
        Announce(rib, high, Path("192.0.2.3") with { OriginatorId = 1, ClusterList = [7] });
        rib.Decide(this);
        Assert.Equal("192.0.2.3", Chosen);
        Announce(rib, low, Path("192.0.2.2") with { OriginatorId = 1, ClusterList = [7, 8] });
        rib.Decide(this);
        Assert.Equal("192.0.2.3", Chosen);
        Announce(rib, low, Path("192.0.2.2") with { OriginatorId = 1, ClusterList = [7] });
        rib.Decide(this);
        Assert.Equal("192.0.2.2", Chosen);
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void NextHop_ThatCannotBeReached_IsNotUsed_AndTheNearerOneIs()
    {
        var costs = new Dictionary<string, uint?> { ["192.0.2.2"] = null, ["192.0.2.3"] = 10, ["192.0.2.4"] = 5 };
        var rib = Make(new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1"), NextHopCost = hop => costs[hop.ToString()] });
        foreach (var address in costs.Keys)
        {
            Announce(rib, Add(rib, address, OwnAs), Path(address));
        }

        rib.Decide(this);
        Assert.Equal("192.0.2.4", Chosen);
        costs["192.0.2.4"] = null;
        rib.MarkAllDirty();
        rib.Decide(this);
        Assert.Equal("192.0.2.3", Chosen);
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void PathsOfEqualWorth_AreUsedTogether_UpToALimit()
    {
        var options = new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1"), MaxPaths = 3 };
        var rib = Make(options);
        for (var i = 5; i > 1; i--)
        {
            Announce(rib, Add(rib, $"192.0.2.{i}", (uint)(65000 + i)), Path($"192.0.2.{i}", (uint)(65000 + i)));
        }

        rib.Decide(this);
        Assert.Equal("192.0.2.2 192.0.2.3 192.0.2.4", Chosen);
        var strict = Make(options with { MultipathRelax = false });
        Announce(strict, Add(strict, "192.0.2.2", 65001), Path("192.0.2.2", 65001));
        Announce(strict, Add(strict, "192.0.2.3", 65001), Path("192.0.2.3", 65001));
        Announce(strict, Add(strict, "192.0.2.4", 65002), Path("192.0.2.4", 65002));
        strict.Decide(this);
        Assert.Equal("192.0.2.2 192.0.2.3", Chosen);
    }

    [Conformance("bgp", "Choosing")]
    [Theory]
    [InlineData("own AS in the path")]
    [InlineData("own identifier as originator")]
    [InlineData("own cluster")]
    [InlineData("own address as next hop")]
    public void Path_ThatCameInALoop_IsLeftOut(string loop)
    {
        var attributes = loop switch
        {
            "own AS in the path" => Path("192.0.2.2", 65001, OwnAs),
            "own identifier as originator" => Path("192.0.2.2") with { OriginatorId = 0x0A00_0001 },
            "own cluster" => Path("192.0.2.2") with { ClusterList = [5, 0x0A00_0001] },
            _ => Path("192.0.2.254"),
        };
        var peer = Add(_rib, "192.0.2.2", OwnAs);
        Announce(_rib, peer, attributes);
        Decide();
        Assert.Equal("", Chosen);
        Assert.Equal(1, peer.Received(IpFamily.V4));
    }

    [Conformance("bgp", "Choosing")]
    [Fact]
    public void RouteThatWillGoAway_IsUsedOnlyWhereNothingElseIs()
    {
        var (going, other) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", 65002));
        Announce(_rib, going, Path("192.0.2.2", 65001) with { Communities = [Community.GracefulShutdown] });
        Decide();
        Assert.Equal("192.0.2.2", Chosen);
        Announce(_rib, other, Path("192.0.2.3", 65002, 3, 4, 5));
        Decide();
        Assert.Equal("192.0.2.3", Chosen);
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void OtherAs_IsToldOurAsAndAddress_AndNothingThatIsOurs()
    {
        var (source, peer) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", 65002));
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Med = 5, LocalPref = 300, Communities = [Community.Of(1, 2)], Unknown = [new(99, [1])] });
        Decide();
        Assert.Equal(["+10.0.0.0/8 via 192.0.2.254 path [64512 65001] origin Igp communities 1:2"], Told(_rib, peer));
        Assert.Equal([], Told(_rib, source));
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void InternalPeer_IsToldWhatWasLearnedOutside_AsItWas()
    {
        var (source, peer) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", OwnAs));
        var self = Add(_rib, "192.0.2.4", OwnAs, static options => options with { NextHopSelf = true });
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Med = 5 });
        Decide();
        Assert.Equal(["+10.0.0.0/8 via 192.0.2.2 path [65001] origin Igp med 5 local-pref 100"], Told(_rib, peer));
        Assert.Equal(["+10.0.0.0/8 via 192.0.2.254 path [65001] origin Igp med 5 local-pref 100"], Told(_rib, self));
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void InternalPeers_AreNotToldOfEachOther_ExceptByAReflector()
    {
        var (a, b) = (Add(_rib, "192.0.2.2", OwnAs), Add(_rib, "192.0.2.3", OwnAs));
        var (client, other) = (Add(_rib, "192.0.2.4", OwnAs, static options => options with { IsClient = true }), Add(_rib, "192.0.2.5", OwnAs, static options => options with { IsClient = true }));
        Announce(_rib, a, Path("192.0.2.2"), "10.1.0.0/16");
        Announce(_rib, client, Path("192.0.2.4"), "10.2.0.0/16");
        Decide();
        const string FromA = "+10.1.0.0/16 via 192.0.2.2 path [] origin Igp local-pref 100 originator 192.0.2.2 clusters 10.0.0.1";
        const string FromClient = "+10.2.0.0/16 via 192.0.2.4 path [] origin Igp local-pref 100 originator 192.0.2.4 clusters 10.0.0.1";
        Assert.Equal([FromClient], Told(_rib, a));
        Assert.Equal([FromClient], Told(_rib, b));
        Assert.Equal([FromA], Told(_rib, client));
        Assert.Equal([FromA, FromClient], Told(_rib, other).Order());
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void WellKnownCommunities_AreObeyed()
    {
        var (source, inside, outside) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", OwnAs), Add(_rib, "192.0.2.4", 65002));
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Communities = [Community.NoExport] }, "10.1.0.0/16");
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Communities = [Community.NoAdvertise] }, "10.2.0.0/16");
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Communities = [Community.NoExportSubconfederation] }, "10.3.0.0/16");
        Decide();
        Assert.Equal([], Told(_rib, outside));
        Assert.Equal(["10.1.0.0/16", "10.3.0.0/16"], Told(_rib, inside).Select(static said => said[1..].Split(' ')[0]).Order());
    }

    [Conformance("bgp", "Policies")]
    [Fact]
    public void ExportPolicy_ChoosesAndChanges()
    {
        var policy = new RoutePolicy([
            new RouteRule { Accept = false, Prefixes = [new PrefixRange(IpPrefix.Parse("10.244.0.0/16"), 25, 32)] },
            new RouteRule { Accept = true, Prefixes = [PrefixRange.OrLonger(IpPrefix.Parse("10.244.0.0/16"))], Changes = new RouteChanges { Prepend = 2, Med = 30, Communities = [Community.Of(64512, 7)], LargeCommunities = [new(64512, 8, 9)] } },
        ]);
        var peer = Add(_rib, "192.0.2.2", 65001, options => options with { Export = policy });
        foreach (var prefix in new[] { "10.244.1.0/24", "10.244.1.7/32", "10.96.0.1/32" })
        {
            _rib.Announce(new LocalRoute(IpPrefix.Parse(prefix)));
        }

        Decide();
        Assert.Equal(["+10.244.1.0/24 via 192.0.2.254 path [64512 64512 64512] origin Igp med 30 communities 64512:7 large 64512:8:9"], Told(_rib, peer));
    }

    [Conformance("bgp", "Policies")]
    [Fact]
    public void ImportPolicy_ChoosesAndChanges()
    {
        var policy = new RoutePolicy([new RouteRule { Accept = true, Prefixes = [new PrefixRange(IpPrefix.Parse("0.0.0.0/0"), 8, 24)], Changes = new RouteChanges { LocalPref = 250 } }]);
        var peer = Add(_rib, "192.0.2.2", 65001, options => options with { Import = policy });
        Announce(_rib, peer, Path("192.0.2.2", 65001), "0.0.0.0/0");
        Announce(_rib, peer, Path("192.0.2.2", 65001));
        Decide();
        Assert.Equal([Prefix], _chosen.Keys);
        var entries = new List<(string, uint?)>();
        _rib.Visit(IpFamily.V4, (prefix, route, flags) => entries.Add(($"{prefix} {flags}", route.Attributes.LocalPref)));
        Assert.Equal([("0.0.0.0/0 Rejected", null), ("10.0.0.0/8 Best, InUse", 250u)], entries);
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void Prefix_WithoutANextHopOfItsFamily_IsNotTold()
    {
        var peer = Add(_rib, "192.0.2.2", 65001);
        _rib.Announce(new LocalRoute(IpPrefix.Parse("2001:db8::/32")));
        Decide();
        Assert.Equal([], Told(_rib, peer, IpFamily.V6));
        peer.Options = peer.Options with { NextHopV6 = IpAddress.Parse("2001:db8::9") };
        _rib.PolicyChanged(peer);
        Assert.Equal(["+2001:db8::/32 via 2001:db8::9 path [64512] origin Igp"], Told(_rib, peer, IpFamily.V6));
    }

    [Fact]
    public void SameAgain_TellsNobody()
    {
        var (source, peer) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", OwnAs));
        Announce(_rib, source, Path("192.0.2.2", 65001));
        Decide();
        Assert.Single(Told(_rib, peer));
        var changes = _changes;
        Announce(_rib, source, Path("192.0.2.2", 65001));
        Decide();
        Assert.Equal([], Told(_rib, peer));
        Assert.Equal(changes, _changes);
        Withdraw(_rib, source);
        Announce(_rib, source, Path("192.0.2.2", 65001));
        Decide();
        Assert.Equal([], Told(_rib, peer));
    }

    [Conformance("bgp", "Telling")]
    [Fact]
    public void RouteRefresh_TellsEverythingAgain_AndWhatIsGoneIsWithdrawn()
    {
        var (source, peer) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", OwnAs));
        Announce(_rib, source, Path("192.0.2.2", 65001), "10.1.0.0/16");
        Announce(_rib, source, Path("192.0.2.2", 65001), "10.2.0.0/16");
        Decide();
        Assert.Equal(2, Told(_rib, peer).Count);
        Withdraw(_rib, source, "10.2.0.0/16");
        _rib.TellAgain(peer, IpFamily.V4);
        Decide();
        Assert.Equal(["-10.2.0.0/16", "+10.1.0.0/16"], Told(_rib, peer).Select(static said => said.Split(' ')[0]));
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void StaleRoutes_GoOnBeingUsed_UntilThoseThatWereNotToldAgainAreRemoved()
    {
        var (source, peer) = (Add(_rib, "192.0.2.2", 65001), Add(_rib, "192.0.2.3", OwnAs));
        foreach (var prefix in new[] { "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16" })
        {
            Announce(_rib, source, Path("192.0.2.2", 65001), prefix);
        }

        Decide();
        Assert.Equal(3, Told(_rib, peer).Count);
        _rib.MarkStale(source, FamilySet.V4);
        Announce(_rib, source, Path("192.0.2.2", 65001), "10.1.0.0/16");
        Announce(_rib, source, Path("192.0.2.2", 65001) with { Med = 3 }, "10.2.0.0/16");
        Decide();
        Assert.Equal(["+10.2.0.0/16"], Told(_rib, peer).Select(static said => said.Split(' ')[0]));
        _rib.RemovePaths(source, FamilySet.Both, staleOnly: true);
        Decide();
        Assert.Equal(["-10.3.0.0/16"], Told(_rib, peer));
        Assert.Equal(2, source.Received(IpFamily.V4));
    }

    /// <summary>Any sequence of changes ends where telling everything from nothing does, and everything that was used is free in the end.</summary>
    [Fact]
    public void RandomChanges_EndWhereAFreshTableDoes()
    {
        var random = new Random(9);
        var peers = Enumerable.Range(2, 4).Select(i => Add(_rib, $"192.0.2.{i}", i < 4 ? OwnAs : (uint)(65000 + i), options => options with { IsClient = i == 2 })).ToArray();
        var present = new Dictionary<(int Peer, int Prefix), PathAttributes>();
        var told = peers.Select(static _ => new Dictionary<string, string>()).ToArray();
        for (var round = 0; round < 300; round++)
        {
            for (var change = random.Next(1, 20); change > 0; change--)
            {
                var (peer, prefix) = (random.Next(peers.Length), random.Next(40));
                if (random.Next(3) == 0)
                {
                    Withdraw(_rib, peers[peer], $"10.{prefix}.0.0/16");
                    present.Remove((peer, prefix));
                }
                else
                {
                    var path = Path($"192.0.2.{2 + peer}", peer < 2 ? [] : [(uint)(65002 + peer), (uint)random.Next(1, 4)]) with { Med = (uint)random.Next(3) };
                    Announce(_rib, peers[peer], path, $"10.{prefix}.0.0/16");
                    present[(peer, prefix)] = path;
                }
            }

            Decide();
            for (var i = 0; i < peers.Length; i++)
            {
                Follow(told[i], Told(_rib, peers[i]));
            }
        }

        var fresh = Make(new BgpSpeakerOptions { LocalAs = OwnAs, RouterId = IpAddress.Parse("10.0.0.1") });
        var others = Enumerable.Range(2, 4).Select(i => Add(fresh, $"192.0.2.{i}", i < 4 ? OwnAs : (uint)(65000 + i), options => options with { IsClient = i == 2 })).ToArray();
        foreach (var ((peer, prefix), path) in present)
        {
            Announce(fresh, others[peer], path, $"10.{prefix}.0.0/16");
        }

        fresh.Decide(this);
        for (var i = 0; i < peers.Length; i++)
        {
            var expected = new Dictionary<string, string>();
            Follow(expected, Told(fresh, others[i]));
            Assert.Equal(expected.OrderBy(static pair => pair.Key), told[i].OrderBy(static pair => pair.Key));
        }

        foreach (var peer in peers)
        {
            _rib.RemovePeer(peer);
        }

        Decide();
        Assert.Equal(0, _rib.Count(IpFamily.V4));
        Assert.Equal(0, _rib.Attributes.Count);
    }

    private static void Follow(Dictionary<string, string> told, List<string> said)
    {
        foreach (var line in said)
        {
            var prefix = line[1..].Split(' ')[0];
            if (line[0] == '-')
            {
                Assert.True(told.Remove(prefix), $"{prefix} was withdrawn without having been told");
            }
            else
            {
                told[prefix] = line;
            }
        }
    }
}
