using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>Decides what is in the kernel under each key. Pure.</summary>
internal static class RoutesPlan
{
    /// <summary>The piece of that key; null when there is none to be.</summary>
    /// <param name="peers">The nodes.</param>
    /// <param name="key">Which piece.</param>
    /// <param name="problems">Gets told of podCIDRs that cannot be routed.</param>
    public static RoutesPiece? Of(PeerTable peers, RoutesKey key, Problems problems) => peers.Options.Mode == RoutesMode.None ? null : key.Kind switch
    {
        RoutesKind.Link => Tunnel(peers, key.Outer),
        RoutesKind.Address => Address(peers, key),
        RoutesKind.Forward => Forward(peers, key),
        RoutesKind.Neighbour => Neighbour(peers, key),
        _ => Route(peers, key, problems),
    };

    private static VxlanTunnel? Tunnel(PeerTable peers, IpFamily outer)
    {
        if (peers.TunnelsOf(outer) == 0)
        {
            return null;
        }

        // A link below the smallest MTU would have no IPv6 at all; outer packets that the underlay finds too large are told of by path MTU discovery.
        var source = peers.TunnelSource(outer);
        var mtu = Math.Max(peers.Underlay.MtuFrom(source), Vtep.SmallestMtu + Vtep.Overhead(outer)) - Vtep.Overhead(outer);
        return new VxlanTunnel(peers.OwnMac, peers.Options.Vxlan.Vni, peers.Options.Vxlan.Port, source, mtu);
    }

    private static TunnelAddress? Address(PeerTable peers, RoutesKey key)
    {
        var isOurs = peers.TunnelsOf(key.Outer) > 0
            && peers.Self is { } self
            && self.Node.PodCidrs.Any(prefix => Vtep.LinkAddressOf(prefix) == key.Prefix.Address && FindOwner(peers, prefix)?.IsSelf == true);
        return isOurs ? TunnelAddress.Present : null;
    }

    private static TunnelForward? Forward(PeerTable peers, RoutesKey key) =>
        peers.Find(key.Mac)?.Tunnel(key.Outer) is { } tunnel ? new TunnelForward(tunnel.Remote) : null;

    private static TunnelNeighbour? Neighbour(PeerTable peers, RoutesKey key)
    {
        var address = key.Prefix.Address;
        if (address.Family == IpFamily.V6)
        {
            var mac = Vtep.MacOfLinkLocal(address);
            return peers.Find(mac)?.IsBehind(key.Outer, IpFamily.V6) == true && Vtep.LinkLocalOf(mac) == address ? new TunnelNeighbour(mac) : null;
        }

        foreach (var prefix in peers.PodCidrsAt(address))
        {
            if (FindOwner(peers, prefix) is { } owner && owner.IsBehind(key.Outer, IpFamily.V4))
            {
                return new TunnelNeighbour(owner.Mac);
            }
        }

        return null;
    }

    private static PodCidrRoute? Route(PeerTable peers, RoutesKey key, Problems problems)
    {
        var claimants = peers.ClaimantsOf(key.Prefix);
        if (claimants.Count == 0)
        {
            return null;
        }

        var owner = claimants[0];
        if (key.Metric != (owner.IsSelf ? RoutesKey.UnassignedMetric : peers.Options.Metric))
        {
            return null;
        }

        foreach (var loser in claimants.Skip(1))
        {
            problems.Add(loser.Node, $"podCIDR {key.Prefix} is also node {owner.Name}'s, which is older and keeps it: pods of this node that have an address of it are not reached");
        }

        if (FaultOf(peers, key.Prefix, owner) is { } fault)
        {
            problems.Add(owner.Node, $"podCIDR {key.Prefix} is not routed: {fault}");
            return null;
        }

        // In mode bgp the ways are the same, and what leads into them is what peers tell.
        return owner.IsSelf ? PodCidrRoute.Unassigned : peers.Options.Mode == RoutesMode.Bgp ? null : Route(owner, key.Prefix, problems);
    }

    private static PodCidrRoute? Route(Peer owner, IpPrefix podCidr, Problems problems)
    {
        switch (owner.To(podCidr.Family))
        {
            case DirectWay direct:
                return PodCidrRoute.Direct(direct.Gateway, direct.LinkIndex);
            case VxlanWay vxlan:
                return PodCidrRoute.ByVxlan(Vtep.NextHop(podCidr, owner.Mac), vxlan.Outer);
            case NoWay { Reason: { } reason }:
                problems.Add(owner.Node, $"podCIDR {podCidr} is not routed: {reason}");
                return null;
            default:
                return null;
        }
    }

    /// <summary>The node that a podCIDR is routed to; null when it is not routed.</summary>
    private static Peer? FindOwner(PeerTable peers, IpPrefix podCidr) =>
        peers.ClaimantsOf(podCidr) is [var owner, ..] && FaultOf(peers, podCidr, owner) is null ? owner : null;

    private static string? FaultOf(PeerTable peers, IpPrefix podCidr, Peer owner) =>
        peers.FaultOf(podCidr)
        ?? (peers.RivalOf(podCidr, owner) is { } rival ? $"it overlaps {rival.PodCidr} of node {rival.Owner.Name}, which is older and keeps it" : null);
}
