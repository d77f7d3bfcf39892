using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>The cluster as this node's speaker sees it. It follows the snapshot change by change, so that one changed Service costs one Service. Used by
/// the reconcile loop alone.</summary>
/// <param name="thisNode">This node's name.</param>
/// <param name="options">The config.</param>
/// <param name="isPodRouting">Whether pods' routes between nodes are BGP's (<c>routes.mode: bgp</c>).</param>
internal sealed class BgpTable(string thisNode, BgpOptions options, bool isPodRouting)
{
    private readonly Dictionary<string, BgpNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<IpAddress, SortedSet<string>> _byAddress = [];
    private ClusterSnapshot? _cluster;
    private int _labelled;

    public BgpOptions Options => options;

    /// <summary>Whether a load balancer's address is for BGP to announce.</summary>
    public Func<IpAddress, bool> IsByBgp { get; init; } = static _ => true;

    /// <summary>What plans hang on beside the cluster.</summary>
    public BgpEnvironment Environment { get; set; } = BgpEnvironment.None;

    /// <summary>This node; null before it is registered.</summary>
    public BgpNode? Self => _nodes.GetValueOrDefault(thisNode);

    /// <summary>Prefixes of Services.</summary>
    public AdvertisedPrefixes Prefixes { get; } = new();

    /// <summary>Whether nodes speak with each other.</summary>
    public bool IsMesh => options.NodeMesh.Mode == BgpMesh.Full || (options.NodeMesh.Mode == BgpMesh.Auto && isPodRouting);

    /// <summary>How far this node is on its way out.</summary>
    public Departure Departure => Environment.IsLeaving ? Departure.Leaving : Self?.Departure ?? Departure.None;

    /// <summary>Takes the whole snapshot unless the table is of it already.</summary>
    public void Be(ClusterSnapshot cluster)
    {
        if (_cluster is { } known
            && ReferenceEquals(known.Nodes, cluster.Nodes)
            && ReferenceEquals(known.Services, cluster.Services)
            && ReferenceEquals(known.EndpointSlices, cluster.EndpointSlices))
        {
            _cluster = cluster;
            return;
        }

        _cluster = cluster;
        _nodes.Clear();
        _byAddress.Clear();
        _labelled = 0;
        foreach (var node in cluster.Nodes)
        {
            Add(BgpNode.Of(node, options));
        }

        Prefixes.Clear();
        foreach (var service in cluster.Services)
        {
            Prefixes.Set(service.Key, ServiceAdvertisement.Of(cluster, service, Self?.Node, options.Advertise, IsByBgp));
        }
    }

    /// <summary>Takes one change on the way to a snapshot, and adds the keys that may need another piece for it.</summary>
    public void Follow(ClusterSnapshot cluster, ObjectChange change, ISet<BgpKey> keys)
    {
        if (_cluster is null)
        {
            Be(cluster);
            keys.UnionWith(Keys());
            return;
        }

        _cluster = cluster;
        switch (change.Object)
        {
            case Node:
                FollowNode(cluster, change.Before as Node, change.After as Node, keys);
                break;
            case Service service:
                FollowService(cluster, service.Key, keys);
                break;
            case EndpointSlice:
                FollowSlice(cluster, change.Before as EndpointSlice, keys);
                FollowSlice(cluster, change.After as EndpointSlice, keys);
                break;
            default:
                break;
        }
    }

    /// <summary>Everything that may have a piece.</summary>
    public IEnumerable<BgpKey> Keys() => PeerKeys().Prepend(BgpKey.Speaker).Concat(RouteKeys());

    /// <summary>The node that has this address and that this node has a session of the mesh with by it; null when there is none.</summary>
    public BgpNode? MeshPeerAt(IpAddress address)
    {
        if (!IsMesh || Self is not { } self || !_byAddress.TryGetValue(address, out var names))
        {
            return null;
        }

        foreach (var name in names)
        {
            if (_nodes[name] is { } other && name != thisNode && other.Asn == self.Asn && IsPair(self, other) && SessionAddress(self, other) == address)
            {
                return other;
            }
        }

        return null;
    }

    /// <summary>The two speak IPv4 with each other where both have it: a session carries both families.</summary>
    public static IpFamily? SessionFamily(BgpNode self, BgpNode other) =>
        self.AddressOf(IpFamily.V4) is not null && other.AddressOf(IpFamily.V4) is not null ? IpFamily.V4
        : self.AddressOf(IpFamily.V6) is not null && other.AddressOf(IpFamily.V6) is not null ? IpFamily.V6
        : null;

