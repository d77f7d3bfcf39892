using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Pieces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Routes.Tests;

/// <summary>Which of the kernel's notifications make the module read everything again.</summary>
public sealed class DriftTests
{
    private const uint Own = 4711;
    private const int Tunnel = 9;
    private static readonly MacAddress Mac = Vtep.MacOf("n2");

    private static readonly Route Direct = new() { Destination = Given.Prefix("10.0.3.0/24"), Gateway = Given.Ip("192.0.2.3"), LinkIndex = 2, Metric = 512, Protocol = 75 };
    private static readonly Route ByTunnel = new() { Destination = Given.Prefix("10.0.2.0/24"), Gateway = Given.Ip("10.0.2.0"), LinkIndex = Tunnel, Metric = 512, Protocol = 75, OnLink = true };
    private static readonly Link Underlay = new() { Index = 2, Name = "eth0", Flags = LinkFlags.Up, Mtu = 1500 };

    private static readonly Link Vxlan = new()
    {
        Index = Tunnel,
        Name = "kn-vxlan",
        Kind = "vxlan",
        Flags = LinkFlags.Up,
        Mtu = 1450,
        Mac = Vtep.MacOf("n1"),
        Vxlan = new VxlanSettings { Vni = 75, Local = IpAddress.Parse("192.0.2.1"), Checksum = false, DontFragment = VxlanDontFragment.Inherit },
    };

    private static readonly Neighbour Hop = new() { Address = Given.Ip("10.0.2.0"), LinkIndex = Tunnel, Mac = Mac };
    private static readonly FdbEntry Entry = new() { Mac = Mac, LinkIndex = Tunnel, Remote = Given.Ip("198.51.100.2") };
    private static readonly LinkAddress TunnelAddress = Given.Address("10.0.1.0", 32, Tunnel);
    private static readonly LinkAddress NodeAddress = Given.Address("192.0.2.1", 24, 2);

    public sealed record DriftCase(string Name, RouteEvent Event, bool Concerns)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<DriftCase> Cases() => new()
    {
        new DriftCase("events lost", new EventsLost(), true),
        new DriftCase("our own removal", new RouteChangeEvent(Direct) { IsRemoved = true, CausedBy = Own }, false),
        new DriftCase("a route removed", new RouteChangeEvent(Direct) { IsRemoved = true }, true),
        new DriftCase("a tunnel's route removed", new RouteChangeEvent(ByTunnel) { IsRemoved = true, CausedBy = 1 }, true),
        new DriftCase("a route as we know it", new RouteChangeEvent(Direct), false),
        new DriftCase("another next hop", new RouteChangeEvent(Direct with { Gateway = Given.Ip("192.0.2.9") }), true),
        new DriftCase("another's in place of ours", new RouteChangeEvent(Direct with { Protocol = 3 }), true),
        new DriftCase("another's beside ours", new RouteChangeEvent(Direct with { Protocol = 3, Metric = 0 }), false),
        new DriftCase("another table", new RouteChangeEvent(Direct with { Table = (RouteTable)100 }) { IsRemoved = true }, false),
        new DriftCase("a stray one of ours", new RouteChangeEvent(Direct with { Destination = Given.Prefix("10.0.9.0/24") }), true),
        new DriftCase("a pod's route", new RouteChangeEvent(new Route { Destination = Given.Prefix("10.0.1.5/32"), LinkIndex = 5, Protocol = 75 }) { IsRemoved = true }, false),
        new DriftCase("removal of what we do not have", new RouteChangeEvent(Direct with { Metric = 9 }) { IsRemoved = true }, false),
        new DriftCase("tunnel as we know it", new LinkEvent(Vxlan), false),
        new DriftCase("tunnel down", new LinkEvent(Vxlan with { Flags = LinkFlags.None }), true),
        new DriftCase("tunnel of another MTU", new LinkEvent(Vxlan with { Mtu = 1300 }), true),
        new DriftCase("tunnel gone", new LinkEvent(Vxlan) { IsRemoved = true }, true),
        new DriftCase("underlay as we know it", new LinkEvent(Underlay), false),
        new DriftCase("underlay down", new LinkEvent(Underlay with { Flags = LinkFlags.None }), true),
        new DriftCase("underlay of another MTU", new LinkEvent(Underlay with { Mtu = 1400 }), true),
        new DriftCase("underlay gone", new LinkEvent(Underlay) { IsRemoved = true }, true),
        new DriftCase("a pod's link", new LinkEvent(new Link { Index = 20, Name = "kn0123456789ab", Group = 75, Flags = LinkFlags.Up }), false),
        new DriftCase("a link without addresses", new LinkEvent(new Link { Index = 21, Name = "br0", Flags = LinkFlags.Up }), false),
        new DriftCase("an address that we know", new AddressEvent(NodeAddress), false),
        new DriftCase("an address gone", new AddressEvent(NodeAddress) { IsRemoved = true }, true),
        new DriftCase("a new address", new AddressEvent(Given.Address("192.0.2.7", 24, 2)), true),
        new DriftCase("a pod's link-local address", new AddressEvent(Given.Address("fe80::7", 64, 20)), false),
        new DriftCase("the tunnel's address", new AddressEvent(TunnelAddress), false),
        new DriftCase("the tunnel's address gone", new AddressEvent(TunnelAddress) { IsRemoved = true }, true),
        new DriftCase("the tunnel's own link-local address", new AddressEvent(Given.Address("fe80::7", 64, Tunnel)), false),
        new DriftCase("a stranger's address on the tunnel", new AddressEvent(Given.Address("10.9.9.9", 32, Tunnel)), true),
        new DriftCase("a neighbour that we know", new NeighbourEvent(Hop), false),
        new DriftCase("a neighbour gone", new NeighbourEvent(Hop) { IsRemoved = true }, true),
        new DriftCase("a neighbour that ages now", new NeighbourEvent(Hop with { State = NeighbourStates.Stale }), true),
        new DriftCase("a neighbour with another MAC", new NeighbourEvent(Hop with { Mac = Vtep.MacOf("n9") }), true),
        new DriftCase("what the kernel asks for in vain", new NeighbourEvent(Hop with { Address = Given.Ip("10.0.2.9"), State = NeighbourStates.Failed, Mac = null }), false),
        new DriftCase("a neighbour of the underlay", new NeighbourEvent(Hop with { LinkIndex = 2 }) { IsRemoved = true }, false),
        new DriftCase("an FDB entry that we know", new FdbEvent(Entry), false),
        new DriftCase("an FDB entry gone", new FdbEvent(Entry) { IsRemoved = true }, true),
        new DriftCase("an FDB entry to another node", new FdbEvent(Entry with { Remote = Given.Ip("198.51.100.9") }), true),
        new DriftCase("removal of an FDB entry that we removed", new FdbEvent(Entry with { Mac = Vtep.MacOf("n9") }) { IsRemoved = true }, false),
        new DriftCase("an FDB entry of a bridge", new FdbEvent(Entry with { LinkIndex = 3 }) { IsRemoved = true }, false),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Event_ConcernsUs_AsTheTableSays(DriftCase row)
    {
        var ledger = new RoutesLedger(NullLogger.Instance);
        var tunnels = new TunnelLinks(Tunnel, 0);
        var network = KernelNetwork.Of([Underlay, Vxlan], [NodeAddress, TunnelAddress], Kn.Routes.Underlay.None);
        Assert.Equal(tunnels, network.Tunnels);
        ledger.Found(network, ValueMap.Of<RoutesKey, RoutesPiece>(
            (KernelPieces.KeyOf(Direct), KernelPieces.Of(Direct, tunnels)),
            (KernelPieces.KeyOf(ByTunnel), KernelPieces.Of(ByTunnel, tunnels)),
            (RoutesKey.Link(IpFamily.V4), KernelPieces.Of(Vxlan)),
            (RoutesKey.Address(IpFamily.V4, TunnelAddress.Address), Pieces.TunnelAddress.Present),
            (RoutesKey.Neighbour(IpFamily.V4, Hop.Address), new TunnelNeighbour(Mac)),
            (RoutesKey.Forward(IpFamily.V4, Mac), new TunnelForward(Given.Ip("198.51.100.2")))));
        Assert.Equal(row.Concerns, RoutesDrift.Concerns(row.Event, ledger, Own));
    }

