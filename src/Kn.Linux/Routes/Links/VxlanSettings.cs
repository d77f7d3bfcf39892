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
}
