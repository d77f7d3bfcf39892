using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>Which Ethernet address an IP address has on a link: ARP and NDP.</summary>
/// <remarks>RTM_NEWNEIGH, rtnetlink(7); uapi/linux/neighbour.h.</remarks>
public sealed record Neighbour
{
    /// <summary>The address asked for.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>The link it is on.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>Its Ethernet address; null while unknown, and for a proxy entry.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>How sure the kernel is. Default: permanent, never asked for nor forgotten.</summary>
    public NeighbourStates State { get; init; } = NeighbourStates.Permanent;

    /// <summary>Flags; <see cref="NeighbourFlags.Proxy"/> makes this machine answer for the address.</summary>
    public NeighbourFlags Flags { get; init; }
}

/// <summary>States of a neighbour; the kernel reports one, filters take several.</summary>
/// <remarks>NUD_*, uapi/linux/neighbour.h.</remarks>
[Flags]
public enum NeighbourStates : ushort
{
    /// <summary>No state: proxy entries.</summary>
    None = 0,

    /// <summary>Asked, not answered yet.</summary>
    Incomplete = 0x1,

    /// <summary>Confirmed lately.</summary>
    Reachable = 0x2,

    /// <summary>Was confirmed some time ago.</summary>
    Stale = 0x4,

    /// <summary>Used while stale; waits for a confirmation from above.</summary>
    Delay = 0x8,

    /// <summary>Asked again.</summary>
    Probe = 0x10,

    /// <summary>Nobody answered.</summary>
    Failed = 0x20,

    /// <summary>Needs no resolution.</summary>
    NoArp = 0x40,

    /// <summary>Set by the administrator, does not age.</summary>
    Permanent = 0x80,
}

/// <summary>Flags of neighbours and FDB entries.</summary>
/// <remarks>NTF_*, uapi/linux/neighbour.h.</remarks>
[Flags]
public enum NeighbourFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>NTF_SELF: in the FDB of the link itself, a VXLAN's.</summary>
    Self = 0x2,

    /// <summary>NTF_MASTER: in the FDB of the bridge that the link is a port of.</summary>
    Master = 0x4,

    /// <summary>NTF_PROXY: answer for this address.</summary>
    Proxy = 0x8,

    /// <summary>NTF_EXT_LEARNED: kept by a program.</summary>
    ExternallyLearned = 0x10,

    /// <summary>NTF_ROUTER: it is an IPv6 router.</summary>
    Router = 0x80,
}
