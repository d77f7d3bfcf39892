using Kn.Hosting.Metrics;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;

namespace Kn.Policy;

/// <summary>What CNI ADD waits for: the new pod's policies are in the kernel of its node.</summary>
/// <remarks>
/// <para>Three things, in this order. The pod is in the cache, the very one and on this node, as only its labels say which policies select it. What the
/// cache holds is of one time: pods from the API server beside policies of the last run would open a pod whose policy was made meanwhile. And a
/// pass that began after both has ended well.</para>
/// <para>With the API server away, pods of the last run are attached by the policies of the last run. So are pods that nobody has heard of, in namespaces
/// where nothing isolates any pod; in others such a pod waits in vain, as its labels would decide.</para>
/// </remarks>
internal sealed class PolicyGate(string node, PolicyTarget target, ReconcileLoop<PolicyKey, PolicyPiece> loop, ClusterCache cache, TimeProvider time)
{
    /// <summary>How often is looked again for what nothing signals: that a kind's first list has come from the API server.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>The kinds that a pod's policies are made of.</summary>
    public static IReadOnlyList<ResourceKind> Kinds { get; } = [ResourceKinds.NetworkPolicies, ResourceKinds.Pods, ResourceKinds.Namespaces];

    /// <summary>Is told how long each pod that got through had to wait; null where nobody asks.</summary>
    public Histogram? Seconds { get; init; }

    /// <summary>Returns when nothing gets to the pod or from it but what its policies allow.</summary>
    public async Task WaitAsync(AttachedPod pod, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        await PassAsync(pod, cancellationToken);
        Seconds?.Observe(time.GetElapsedTime(began));
    }

    /// <summary>What is still missing, after "policy, which waits for".</summary>
    public string Reason(AttachedPod pod)
    {
        if (!cache.IsSynced)
        {
            return "the cluster's pods, namespaces and policies to be known";
        }

        if (pod.Pod is { } key && Find(pod) is null)
        {
            return cache.Current.Pods.Find(key) switch
            {
                null => $"Pod {key}, which the API server has not told of",
                { } other when !pod.Is(other) => $"Pod {key} with UID {pod.Uid}: the API server has told of one with UID {other.Metadata.Uid} only",
                { } other => $"Pod {key} to be on node {node}: the API has it on '{other.NodeName}'",
            };
        }

        return IsOfOneTime() ? "the kernel to take its policies" : "policies that are as new as the pods: the API server has told of some kinds only";
    }

    private async Task PassAsync(AttachedPod pod, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await FindAsync(pod, cancellationToken) is { } item && !PolicyPlan.IsSubject(item))
            {
                return;
            }

            while (!IsOfOneTime())
            {
                await Task.Delay(Glance, time, cancellationToken);
            }

            var isGuarded = false;
            await loop.PlanAgainAsync(PolicyKey.OfPod(PolicyNode.KeyOf(pod)), () => isGuarded = target.Guards(pod), cancellationToken);
            if (isGuarded)
            {
                return;
            }

            await Task.Delay(Glance, time, cancellationToken);
        }
    }

    /// <summary>The pod, when the cache has it; null for a container that is no pod.</summary>
    private async ValueTask<Pod?> FindAsync(AttachedPod pod, CancellationToken cancellationToken)
    {
        if (pod.Pod is null || Find(pod) is { } || NeedsNoPod(pod))
        {
            return Find(pod);
        }

        using var changes = cache.Subscribe(ResourceKinds.Pods);
        while (true)
        {
            changes.Drain();
            if (Find(pod) is { } || NeedsNoPod(pod))
            {
                return Find(pod);
            }

            await changes.WaitAsync(cancellationToken);
        }
    }

    private Pod? Find(AttachedPod pod) =>
        pod.Pod is { } key && cache.Current.Pods.Find(key) is { } item && pod.Is(item) && string.Equals(item.NodeName, node, StringComparison.Ordinal) ? item : null;

    /// <summary>Whether the last run's knowledge is all there is, and by it the pod is open whatever its labels are.</summary>
    private bool NeedsNoPod(AttachedPod pod)
    {
        var cluster = cache.Current;
        return pod.Pod is { } key
            && cluster.Pods.Find(key) is null
            && OriginOfAll() == CacheOrigin.Snapshot
            && PolicyPlan.IsOpen(cluster, PolicyIndex.Of(cluster.NetworkPolicies, PolicyIndex.Empty), target.Node.Options, key.Namespace);
    }

    private bool IsOfOneTime() => OriginOfAll() is not (null or CacheOrigin.None);

    /// <summary>Where everything that policies are made of comes from; null where it does not come from the same.</summary>
    private CacheOrigin? OriginOfAll()
    {
        CacheOrigin? first = null;
        foreach (var kind in cache.Kinds)
        {
            if (!Kinds.Contains(kind.Kind))
            {
                continue;
            }

            if (first is { } known && known != kind.Origin)
            {
                return null;
            }

            first = kind.Origin;
        }

        return first;
    }
}
