using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Pieces;

/// <summary>What names a thing of ours in the kernel, as the kernel tells things apart.</summary>
public readonly record struct RoutesKey
{
    /// <summary>Metric of the unreachable routes for this node's own podCIDRs: the worst there is, so that whatever else knows the prefix wins.</summary>
    public const uint UnassignedMetric = uint.MaxValue;

    private RoutesKey(RoutesKind kind)
    {
        Kind = kind;
    }

    /// <summary>What it is.</summary>
    public RoutesKind Kind { get; private init; }

    /// <summary>A route's destination; the one address of a neighbour or of the link.</summary>
    public IpPrefix Prefix { get; private init; }

    /// <summary>A route's metric: part of its name, so that one which was left with another metric (an older config) is noticed and removed.</summary>
    public uint Metric { get; private init; }

    /// <summary>An FDB entry's Ethernet address.</summary>
    public MacAddress Mac { get; private init; }

    /// <summary>Which VXLAN link, by the family of its outer packets; IPv4 for routes, which have none in their name.</summary>
    public IpFamily Outer { get; private init; }

    /// <summary>A route: the kernel holds one for a destination and a metric.</summary>
    public static RoutesKey Route(IpPrefix destination, uint metric) => new(RoutesKind.Route) { Prefix = destination, Metric = metric };

    /// <summary>A VXLAN link.</summary>
    public static RoutesKey Link(IpFamily outer) => new(RoutesKind.Link) { Outer = outer };

    /// <summary>An address of a VXLAN link.</summary>
    public static RoutesKey Address(IpFamily outer, IpAddress address) => new(RoutesKind.Address) { Outer = outer, Prefix = IpPrefix.Of(address) };

    /// <summary>A neighbour on a VXLAN link.</summary>
    public static RoutesKey Neighbour(IpFamily outer, IpAddress address) => new(RoutesKind.Neighbour) { Outer = outer, Prefix = IpPrefix.Of(address) };

    /// <summary>An FDB entry of a VXLAN link.</summary>
    public static RoutesKey Forward(IpFamily outer, MacAddress mac) => new(RoutesKind.Forward) { Outer = outer, Mac = mac };

    /// <summary>What it names, in words.</summary>
    public override string ToString() => Kind switch
    {
        RoutesKind.Route => $"route {Prefix}",
        RoutesKind.Link => Vtep.LinkName(Outer),
        RoutesKind.Forward => $"{Vtep.LinkName(Outer)} FDB {Mac}",
        _ => $"{Vtep.LinkName(Outer)} {(Kind == RoutesKind.Address ? "address" : "neighbour")} {Prefix.Address}",
    };
}

/// <summary>The kinds, in the order in which they are made: each needs those before it.</summary>
public enum RoutesKind
{
    /// <summary>A VXLAN link.</summary>
    Link,

    /// <summary>An address of a VXLAN link.</summary>
    Address,

    /// <summary>An FDB entry: behind which node an Ethernet address is.</summary>
    Forward,

    /// <summary>A neighbour: which Ethernet address a next hop has.</summary>
    Neighbour,

    /// <summary>A route to a podCIDR.</summary>
    Route,
}
