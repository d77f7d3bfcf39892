namespace Kn.Linux.Routes;

/// <summary>State and abilities of a link.</summary>
/// <remarks>IFF_*, uapi/linux/if.h; bits without a name here are kept.</remarks>
[Flags]
public enum LinkFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>IFF_UP: switched on by the administrator.</summary>
    Up = 0x1,

    /// <summary>IFF_BROADCAST: has a broadcast address.</summary>
    Broadcast = 0x2,

    /// <summary>IFF_LOOPBACK.</summary>
    Loopback = 0x8,

    /// <summary>IFF_POINTOPOINT.</summary>
    PointToPoint = 0x10,

    /// <summary>IFF_RUNNING: switched on and working.</summary>
    Running = 0x40,

    /// <summary>IFF_NOARP: no neighbour resolution.</summary>
    NoArp = 0x80,

    /// <summary>IFF_PROMISC: receives frames for others.</summary>
    Promiscuous = 0x100,

    /// <summary>IFF_MULTICAST.</summary>
    Multicast = 0x1000,

    /// <summary>IFF_LOWER_UP: the carrier is there.</summary>
    LowerUp = 0x10000,
}
