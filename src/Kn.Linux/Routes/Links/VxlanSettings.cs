using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>What makes one VXLAN differ from another; most of it cannot be changed once the link is there.</summary>
/// <remarks>IFLA_VXLAN_*, uapi/linux/if_link.h; RFC 7348.</remarks>
public sealed record VxlanSettings
{
    /// <summary>Network identifier, 24 bits.</summary>
    public required uint Vni { get; init; }

    /// <summary>UDP port that is listened on and sent to. Default 4789, the IANA one.</summary>
    public ushort Port { get; init; } = 4789;

    /// <summary>Source address of the outer packets; null leaves it to routing.</summary>
    public IpAddress? Local { get; init; }

    /// <summary>Index of the link that outer packets leave by; 0 leaves it to routing.</summary>
    public int UnderlayIndex { get; init; }

    /// <summary>Learn the remote end of a MAC from what it sends. Default false: Kn fills the FDB itself.</summary>
    public bool Learning { get; init; }

    /// <summary>Fill in the UDP checksum of outer IPv4 packets. Default true, as the kernel has it; RFC 7348, section 5 wants zero.</summary>
    public bool Checksum { get; init; } = true;

    /// <summary>Whether outer IPv4 packets may be fragmented on their way. Default: always, as the kernel has it.</summary>
    public VxlanDontFragment DontFragment { get; init; }
}

/// <summary>The bit "don't fragment" of outer IPv4 packets; IPv6 routers never fragment.</summary>
/// <remarks>enum ifla_vxlan_df, uapi/linux/if_link.h.</remarks>
public enum VxlanDontFragment : byte
{
    /// <summary>VXLAN_DF_UNSET: routers may fragment.</summary>
    Unset = 0,

    /// <summary>VXLAN_DF_SET: routers may not, and tell of what is too large.</summary>
    Set = 1,

    /// <summary>VXLAN_DF_INHERIT: as the inner packet has it; inner IPv6 counts as "don't".</summary>
    Inherit = 2,
}
