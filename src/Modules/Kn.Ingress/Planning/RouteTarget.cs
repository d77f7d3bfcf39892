using Kn.Hosting.Reconciling;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>Drives the routes to what the cluster's Ingresses, Services and EndpointSlices ask for: a host, or a Service, at a time.</summary>
/// <remarks>The routes are memory of this process: what is read back is what was applied last. Services of other controllers' Ingresses are among the
/// pieces: they cost a little memory, and whose an Ingress is can change without one of its Services changing.</remarks>
/// <param name="routes">What is driven.</param>
/// <param name="classes">Whose Ingresses count.</param>
/// <param name="redirects">Whether hosts with TLS are served by it alone, where an Ingress says nothing.</param>
/// <param name="fallback">Gets what no Ingress has a rule for; null for nobody.</param>
internal sealed class RouteTarget(LiveRoutes routes, ClassRules classes, bool redirects = true, BackendRef? fallback = null) : ITarget<RouteKey, RoutePiece>
{
    /// <inheritdoc/>
    public string Name => "routes";

    /// <inheritdoc/>
    public IEnumerable<RouteKey> Keys(ClusterSnapshot cluster) =>
        cluster.IngressHosts.Select(static host => RouteKey.Of(host)).Concat(cluster.IngressServices.Select(static service => RouteKey.Of(service)))
        .Concat(fallback is { } last ? [RouteKey.Of(""), RouteKey.Of(last.Service)] : []).Distinct();

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<RouteKey> keys)
    {
        if (change.Object is IngressClass)
        {
            // Any Ingress may have become ours, or ceased to be.
            keys.UnionWith(cluster.IngressHosts.Select(static host => RouteKey.Of(host)));
            return;
        }

        if (change.Object is Secret secret)
        {
            // Rare: no index is worth its memory.
            foreach (var ingress in cluster.Ingresses)
            {
                if (IngressReferences.AuthSecret(ingress) == secret.Key)
                {
                    Add(ingress, keys);
                }
            }

            return;
        }

        Add(change.Before, keys);
        Add(change.After, keys);
        AddTlsHosts(cluster, change.Before as IngressObject, keys);
        AddTlsHosts(cluster, change.After as IngressObject, keys);
    }

    /// <inheritdoc/>
    public RoutePiece? Plan(ClusterSnapshot cluster, RouteKey key, Problems problems) =>
        key.Host is { } host ? HostPlan.Plan(cluster, host, classes, problems, redirects, fallback) : PlanService(cluster, key.Service, problems);

    /// <inheritdoc/>
    public Task<ValueMap<RouteKey, RoutePiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(routes.Pieces);

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<RouteKey, RoutePiece> changes, CancellationToken cancellationToken)
    {
        routes.Apply(changes.All);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private ServicePiece? PlanService(ClusterSnapshot cluster, ObjectKey key, Problems problems)
    {
        if (!cluster.IngressesTo(key).Any() && key != fallback?.Service)
        {
            return null;
        }

        var piece = ServicePlan.Plan(cluster, key);
        if (piece is null)
        {
            var why = cluster.Services.Find(key) is null ? "does not exist" : "is of type ExternalName and has no name";
            foreach (var ingress in cluster.IngressesTo(key))
            {
                problems.Add(ingress, $"Service {key} {why}: requests for it get 503");
            }
        }

        return piece;
    }

    /// <summary>Hosts that have TLS by an Ingress are led there, whichever Ingress their rules are of.</summary>
    private static void AddTlsHosts(ClusterSnapshot cluster, IngressObject? ingress, ISet<RouteKey> keys)
    {
        foreach (var entry in ingress?.Tls ?? default)
        {
            foreach (var host in ingress!.HostsOf(entry))
            {
                keys.Add(RouteKey.Of(host));
                if (host.StartsWith("*.", StringComparison.Ordinal))
                {
                    keys.UnionWith(cluster.IngressHosts.Where(other => TlsRules.WildcardOf(other) == host).Select(static other => RouteKey.Of(other)));
                }
            }
        }
    }

    private static void Add(KubernetesObject? state, ISet<RouteKey> keys)
    {
        switch (state)
        {
            case Service service:
                keys.Add(RouteKey.Of(service.Key));
                break;
            case EndpointSlice { Service: { } owner }:
                keys.Add(RouteKey.Of(owner));
                break;
            case IngressObject ingress:
                keys.UnionWith(IngressIndex.HostsOf(ingress).Select(static host => RouteKey.Of(host)));
                keys.UnionWith(IngressIndex.ServicesOf(ingress).Select(static service => RouteKey.Of(service)));
                break;
        }
    }
}
