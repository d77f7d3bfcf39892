namespace Kn.Kubernetes.Cache;

/// <summary>The one cache: the current snapshot of the cluster, and who wants to know of changes.</summary>
public sealed class ClusterCache
{
    private readonly ClusterSnapshot _current = ClusterSnapshot.Empty;

    /// <summary>The latest snapshot.</summary>
    public ClusterSnapshot Current => _current;
}
