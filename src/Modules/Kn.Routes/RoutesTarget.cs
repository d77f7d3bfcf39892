using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>Drives the routes to podCIDRs in the main table.</summary>
/// <remarks>The plan depends on the snapshot and on the underlay, which <see cref="ReadAsync"/> reads; when the underlay changes, the
/// drift source makes the loop read again, and so plan every key.</remarks>
internal sealed class RoutesTarget(RouteSocket socket, string thisNode, RoutesOptions options, RoutesLedger ledger) : ITarget<RouteKey, PodCidrRoute>
{
    private (ClusterSnapshot Snapshot, Dictionary<IpPrefix, Node> Owners) _index = (ClusterSnapshot.Empty, []);

    public string Name => "podCidrRoutes";

    public IEnumerable<RouteKey> Keys(ClusterSnapshot cluster) => cluster.Nodes.SelectMany(node => RoutesPlan.KeysOf(node, thisNode, options)).Distinct();

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<RouteKey> keys)
    {
        if (change.Object is not Node
            || (change is { Before: Node before, After: Node after } && before.PodCidrs == after.PodCidrs && before.InternalIps == after.InternalIps))
        {
            return;
        }

        foreach (var prefix in PodCidrsOf(change.Before).Concat(PodCidrsOf(change.After)))
        {
            // The prefix may have moved between this node and another: then both names are concerned.
            keys.Add(new RouteKey(prefix, options.Metric));
            keys.Add(new RouteKey(prefix, RoutesPlan.UnassignedMetric));
        }
    }

    public PodCidrRoute? Plan(ClusterSnapshot cluster, RouteKey key, Problems problems)
    {
        if (!ReferenceEquals(_index.Snapshot, cluster))
        {
            _index = (cluster, RoutesPlan.Owners(cluster.Nodes));
        }

        if (!_index.Owners.TryGetValue(key.Destination, out var owner) || !RoutesPlan.KeysOf(owner, thisNode, options).Contains(key))
        {
            return null;
        }

        return RoutesPlan.Of(owner, thisNode, key, ledger.Underlay, problems);
    }

    public Task<ValueMap<RouteKey, PodCidrRoute>> ReadAsync(CancellationToken cancellationToken)
    {
        var underlay = Underlay.Of(socket.ReadLinks(), socket.ReadAddresses());
        var routes = ReadOurs().Select(PodCidrRoute.Of).ToValueMap();
        ledger.Found(underlay, routes);
        return Task.FromResult(routes);
    }

    public Task ApplyAsync(Changes<RouteKey, PodCidrRoute> changes, CancellationToken cancellationToken)
    {
        var ensures = new List<RouteChange>();
        var removes = new List<RouteChange>();
        foreach (var (key, before, after) in changes.All)
        {
            if (before is not null && (after is null || NeedsRemoval(key, before, after)))
            {
                removes.Add(new RemoveRoute(before.ToRoute(key)));
            }

            if (after is not null)
            {
                ensures.Add(new EnsureRoute(after.ToRoute(key)));
            }
        }

        // Additions and replacements first: a prefix that moves is never without a route.
        Send([.. ensures, .. removes]);
        foreach (var (key, before, after) in changes.All)
        {
            ledger.Changed(key, before, after);
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        Send([.. ReadOurs().Select(static RouteChange (route) => new RemoveRoute(route))]);
        return Task.CompletedTask;
    }

    /// <summary>The kernel replaces a route of the same destination and metric in place, so nothing is left of the one before. Pure.</summary>
    private static bool NeedsRemoval(RouteKey key, PodCidrRoute before, PodCidrRoute after) =>
        key.Destination.Family == IpFamily.V6 && before.ToRoute(key).Type != after.ToRoute(key).Type;

    private static ValueList<IpPrefix> PodCidrsOf(KubernetesObject? item) => item is Node node ? node.PodCidrs : default;

    private List<Route> ReadOurs() =>
        [.. socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: Hosting.NodeResources.RouteProtocol)).Where(PodCidrRoute.IsOurs)];

    /// <summary>One route that the kernel refuses does not keep the others from their place.</summary>
    private void Send(IReadOnlyList<RouteChange> changes)
    {
        var failures = socket.Apply(changes);
        if (failures.Count > 0)
        {
            ledger.Unknown();
            throw failures[0].Error;
        }
    }
}
