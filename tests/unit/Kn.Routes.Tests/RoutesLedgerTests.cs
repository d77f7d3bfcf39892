using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Routes.Tests;

public sealed class RoutesLedgerTests
{
    private static readonly RouteKey Four = new(IpPrefix.Parse("10.244.2.0/24"), 512);
    private static readonly RouteKey Six = new(IpPrefix.Parse("fd00:2::/64"), 512);
    private static readonly RouteKey Own = new(IpPrefix.Parse("10.244.1.0/24"), uint.MaxValue);
    private static readonly PodCidrRoute ByFour = new(IpAddress.Parse("192.0.2.2"), 2);
    private static readonly PodCidrRoute BySix = new(IpAddress.Parse("2001:db8::2"), 2);

    private static readonly Underlay Underlay = new([new ConnectedSubnet(IpPrefix.Parse("192.0.2.0/24"), 2)]);

    private readonly RoutesLedger _ledger = new(NullLogger.Instance);

    [Fact]
    public void RoutesToOthers_AreCounted_OwnUnassignedOnesAreNot()
    {
        _ledger.Found(Underlay, ValueMap.Of((Four, ByFour), (Own, PodCidrRoute.Unassigned)));
        _ledger.Changed(Six, null, BySix);
        Assert.Equal((1, 1), (_ledger.Count(IpFamily.V4), _ledger.Count(IpFamily.V6)));
        _ledger.Changed(Four, ByFour, null);
        Assert.Equal((0, 1), (_ledger.Count(IpFamily.V4), _ledger.Count(IpFamily.V6)));
    }

    [Fact]
    public void WhatIsMissingOrOtherThanWeLeftIt_WasSomebodyElse()
    {
        _ledger.Found(Underlay, default);
        _ledger.Changed(Four, null, ByFour);
        _ledger.Changed(Six, null, BySix);
        _ledger.Found(Underlay, ValueMap.Of((Four, ByFour), (Six, BySix)));
        Assert.Equal(0, _ledger.Repaired);
        _ledger.Found(Underlay, ValueMap.Of((Four, ByFour with { LinkIndex = 3 })));
        Assert.Equal(2, _ledger.Repaired);
    }

    [Fact]
    public void RoutesThatGoWithTheirNetwork_OrAfterARefusal_AreNobodysFault()
    {
        _ledger.Found(Underlay, ValueMap.Of((Four, ByFour)));
        _ledger.Found(Underlay.None, default);
        Assert.Equal(0, _ledger.Repaired);
        _ledger.Changed(Four, null, ByFour);
        _ledger.Unknown();
        _ledger.Found(Underlay.None, default);
        Assert.Equal(0, _ledger.Repaired);
    }

    [Fact]
    public void NodesWithoutAWay_AreCounted_ThisOneAndThoseWithoutPodCidrAreNot()
    {
        Node[] nodes =
        [
            Node("n1", "10.244.1.0/24", "198.51.100.1"),
            Node("reached", "10.244.2.0/24", "192.0.2.2"),
            Node("behindARouter", "10.244.3.0/24", "198.51.100.3"),
            Node("otherFamily", "fd00:4::/64", "192.0.2.4"),
            Node("fresh", null, "198.51.100.5"),
        ];
        Assert.Equal(2, RoutesPlan.CountUnreachable(nodes, "n1", Underlay));
    }

    private static Node Node(string name, string? podCidr, string address) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        PodCidrs = podCidr is null ? [] : [IpPrefix.Parse(podCidr)],
        InternalIps = [IpAddress.Parse(address)],
    };
}
