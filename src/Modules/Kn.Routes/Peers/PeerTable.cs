using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes.Peers;

/// <summary>Every node as its routes are planned from, and what two nodes can dispute: podCIDRs and addresses. It follows the snapshot change by
/// change, so that one changed node costs one node. Used by the reconcile loop alone, but for the counts.</summary>
internal sealed class PeerTable(string thisNode, RoutesOptions options)
{
    private readonly Dictionary<string, Peer> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<MacAddress, string> _names = [];
    private readonly PrefixSet _podCidrs = new();
    private readonly SortedSet<(IpAddress Address, string Node)> _addresses = [];
    private readonly int[] _tunnels = new int[Vtep.Families.Count];
    private ObjectTable<Node>? _nodes;
    private Underlay _underlay = Underlay.None;
    private Underlay _segments = Underlay.None;
    private ValueList<IpAddress> _own;
    private int _unreachable;

    public RoutesOptions Options => options;

    /// <summary>This node; null before it is registered.</summary>
    public Peer? Self => _peers.GetValueOrDefault(thisNode);

    public MacAddress OwnMac { get; } = Vtep.MacOf(thisNode);

    /// <summary>Other nodes with a podCIDR that this node has no way to. Any thread.</summary>
    public int Unreachable => Volatile.Read(ref _unreachable);

    public Underlay Underlay => _underlay;

    /// <summary>How many nodes need the tunnel of that outer family.</summary>
    public int TunnelsOf(IpFamily outer) => _tunnels[outer == IpFamily.V6 ? 1 : 0];

    /// <summary>Source of outer packets.</summary>
    public IpAddress? TunnelSource(IpFamily outer) => WayRules.TunnelSource(_own, outer, _underlay);

    public Peer? Find(MacAddress mac) => _names.TryGetValue(mac, out var name) ? _peers.GetValueOrDefault(name) : null;

    /// <summary>Takes the whole snapshot unless the table is of it already.</summary>
    public void Be(ObjectTable<Node> nodes, Underlay underlay)
    {
        if (ReferenceEquals(nodes, _nodes) && ReferenceEquals(underlay, _underlay))
        {
            return;
        }

        foreach (var peer in _peers.Values.ToList())
        {
            Remove(peer);
        }

        (_nodes, _underlay) = (nodes, underlay);
        _own = WayRules.AddressesOf(nodes.Find(thisNode), underlay);
        _segments = underlay.Carrying(_own);
        foreach (var node in nodes)
        {
            Add(node);
        }
    }

    /// <summary>Takes one change of the snapshot that the table is of, and adds the keys that may need another piece for it.</summary>
    public void Follow(ObjectTable<Node> nodes, Node? before, Node? after, ISet<RoutesKey> keys)
    {
        var name = (after ?? before)?.Metadata.Name ?? "";
        if (_nodes is null || (name == thisNode && WayRules.AddressesOf(after, _underlay) != _own))
        {
            // Every way begins at this node.
            keys.UnionWith(Keys());
            _nodes = null;
            Be(nodes, _underlay);
            keys.UnionWith(Keys());
            return;
        }

        _nodes = nodes;
        keys.UnionWith(LinkKeys);
        keys.UnionWith(Self?.Keys(options) ?? []);
        if (_peers.GetValueOrDefault(name) is { } old)
        {
            Remove(old);
            AddConcerned(old, keys);
        }

        if (after is not null)
        {
            AddConcerned(Add(after), keys);
        }
    }

    /// <summary>The names of everything that any node may need.</summary>
    public IEnumerable<RoutesKey> Keys() => LinkKeys.Concat(_peers.Values.SelectMany(peer => peer.Keys(options)));

    /// <summary>The nodes that claim exactly this podCIDR, the one that has it first.</summary>
    public IReadOnlyList<Peer> ClaimantsOf(IpPrefix podCidr)
    {
        var claimants = _podCidrs.ClaimantsOf(podCidr).Select(name => _peers[name]).ToList();
        claimants.Sort(static (left, right) => left.IsBefore(right) ? -1 : right.IsBefore(left) ? 1 : 0);
        return claimants;
    }

