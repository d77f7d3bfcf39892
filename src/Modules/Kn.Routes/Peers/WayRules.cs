using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Routes.Peers;

/// <summary>Decides how the pods of a node are reached. Pure.</summary>
/// <remarks>Both nodes of a pair come to the same decision from each other's Node objects, as long as their segments' prefixes have the same
/// length on both: so replies take the way of the questions, and reverse-path filters are content.</remarks>
public static class WayRules
{
    /// <summary>The way to a node's pods of one family.</summary>
    /// <param name="peer">The node.</param>
    /// <param name="pods">The family of its pods' addresses.</param>
    /// <param name="self">This node's own addresses.</param>
    /// <param name="segments">The segments that this node is on.</param>
    /// <param name="options">The module's.</param>
    public static Way Of(Node peer, IpFamily pods, ValueList<IpAddress> self, Underlay segments, RoutesOptions options)
    {
        if (options.Ways == RoutesMode.None)
        {
            return new NoWay(null);
        }

        if (FindOwn(peer, segments) is { } mine)
        {
            return new NoWay($"its InternalIP {mine} is an address of this node");
        }

        var direct = options.Ways == RoutesMode.Vxlan ? null : FindDirect(peer, pods, segments);
        return direct ?? (options.Ways == RoutesMode.Direct ? NotConnected(peer, pods) : ByVxlan(peer, self, segments, options.Vxlan));
    }

    /// <summary>This node's own addresses: its Node object's InternalIPs; until it has any, those of its links.</summary>
    public static ValueList<IpAddress> AddressesOf(Node? self, Underlay underlay) =>
        self is { InternalIps.IsEmpty: false } ? self.InternalIps : underlay.Addresses.Select(static address => address.Address).ToValueList();

    /// <summary>The address that tunnels of a family start from: the first of this node's own that is on a link.</summary>
    public static IpAddress? TunnelSource(ValueList<IpAddress> self, IpFamily outer, Underlay underlay) =>
        self.Where(address => address.Family == outer && underlay.Has(address)).Select(static address => (IpAddress?)address).FirstOrDefault();

    private static IpAddress? FindOwn(Node peer, Underlay underlay)
    {
        foreach (var address in peer.InternalIps)
        {
            if (underlay.Has(address))
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>IPv4 pods may have an IPv6 next hop (RFC 8950 calls it so too); the kernel resolves it by NDP. Not the other way round.</summary>
    private static DirectWay? FindDirect(Node peer, IpFamily pods, Underlay segments)
    {
        DirectWay? other = null;
        foreach (var address in peer.InternalIps)
        {
            if (segments.LinkTo(address) is { } link)
            {
                if (address.Family == pods)
                {
                    return new DirectWay(address, link);
                }

                other ??= pods == IpFamily.V4 ? new DirectWay(address, link) : null;
            }
        }

        return other;
    }

    private static NoWay NotConnected(Node peer, IpFamily pods)
    {
        var candidates = peer.InternalIps.Where(address => address.Family == pods || pods == IpFamily.V4).ToList();
        return new NoWay(candidates.Count == 0
            ? "the node has no InternalIP of that family"
            : $"InternalIP {string.Join(", ", candidates)} is not on a network that this node is connected to (routes.mode auto or vxlan would use VXLAN)");
    }

    private static Way ByVxlan(Node peer, ValueList<IpAddress> self, Underlay segments, VxlanOptions options)
    {
        foreach (var outer in Candidates(options.Underlay))
        {
            if (self.Any(address => address.Family == outer) && FindRemote(peer, outer, segments) is { } remote)
            {
                return new VxlanWay(remote);
            }
        }

        return new NoWay(options.Underlay == VxlanUnderlay.Auto
            ? "the node and this one have no InternalIPs of the same family to go between"
            : $"the node or this one has no InternalIP of the family that routes.vxlan.underlay asks for, {(options.Underlay == VxlanUnderlay.Ipv4 ? "IPv4" : "IPv6")}");
    }

    private static IpFamily[] Candidates(VxlanUnderlay underlay) => underlay switch
    {
        VxlanUnderlay.Ipv4 => [IpFamily.V4],
        VxlanUnderlay.Ipv6 => [IpFamily.V6],
        _ => [IpFamily.V4, IpFamily.V6],
    };

    /// <summary>Of several addresses the one on a segment of ours, else the first.</summary>
    private static IpAddress? FindRemote(Node peer, IpFamily outer, Underlay segments)
    {
        var usable = peer.InternalIps.Where(address => address.Family == outer && !address.IsLinkLocal && !address.IsLoopback && !address.IsAny).ToList();
        return usable.Where(address => segments.LinkTo(address) is not null).Concat(usable).Select(static address => (IpAddress?)address).FirstOrDefault();
    }
}
