using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Pieces;

/// <summary>A thing of ours in the kernel; its key says which.</summary>
public abstract record RoutesPiece
{
    private protected RoutesPiece()
    {
    }
}

/// <summary>How a podCIDR is reached.</summary>
/// <param name="Gateway">The next hop; null for this node's own podCIDR, where addresses without a pod are unreachable.</param>
/// <param name="LinkIndex">The link to the next hop; 0 without one and for a VXLAN link, whose index is not known before it is made.</param>
/// <param name="Vxlan">The VXLAN link to the next hop; null for a direct route.</param>
public sealed record PodCidrRoute(IpAddress? Gateway, int LinkIndex, IpFamily? Vxlan) : RoutesPiece
{
    /// <summary>Whether somebody has given it properties that Kn never does: an MTU, a source, several next hops.</summary>
    public bool IsAltered { get; init; }

    /// <summary>Addresses of this node's podCIDR that no pod has.</summary>
    public static PodCidrRoute Unassigned { get; } = new(null, 0, null);

    /// <summary>By a node on a segment of this one's.</summary>
    public static PodCidrRoute Direct(IpAddress gateway, int linkIndex) => new(gateway, linkIndex, null);

    /// <summary>By the tunnel end of a node.</summary>
    public static PodCidrRoute ByVxlan(IpAddress nextHop, IpFamily outer) => new(nextHop, 0, outer);
}

/// <summary>A VXLAN link; no learning, and no entry for unknown addresses: nothing is flooded.</summary>
/// <param name="Mac">This node's, which the others compute from its name.</param>
/// <param name="Vni">Network identifier.</param>
/// <param name="Port">UDP port.</param>
/// <param name="Local">Source address of outer packets; null where none of this node's InternalIPs is on a link, then routing chooses.</param>
/// <param name="Mtu">The underlay's less the encapsulation.</param>
public sealed record VxlanTunnel(MacAddress Mac, uint Vni, ushort Port, IpAddress? Local, uint Mtu) : RoutesPiece
{
    /// <summary>Whether it is switched on.</summary>
    public bool Up { get; init; } = true;

    /// <summary>False for a link that the kernel cannot change into one of ours.</summary>
    public bool IsOurKind { get; init; } = true;

    /// <summary>Whether the kernel can change one into the other; elsewhere the link is made anew.</summary>
    public bool CanBecome(VxlanTunnel other) =>
        IsOurKind && Vni == other.Vni && Port == other.Port;
}

/// <summary>The address is on the link: the source of what this node itself sends by it.</summary>
public sealed record TunnelAddress : RoutesPiece
{
    /// <summary>There is only one.</summary>
    public static TunnelAddress Present { get; } = new();
}

/// <summary>The Ethernet address of a next hop.</summary>
public sealed record TunnelNeighbour(MacAddress Mac) : RoutesPiece;

/// <summary>The node behind an Ethernet address.</summary>
public sealed record TunnelForward(IpAddress Remote) : RoutesPiece;
