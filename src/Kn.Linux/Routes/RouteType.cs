namespace Kn.Linux.Routes;

/// <summary>What becomes of a packet that a route matches.</summary>
/// <remarks>RTN_*, uapi/linux/rtnetlink.h.</remarks>
public enum RouteType : byte
{
    /// <summary>RTN_UNICAST: sent by the link, to the gateway if there is one.</summary>
    Unicast = 1,

    /// <summary>RTN_LOCAL: for this machine.</summary>
    Local = 2,

    /// <summary>RTN_BROADCAST.</summary>
    Broadcast = 3,

    /// <summary>RTN_ANYCAST.</summary>
    Anycast = 4,

    /// <summary>RTN_MULTICAST.</summary>
    Multicast = 5,

    /// <summary>RTN_BLACKHOLE: dropped in silence.</summary>
    Blackhole = 6,

    /// <summary>RTN_UNREACHABLE: refused with ICMP host unreachable.</summary>
    Unreachable = 7,

    /// <summary>RTN_PROHIBIT: refused with ICMP administratively prohibited.</summary>
    Prohibit = 8,

    /// <summary>RTN_THROW: go on with the next rule.</summary>
    Throw = 9,
}
