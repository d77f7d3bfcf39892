using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>A VIP of a Service port.</summary>
/// <param name="Vip">Address, protocol and port.</param>
/// <param name="Traits">How it is treated.</param>
/// <param name="SourceRanges">Only these clients may use it; empty for all. Sorted, none inside another, all of the VIP's family.</param>
public readonly record struct VipPiece(Vip Vip, VipTraits Traits, ValueList<IpPrefix> SourceRanges = default);

/// <summary>How packets to a VIP are treated.</summary>
[Flags]
public enum VipTraits : byte
{
    /// <summary>Everybody gets the endpoints of policy Cluster, masqueraded only on hairpin.</summary>
    None = 0,

    /// <summary>The address is a ClusterIP: masqueraded unless a pod asks, and unknown ports of it are refused.</summary>
    ClusterIp = 1,

    /// <summary>Pods and the node itself get the endpoints of policy Local.</summary>
    LocalInside = 2,

    /// <summary>Clients outside get the endpoints of policy Local, with their address kept.</summary>
    LocalOutside = 4,

    /// <summary>Every client is masqueraded, pods too.</summary>
    Masqueraded = 8,
}
