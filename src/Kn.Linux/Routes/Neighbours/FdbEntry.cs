using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>Where a link sends frames for an Ethernet address: of a VXLAN, to which remote end; of a bridge, to which port.</summary>
/// <remarks>RTM_NEWNEIGH of family AF_BRIDGE; bridge(8), uapi/linux/neighbour.h.</remarks>
public sealed record FdbEntry
{
    /// <summary>Destination of the frames; zero, in a VXLAN, for those that no other entry matches and for broadcasts: there may be several.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>The VXLAN link, or the bridge's port.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>Outer destination address, for a VXLAN.</summary>
    public IpAddress? Remote { get; init; }

    /// <summary>Outer UDP port; null for the link's own.</summary>
    public ushort? RemotePort { get; init; }

    /// <summary>Network identifier at the remote end; null for the link's own.</summary>
    public uint? Vni { get; init; }

    /// <summary>VLAN of a bridge entry; null for none.</summary>
    public ushort? Vlan { get; init; }

    /// <summary>Index of the bridge, when read from one; 0 otherwise.</summary>
    public int Master { get; init; }

    /// <summary>How it ages. Default: permanent.</summary>
    public NeighbourStates State { get; init; } = NeighbourStates.Permanent;

    /// <summary>Whose FDB it is. Default: the link's own, as a VXLAN has one.</summary>
    public NeighbourFlags Flags { get; init; } = NeighbourFlags.Self;
}
