namespace Kn.Linux.Routes;

/// <summary>A network link as the kernel reports it.</summary>
/// <remarks>RTM_NEWLINK, rtnetlink(7); uapi/linux/if_link.h.</remarks>
public sealed record Link
{
    /// <summary>Identity within its namespace, from 1.</summary>
    public required int Index { get; init; }

    /// <summary>Name, at most 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>"veth", "bridge", "vxlan"…; null for hardware and loopback.</summary>
    public string? Kind { get; init; }

    /// <summary>Flags, bits that this program has no name for included.</summary>
    public LinkFlags Flags { get; init; }

    /// <summary>True when switched on.</summary>
    public bool IsUp => (Flags & LinkFlags.Up) != 0;

    /// <summary>Operational state.</summary>
    public LinkState State { get; init; }

    /// <summary>Largest packet in bytes, without the Ethernet header.</summary>
    public uint Mtu { get; init; }

    /// <summary>Ethernet address; null for links that have none or one of another length.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Index of the bridge that this is a port of; 0 for none.</summary>
    public int Master { get; init; }

    /// <summary>Whether its bridge sends a frame back out of the port that it came by; null for what is not a port of a bridge.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Index of a veth's other end, or of the link that this one is on top of; 0 for none. See <see cref="PeerNamespaceId"/> for where.</summary>
    public int PeerIndex { get; init; }

    /// <summary>The kernel's local id of the namespace in which <see cref="PeerIndex"/> counts; null for this one, -1 when it has no id here.</summary>
    public int? PeerNamespaceId { get; init; }

    /// <summary>Free text of the administrator.</summary>
    public string? Alias { get; init; }

    /// <summary>Group number; 0 is the default group.</summary>
    public uint Group { get; init; }

    /// <summary>Settings of a VXLAN; null for other kinds.</summary>
    public VxlanSettings? Vxlan { get; init; }
}
