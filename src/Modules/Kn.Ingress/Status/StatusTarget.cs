using Kn.Hosting.Events;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Status;

/// <summary>Tells the cluster of Ingresses, on the one node that leads: where they are found, as their status, and what of them is not done, as Events.</summary>
/// <remarks>An Ingress that is ours no longer loses its status where that is still what Kn has written: another controller may have written since.</remarks>
internal sealed class StatusTarget(ApiClient client, ClusterCache cache, ClassRules classes, PublishOptions options, IEventRecorder events) : ITarget<ObjectKey, StatusPiece>
{
    private const int WritesAtOnce = 8;
    private const int Tries = 5;

    /// <summary>Of Events about annotations and what they name.</summary>
    public const string Reason = "NotSupported";

    /// <inheritdoc/>
    public string Name => "status";

    /// <inheritdoc/>
    public IEnumerable<ObjectKey> Keys(ClusterSnapshot cluster) => cluster.Ingresses.Select(static ingress => ingress.Key);

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<ObjectKey> keys)
    {
        switch (change.Object)
        {
            case IngressObject ingress:
                keys.Add(ingress.Key);
                break;
            case Secret secret:
                keys.UnionWith(cluster.Ingresses.Where(ingress => IngressReferences.AuthSecret(ingress) == secret.Key).Select(static ingress => ingress.Key));
                break;
            case IngressClass:
            case var _ when PublishedAddresses.DependsOn(change, options):
                keys.UnionWith(Keys(cluster));
                break;
        }
    }

    /// <inheritdoc/>
    public StatusPiece? Plan(ClusterSnapshot cluster, ObjectKey key, Problems problems)
    {
        if (cluster.Ingresses.Find(key) is not { } ingress || !classes.IsOurs(cluster, ingress))
        {
            return null;
        }

        // The routes' plan has told of them on every node; here they are told to the cluster.
        var found = new Problems();
        _ = IngressPlan.Of(cluster, ingress, found);
        return new StatusPiece(PublishedAddresses.Of(cluster, options), found.All.Select(static problem => problem.Message).ToValueList());
    }

    /// <inheritdoc/>
    public Task<ValueMap<ObjectKey, StatusPiece>> ReadAsync(CancellationToken cancellationToken)
    {
        var cluster = cache.Current;
        var ours = PublishedAddresses.Of(cluster, options);
        return Task.FromResult(cluster.Ingresses
            .Where(ingress => !ingress.LoadBalancer.IsEmpty && (ingress.LoadBalancer == ours || classes.IsOurs(cluster, ingress)))
            .Select(static ingress => KeyValuePair.Create(ingress.Key, new StatusPiece(ingress.LoadBalancer, default)))
            .ToValueMap());
    }

    /// <inheritdoc/>
    public async Task ApplyAsync(Changes<ObjectKey, StatusPiece> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.All)
        {
            Tell(change);
        }

        await Parallel.ForEachAsync(
            changes.All.Where(static change => change.Before?.Entries != change.After?.Entries).ToList(),
            new ParallelOptions { MaxDegreeOfParallelism = WritesAtOnce, CancellationToken = cancellationToken },
            async (change, token) => await WriteAsync(change, token));
    }

    /// <summary>Takes back what was written, where it still is that.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var (key, piece) in await ReadAsync(cancellationToken))
        {
            await WriteAsync(new Change<ObjectKey, StatusPiece>(key, piece, null), cancellationToken);
        }
    }

    private void Tell(Change<ObjectKey, StatusPiece> change)
    {
        if (change.After is not { } after || cache.Current.Ingresses.Find(change.Key) is not { } ingress)
        {
            return;
        }

        foreach (var problem in after.Problems)
        {
            if (change.Before?.Problems.Contains(problem) != true)
            {
                events.Record(new ClusterEvent(EventSubject.Of(ingress), IsWarning: true, Reason, problem));
            }
        }
    }

    private async Task WriteAsync(Change<ObjectKey, StatusPiece> change, CancellationToken cancellationToken)
    {
        var wanted = change.After?.Entries ?? default;
        for (var left = Tries; left > 0; left--)
        {
            // The newest: it may be another's by now.
            var current = await client.GetAsync(ResourceKinds.Ingresses, change.Key, cancellationToken);
            if (current is null || current.LoadBalancer == wanted || classes.IsOurs(cache.Current, current) != (change.After is not null)
                || (change.After is null && current.LoadBalancer != change.Before?.Entries))
            {
                return;
            }

            if (await client.WriteLoadBalancerAsync(ResourceKinds.Ingresses, current, wanted, cancellationToken))
            {
                return;
            }
        }

        throw new InvalidOperationException($"the status of Ingress {change.Key} changes faster than it can be written");
    }
}
