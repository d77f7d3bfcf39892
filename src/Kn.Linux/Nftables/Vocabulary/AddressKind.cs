namespace Kn.Linux.Nftables;

/// <summary>What kind of address the routing table says it is.</summary>
/// <remarks>RTN_*, uapi/linux/rtnetlink.h.</remarks>
public enum AddressKind : uint
{
    /// <summary>No route.</summary>
    Unspecified = 0,

    /// <summary>Another host's.</summary>
    Unicast = 1,

    /// <summary>One of this host.</summary>
    Local = 2,

    /// <summary>A broadcast address.</summary>
    Broadcast = 3,

    /// <summary>An anycast address of this host.</summary>
    Anycast = 4,

    /// <summary>A multicast group.</summary>
    Multicast = 5,

    /// <summary>A blackhole route.</summary>
    Blackhole = 6,

    /// <summary>An unreachable route.</summary>
    Unreachable = 7,

    /// <summary>A prohibit route.</summary>
    Prohibit = 8,
}