    [Fact]
    public void OurRoutes_AreToldFromPodsAndForeignOnes()
    {
        Assert.True(KernelPieces.IsOurs(Direct));
        Assert.True(KernelPieces.IsOurs(Direct with { Gateway = null, LinkIndex = 0, Type = RouteType.Unreachable }));
        Assert.False(KernelPieces.IsOurs(Direct with { Protocol = 4 }));
        Assert.False(KernelPieces.IsOurs(Direct with { Gateway = null }));
        Assert.False(KernelPieces.IsOurs(Direct with { Table = (RouteTable)100 }));
    }

    /// <summary>What is planned, made and read back is the same; so a restart changes nothing.</summary>
    [Fact]
    public void Pieces_ReadBackAsPlanned()
    {
        var tunnels = new TunnelLinks(Tunnel, 10);
        foreach (var (key, piece) in ((RoutesKey, RoutesPiece)[])
        [
            (KernelPieces.KeyOf(Direct), PodCidrRoute.Direct(Given.Ip("192.0.2.3"), 2)),
            (KernelPieces.KeyOf(ByTunnel), PodCidrRoute.ByVxlan(Given.Ip("10.0.2.0"), IpFamily.V6)),
            (RoutesKey.Route(Given.Prefix("fd00:2::/64"), 512), PodCidrRoute.ByVxlan(Given.Ip("fe80::2"), IpFamily.V4)),
            (RoutesKey.Route(Given.Prefix("fd00:1::/64"), RoutesKey.UnassignedMetric), PodCidrRoute.Unassigned),
        ])
        {
            var outer = RoutesLedger.OuterOf(key, piece);
            var made = Assert.IsType<EnsureRoute>(KernelPieces.Ensure(key, piece, outer is { } family ? tunnels[family] : 0)).Route;
            Assert.Equal((key, piece), (KernelPieces.KeyOf(made), KernelPieces.Of(made.Normalized(), tunnels)));
        }

        var tunnel = new VxlanTunnel(Mac, 75, 4789, Given.Ip("192.0.2.1"), 1450);
        var link = KernelPieces.ToLink(tunnel, IpFamily.V4);
        Assert.Equal(tunnel, KernelPieces.Of(new Link { Index = 1, Name = link.Name, Mac = link.Mac, Mtu = link.Mtu!.Value, Flags = LinkFlags.Up, Vxlan = link.Settings }));
    }
}
