using System.Collections.Concurrent;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes.Bgp.Learned;

/// <summary>Finds the link, and where need be the router or tunnel, by which a next hop is reached (RFC 4271 §9.1.2.1). Written by one reconcile loop; may be
/// asked by any thread.</summary>
internal sealed class NextHops(string thisNode, RoutesOptions options)
{
    private const uint OnSegment = 0;
    private const uint ByTunnel = 10;
    private const uint ByRouter = 20;

    private readonly ConcurrentDictionary<IpAddress, TunnelEnd> _tunnels = [];
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private Surroundings _around = new(KernelNetwork.None, default);
    private Underlay _segments = Underlay.None;
    private ValueList<IpAddress> _own;

    /// <summary>This node's network, as last read.</summary>
    public KernelNetwork Network => Volatile.Read(ref _around).Network;

    /// <summary>The kernel was read.</summary>
    /// <param name="network">Links and addresses.</param>
    /// <param name="others">Other programs' and the administrator's routes of the main table.</param>
    /// <returns>Whether a next hop may be reached otherwise than before.</returns>
    public bool Be(KernelNetwork network, IEnumerable<Route> others)
    {
        var ways = others.Where(static route => route.Type == RouteType.Unicast && route.NextHops.IsEmpty)
            .Select(static route => new RouterWay(route.Destination, route.Gateway, route.LinkIndex, route.Metric))
            .OrderByDescending(static way => way.Prefix.Length).ThenBy(static way => way.Prefix).ThenBy(static way => way.Metric)
            .ToValueList();
        var before = Volatile.Read(ref _around);
        if (before.Network.Underlay == network.Underlay && before.Network.Tunnels == network.Tunnels && before.Routers == ways)
        {
            Volatile.Write(ref _around, before with { Network = network });
            return false;
        }

        Volatile.Write(ref _around, new Surroundings(network, ways));
        if (before.Network.Underlay != network.Underlay)
        {
            Measure();
        }

        return true;
    }

    /// <summary>These are the nodes.</summary>
    /// <returns>Whether a next hop may be reached otherwise than before.</returns>
    public bool Be(IEnumerable<Node> nodes)
    {
        var before = _tunnels.ToValueMap();
        _nodes.Clear();
        foreach (var node in nodes)
        {
            _nodes[node.Metadata.Name] = node;
        }

        Measure();
        return _tunnels.ToValueMap() != before;
    }

    /// <summary>A node came, changed or went.</summary>
    /// <returns>Whether a next hop may be reached otherwise than before.</returns>
    public bool Follow(Node? before, Node? after)
    {
        var name = (after ?? before)?.Metadata.Name ?? "";
        if (before is not null && after is not null && before.InternalIps == after.InternalIps && before.PodCidrs == after.PodCidrs)
        {
            return false;
        }

        if (after is null)
        {
            _nodes.Remove(name);
        }
        else
        {
            _nodes[name] = after;
        }

        if (name == thisNode)
        {
            Measure();
            return true;
        }

        var changed = false;
        foreach (var address in before?.InternalIps ?? default)
        {
            changed |= _tunnels.TryRemove(address, out _);
        }

        return (after is not null && Measure(after)) || changed;
    }

    /// <summary>The way to a next hop; null when there is none, or the next hop is this node.</summary>
    /// <param name="destination">What is behind it.</param>
    /// <param name="address">The next hop.</param>
    public NextHop? Resolve(IpPrefix destination, IpAddress address)
    {
        var around = Volatile.Read(ref _around);
        if (around.Network.Underlay.Has(address))
        {
            return null;
        }

        if (_tunnels.TryGetValue(address, out var end))
        {
            return end.HopTo(destination, around.Network.Tunnels);
        }

        return around.Network.Underlay.LinkTo(address) is { } link ? new NextHop(address, link) : FindRouter(around.Routers, address) is { } way
            ? new NextHop(way.Gateway ?? address, way.LinkIndex)
            : null;
    }

    /// <summary>What it costs to reach a next hop; null when it is not reached.</summary>
    public uint? Cost(IpAddress address)
    {
        var around = Volatile.Read(ref _around);
        if (around.Network.Underlay.Has(address))
        {
            return null;
        }

        if (_tunnels.ContainsKey(address))
        {
            return ByTunnel;
        }

        return around.Network.Underlay.LinkTo(address) is not null ? OnSegment : FindRouter(around.Routers, address) is not null ? ByRouter : null;
    }

    /// <summary>The most specific route wins, of those the one with the lowest metric.</summary>
    private static RouterWay? FindRouter(ValueList<RouterWay> ways, IpAddress address)
    {
        foreach (var way in ways)
        {
            if (way.Prefix.Contains(address))
            {
                return way;
            }
        }

        return null;
    }

    private void Measure()
    {
        var underlay = Network.Underlay;
        _own = WayRules.AddressesOf(_nodes.GetValueOrDefault(thisNode), underlay);
        _segments = underlay.Carrying(_own);
        _tunnels.Clear();
        foreach (var node in _nodes.Values)
        {
            Measure(node);
        }
    }

    private bool Measure(Node node)
    {
        if (node.Metadata.Name == thisNode)
        {
            return false;
        }

        var end = new TunnelEnd(
            node, Vtep.MacOf(node.Metadata.Name), WayRules.Of(node, IpFamily.V4, _own, _segments, options) as VxlanWay, WayRules.Of(node, IpFamily.V6, _own, _segments, options) as VxlanWay);
        if (end is { V4: null, V6: null })
        {
            return false;
        }

        foreach (var address in node.InternalIps)
        {
            _tunnels[address] = end;
        }

        return true;
    }

    /// <summary>What next hops are found in. Immutable.</summary>
    private sealed record Surroundings(KernelNetwork Network, ValueList<RouterWay> Routers);

    /// <summary>A route of somebody else.</summary>
    private readonly record struct RouterWay(IpPrefix Prefix, IpAddress? Gateway, int LinkIndex, uint Metric);

    /// <summary>A node that is reached by a tunnel.</summary>
    private sealed record TunnelEnd(Node Node, MacAddress Mac, VxlanWay? V4, VxlanWay? V6)
    {
        /// <summary>As the routes of mode auto: by the network address of a podCIDR of the node, which has a neighbour entry, or its link-local address.</summary>
        public NextHop? HopTo(IpPrefix destination, TunnelLinks links)
        {
            if ((destination.Family == IpFamily.V4 ? V4 : V6) is not { } way || links[way.Outer] is not (not 0 and var link))
            {
                return null;
            }

            if (destination.Family == IpFamily.V6)
            {
                return new NextHop(Vtep.LinkLocalOf(Mac), link);
            }

            IpPrefix? via = null;
            foreach (var prefix in Node.PodCidrs)
            {
                via = prefix.Family == IpFamily.V4 && (via is null || prefix == destination) ? prefix : via;
            }

            return via is { } podCidr ? new NextHop(Vtep.NextHop(podCidr, Mac), link, OnLink: true) : null;
        }
    }
}
