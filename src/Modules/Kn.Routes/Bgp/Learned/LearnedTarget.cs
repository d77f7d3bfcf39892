using System.Collections.Concurrent;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Learned;

/// <summary>Drives the main table's routes to what peers told.</summary>
/// <remarks>Until the speaker has heard all that it can, what an earlier run left in the kernel is not looked at, and so stays.</remarks>
/// <param name="socket">The kernel.</param>
/// <param name="learned">What peers told.</param>
/// <param name="hops">How next hops are reached.</param>
/// <param name="metric">Of the routes.</param>
/// <param name="hopsChanged">Called when next hops may be reached otherwise than before.</param>
internal sealed class LearnedTarget(RouteSocket socket, LearnedRoutes learned, NextHops hops, uint metric, Action hopsChanged) : ITarget<IpPrefix, LearnedRoute>
{
    private readonly ConcurrentDictionary<IpPrefix, LearnedRoute> _known = [];
    private ObjectTable<Node>? _nodes;
    private bool _isConverged;

    public string Name => "learnedRoutes";

    public bool PlansMayDiffer { get; private set; } = true;

    /// <summary>Routes that the kernel has. Any thread.</summary>
    public int Count => _known.Count;

    /// <summary>The route that is expected in the kernel; null for none. Any thread.</summary>
    public LearnedRoute? Find(IpPrefix prefix) => _known.GetValueOrDefault(prefix);

    public IEnumerable<IpPrefix> Keys(ClusterSnapshot cluster)
    {
        Be(cluster);
        return learned.Prefixes;
    }

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<IpPrefix> keys)
    {
        if (change.Object is not Node || _nodes is null)
        {
            return;
        }

        _nodes = cluster.Nodes;
        if (hops.Follow(change.Before as Node, change.After as Node))
        {
            keys.UnionWith(learned.Prefixes);
            hopsChanged();
        }
    }

    public LearnedRoute? Plan(ClusterSnapshot cluster, IpPrefix key, Problems problems)
    {
        Be(cluster);
        var ways = new List<NextHop>();
        foreach (var address in learned.Find(key))
        {
            if (hops.Resolve(key, address) is { } way)
            {
                ways.Add(way);
            }
        }

        return ways.Count == 0 ? null : LearnedRoute.Of(ways, metric);
    }

    public Task<ValueMap<IpPrefix, LearnedRoute>> ReadAsync(CancellationToken cancellationToken)
    {
        var routes = socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main));
        PlansMayDiffer = Look(routes) || _isConverged != learned.IsConverged;
        _isConverged = learned.IsConverged;
        var ours = new Dictionary<IpPrefix, LearnedRoute>();
        foreach (var route in routes.Where(LearnedRoute.IsOurs))
        {
            if (_isConverged || !learned.Find(route.Destination).IsEmpty)
            {
                ours[route.Destination] = LearnedRoute.Of(route);
            }
        }

        _known.Clear();
        foreach (var (prefix, route) in ours)
        {
            _known[prefix] = route;
        }

        return Task.FromResult(ours.ToValueMap());
    }

    public Task ApplyAsync(Changes<IpPrefix, LearnedRoute> changes, CancellationToken cancellationToken)
    {
        var ensures = new List<RouteChange>();
        var removals = new List<RouteChange>();
        foreach (var (prefix, before, after) in changes.All)
        {
            if (after is not null)
            {
                _known[prefix] = after;
                ensures.Add(new EnsureRoute(after.ToRoute(prefix)));
            }
            else
            {
                _known.TryRemove(prefix, out _);
            }

            if (before is not null && before.Metric != after?.Metric)
            {
                removals.Add(new RemoveRoute(before.ToRoute(prefix)));
            }
        }

        return socket.Apply([.. ensures, .. removals]) is [var failure, ..] ? throw failure.Error : Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        RemoveAll(socket);
        return Task.CompletedTask;
    }

    /// <summary>Removes every learned route.</summary>
    public static void RemoveAll(RouteSocket socket)
    {
        var routes = socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: Hosting.NodeResources.BgpRouteProtocol));
        if (socket.Apply([.. routes.Select(static RouteChange (route) => new RemoveRoute(route))]) is [var failure, ..])
        {
            throw failure.Error;
        }
    }

    /// <summary>Reads the network; whether a next hop may be reached otherwise than before.</summary>
    public bool Look(IReadOnlyList<Route>? routes = null)
    {
        routes ??= socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main));
        var network = KernelNetwork.Of(socket.ReadLinks(), socket.ReadAddresses(), hops.Network.Underlay);
        var changed = hops.Be(network, routes.Where(static route => route.Protocol is not (Hosting.NodeResources.BgpRouteProtocol or Hosting.NodeResources.RouteProtocol)));
        if (changed)
        {
            hopsChanged();
        }

        return changed;
    }

    private void Be(ClusterSnapshot cluster)
    {
        if (!ReferenceEquals(_nodes, cluster.Nodes))
        {
            _nodes = cluster.Nodes;
            if (hops.Be(cluster.Nodes))
            {
                hopsChanged();
            }
        }
    }
}
