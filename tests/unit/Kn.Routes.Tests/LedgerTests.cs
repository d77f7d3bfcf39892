using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.Routes.Pieces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Routes.Tests;

public sealed class LedgerTests
{
    private static readonly RoutesKey Four = RoutesKey.Route(Given.Prefix("10.244.2.0/24"), 512);
    private static readonly RoutesKey Six = RoutesKey.Route(Given.Prefix("fd00:2::/64"), 512);
    private static readonly RoutesKey Own = RoutesKey.Route(Given.Prefix("10.244.1.0/24"), RoutesKey.UnassignedMetric);
    private static readonly RoutesPiece ByFour = PodCidrRoute.Direct(Given.Ip("192.0.2.2"), 2);
    private static readonly RoutesPiece BySix = PodCidrRoute.ByVxlan(Given.Ip("fe80::2"), IpFamily.V4);
    private static readonly KernelNetwork Network = KernelNetwork.None with { Underlay = Given.OneSegment };

    private readonly RoutesLedger _ledger = new(NullLogger.Instance);

    [Fact]
    public void RoutesToOthers_AreCountedByWay_OwnUnassignedOnesAreNot()
    {
        _ledger.Found(Network, ValueMap.Of((Four, ByFour), (Own, PodCidrRoute.Unassigned)));
        Expect(Six, null, BySix);
        Assert.Equal((1, 0, 0, 1), Counts());
        Expect(Four, ByFour, PodCidrRoute.ByVxlan(Given.Ip("10.244.2.0"), IpFamily.V6));
        Assert.Equal((0, 1, 0, 1), Counts());
        Expect(Six, BySix, null);
        Assert.Equal((0, 1, 0, 0), Counts());
    }

    [Fact]
    public void WhatIsMissingOrOtherThanWeLeftIt_WasSomebodyElse()
    {
        _ledger.Found(Network, default);
        Expect(Four, null, ByFour);
        Expect(Six, null, BySix);
        _ledger.Found(Network, ValueMap.Of((Four, ByFour), (Six, BySix)));
        Assert.Equal(0, _ledger.Repaired);
        _ledger.Found(Network, ValueMap.Of((Four, PodCidrRoute.Direct(Given.Ip("192.0.2.2"), 3) as RoutesPiece)));
        Assert.Equal(2, _ledger.Repaired);
    }

    [Fact]
    public void RoutesThatGoWithTheirNetwork_OrAfterARefusal_AreNobodysFault()
    {
        _ledger.Found(Network, ValueMap.Of((Four, ByFour)));
        _ledger.Found(KernelNetwork.None, default);
        Assert.Equal(0, _ledger.Repaired);
        Expect(Four, null, ByFour);
        _ledger.Unknown();
        _ledger.Found(KernelNetwork.None, default);
        Assert.Equal(0, _ledger.Repaired);
    }

    [Fact]
    public void PiecesOfATunnel_AreKnown_ForALinkThatIsMadeAnew()
    {
        var forward = RoutesKey.Forward(IpFamily.V4, Vtep.MacOf("n2"));
        _ledger.Found(Network, ValueMap.Of<RoutesKey, RoutesPiece>(
            (RoutesKey.Link(IpFamily.V4), new VxlanTunnel(default, 1, 1, null, 1450)), (forward, new TunnelForward(Given.Ip("192.0.2.2"))), (Four, ByFour), (Six, BySix)));
        Assert.Equal([forward, Six], _ledger.On(IpFamily.V4).Select(static entry => entry.Key).OrderBy(static key => key.Kind));
        Assert.Empty(_ledger.On(IpFamily.V6));
    }

    private void Expect(RoutesKey key, RoutesPiece? before, RoutesPiece? after) => _ledger.Expect(new Changes<RoutesKey, RoutesPiece>([new(key, before, after)]));

    private (int, int, int, int) Counts() => (
        _ledger.Count(IpFamily.V4, byVxlan: false), _ledger.Count(IpFamily.V4, byVxlan: true),
        _ledger.Count(IpFamily.V6, byVxlan: false), _ledger.Count(IpFamily.V6, byVxlan: true));
}