    private static IpAddress? SessionAddress(BgpNode self, BgpNode other) => SessionFamily(self, other) is { } family ? other.AddressOf(family) : null;

    /// <summary>Reflectors speak with everybody, clients with reflectors alone, all others with each other.</summary>
    private bool IsPair(BgpNode self, BgpNode other) => self.IsReflector || other.IsReflector || (!IsClient(self) && !IsClient(other));

    private bool IsClient(BgpNode node) => node.Annotations.IsReflectorClient || (_labelled > 0 && !node.IsReflector);

    private IEnumerable<BgpKey> PeerKeys() => options.Peers.Select(static peer => peer.Address).OfType<IpAddress>()
        .Concat((Self?.Annotations.Peers ?? default).Select(static peer => peer.Address))
        .Concat(IsMesh ? _byAddress.Keys : [])
        .Select(BgpKey.Peer);

    private IEnumerable<BgpKey> RouteKeys() => (Self?.Node.PodCidrs ?? default).Concat(Prefixes.All).Select(BgpKey.Route);

    private void FollowNode(ClusterSnapshot cluster, Node? before, Node? after, ISet<BgpKey> keys)
    {
        if (before is not null && after is not null && IsSame(before, after))
        {
            return;
        }

        var name = (after ?? before)?.Metadata.Name ?? "";
        var (isSelf, labelled) = (name == thisNode, _labelled);
        if (isSelf)
        {
            keys.UnionWith(Keys());
        }

        if (_nodes.GetValueOrDefault(name) is { } old)
        {
            keys.UnionWith(AddressKeys(old));
            Remove(old);
        }

        if (after is not null)
        {
            var added = BgpNode.Of(after, options);
            Add(added);
            keys.UnionWith(AddressKeys(added));
        }

        if (isSelf)
        {
            foreach (var service in cluster.Services)
            {
                FollowService(cluster, service.Key, keys);
            }
        }

        if (isSelf || (labelled == 0) != (_labelled == 0))
        {
            keys.UnionWith(Keys());
        }
    }

    private void FollowService(ClusterSnapshot cluster, ObjectKey key, ISet<BgpKey> keys)
    {
        var now = cluster.Services.Find(key) is { } service ? ServiceAdvertisement.Of(cluster, service, Self?.Node, options.Advertise, IsByBgp) : default;
        var before = Prefixes.Set(key, now);
        keys.UnionWith(before.Concat(now).Select(BgpKey.Route));
    }

    private void FollowSlice(ClusterSnapshot cluster, EndpointSlice? slice, ISet<BgpKey> keys)
    {
        if (slice?.Service is { } service)
        {
            FollowService(cluster, service, keys);
        }
    }

    private void Add(BgpNode node)
    {
        _nodes[node.Name] = node;
        _labelled += node.IsLabelled ? 1 : 0;
        foreach (var address in Addresses(node))
        {
            if (!_byAddress.TryGetValue(address, out var names))
            {
                _byAddress.Add(address, names = new SortedSet<string>(StringComparer.Ordinal));
            }

            names.Add(node.Name);
        }
    }

    private void Remove(BgpNode node)
    {
        _nodes.Remove(node.Name);
        _labelled -= node.IsLabelled ? 1 : 0;
        foreach (var address in Addresses(node))
        {
            if (_byAddress.TryGetValue(address, out var names) && names.Remove(node.Name) && names.Count == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }

    private static IEnumerable<IpAddress> Addresses(BgpNode node)
    {
        foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
        {
            if (node.AddressOf(family) is { } address)
            {
                yield return address;
            }
        }
    }

    private static IEnumerable<BgpKey> AddressKeys(BgpNode node) => Addresses(node).Select(BgpKey.Peer);

    /// <summary>Heartbeats and conditions say nothing to BGP.</summary>
    private static bool IsSame(Node before, Node after) =>
        before.PodCidrs == after.PodCidrs
        && before.InternalIps == after.InternalIps
        && before.Metadata.Labels == after.Metadata.Labels
        && before.Metadata.Annotations == after.Metadata.Annotations
        && before.Metadata.DeletionTimestamp == after.Metadata.DeletionTimestamp
        && before.Unschedulable == after.Unschedulable
        && before.TaintKeys == after.TaintKeys;
}
