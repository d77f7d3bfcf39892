using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Cni.Attaching;

/// <summary>Finds the node's pods in the shared cache. No call to the API server is ever made for an ADD.</summary>
/// <remarks>
/// <para>The kubelet learns of a pod as Kn does, by a watch, and mounts volumes and makes a sandbox before it asks for the network; so at an ADD the
/// pod is nearly always there. When it is not (a watch that just starts anew), an ADD waits for it, for <see cref="Patience"/> at most and
/// only if there is something to wait for: the runtime gave the pod's UID, as kubelets make it do, and the cache follows the API server.
/// When it still is not there, the pod is attached as one without annotations; a pod that starts is worth more than an annotation,
/// and <c>kn ipam check</c> tells of an address that was asked for in vain.</para>
/// <para>With the API server away there is no wait: pods of the last snapshot are found, new ones come only from files on the node.</para>
/// </remarks>
internal sealed class PodLookup(ClusterCache cache, TimeProvider time)
{
    /// <summary>Far more than a watch lags behind another one, and hardly to be noticed in a pod's start.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>UID of a static pod as the kubelet has it; the API's copy has one of its own (core/v1 MirrorPodAnnotationKey).</summary>
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Whether the cache holds every pod of the node as the API server has it now.</summary>
    public bool IsInSync => cache.Kinds.FirstOrDefault(static kind => kind.Kind == ResourceKinds.Pods) is { Origin: CacheOrigin.Api, Problem: null };

    /// <summary>All pods of the cache; those of other nodes may be among them.</summary>
    public ObjectTable<Pod> All => cache.Current.Pods;

    /// <summary>The pod of that name, or null.</summary>
    /// <param name="key">Namespace and name.</param>
    /// <param name="uid">Another pod of the same name is not meant; empty when not known.</param>
    public Pod? Find(ObjectKey key, string uid) =>
        cache.Current.Pods.Find(key) is { } pod && (uid.Length == 0 || pod.Metadata.Uid == uid || pod.Metadata.Annotations.Find(MirrorAnnotation) == uid) ? pod : null;

    /// <summary>The pod of that name, after a short wait if need be; null when it is not there.</summary>
    public async ValueTask<Pod?> FindAsync(ObjectKey key, string uid, CancellationToken cancellationToken)
    {
        var pod = Find(key, uid);
        return pod is not null || uid.Length == 0 || !IsInSync ? pod : await WaitAsync(key, uid, cancellationToken);
    }

    private async Task<Pod?> WaitAsync(ObjectKey key, string uid, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var changes = cache.Subscribe(ResourceKinds.Pods);
        try
        {
            while (true)
            {
                await changes.WaitAsync(either.Token);
                changes.Drain();
                if (Find(key, uid) is { } pod)
                {
                    return pod;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