    /// <summary>Why a podCIDR cannot be routed, whoever has it; null when it can.</summary>
    public string? FaultOf(IpPrefix podCidr)
    {
        if (PodCidrRules.Fault(podCidr) is { } fault)
        {
            return fault;
        }

        foreach (var own in _underlay.Addresses)
        {
            if (podCidr.Contains(own.Address))
            {
                return $"it holds {own.Address}, an address of this node";
            }
        }

        foreach (var (address, node) in _addresses.GetViewBetween((podCidr.Address, ""), (podCidr.Last, "\uffff")))
        {
            return $"it holds {address}, the InternalIP of node {node}";
        }

        return null;
    }

    /// <summary>An elder node with a podCIDR that overlaps this one, and may be routed; null when there is none.</summary>
    public (Peer Owner, IpPrefix PodCidr)? RivalOf(IpPrefix podCidr, Peer owner)
    {
        foreach (var other in _podCidrs.Overlapping(podCidr).Where(other => other != podCidr))
        {
            var rival = ClaimantsOf(other)[0];
            if (rival.Name != owner.Name && rival.IsBefore(owner) && FaultOf(other) is null)
            {
                return (rival, other);
            }
        }

        return null;
    }

    /// <summary>The podCIDRs with this network address.</summary>
    public IEnumerable<IpPrefix> PodCidrsAt(IpAddress network) => _podCidrs.StartingAt(network);

    private static IEnumerable<RoutesKey> LinkKeys => Vtep.Families.Select(RoutesKey.Link);

    private Peer Add(Node node)
    {
        var isSelf = node.Metadata.Name == thisNode;
        var peer = new Peer(
            node, isSelf, Vtep.MacOf(node.Metadata.Name), WayTo(node, IpFamily.V4, isSelf), WayTo(node, IpFamily.V6, isSelf));
        _peers[peer.Name] = peer;
        _names[peer.Mac] = peer.Name;
        foreach (var prefix in node.PodCidrs)
        {
            _podCidrs.Add(prefix, peer.Name);
        }

        foreach (var address in node.InternalIps)
        {
            _addresses.Add((address, peer.Name));
        }

        Count(peer, 1);
        return peer;
    }

    private void Remove(Peer peer)
    {
        _peers.Remove(peer.Name);
        _names.Remove(peer.Mac);
        foreach (var prefix in peer.Node.PodCidrs)
        {
            _podCidrs.Remove(prefix, peer.Name);
        }

        foreach (var address in peer.Node.InternalIps)
        {
            _addresses.Remove((address, peer.Name));
        }

        Count(peer, -1);
    }

    private void Count(Peer peer, int change)
    {
        Volatile.Write(ref _unreachable, _unreachable + (peer.IsUnreachable ? change : 0));
        for (var index = 0; index < _tunnels.Length; index++)
        {
            _tunnels[index] += peer.Tunnel(Vtep.Families[index]) is null ? 0 : change;
        }
    }

    private Way WayTo(Node node, IpFamily pods, bool isSelf) => isSelf ? new NoWay(null) : WayRules.Of(node, pods, _own, _segments, options);

    /// <summary>The node's own keys, and those of nodes whose podCIDRs overlap its podCIDRs or hold its addresses.</summary>
    private void AddConcerned(Peer peer, ISet<RoutesKey> keys)
    {
        keys.UnionWith(peer.Keys(options));
        foreach (var prefix in peer.Node.PodCidrs.Concat(peer.Node.InternalIps.SelectMany(_podCidrs.Containing)))
        {
            foreach (var name in _podCidrs.Overlapping(prefix).SelectMany(other => _podCidrs.ClaimantsOf(other)))
            {
                keys.UnionWith(_peers[name].Keys(options));
            }
        }
    }
}
