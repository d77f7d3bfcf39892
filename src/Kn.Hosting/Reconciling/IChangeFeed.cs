using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Reconciling;

/// <summary>What a reconcile loop needs of the cache; tests feed loops without one.</summary>
internal interface IChangeFeed : IDisposable
{
    /// <summary>Returns when every kind that the loop reads is in the cache, from the API server or from the disk.</summary>
    Task WhenSyncedAsync(CancellationToken cancellationToken);

    /// <summary>Returns when there is something to drain; at once when there already is.</summary>
    Task WaitAsync(CancellationToken cancellationToken);

    /// <summary>The latest snapshot, and what changed since the last call.</summary>
    ChangeBatch Drain();
}

/// <summary>A snapshot, the changes that led to it, and when the first of them came in by a watch (<see cref="ChangeSet.ReceivedAt"/>).</summary>
internal readonly record struct ChangeBatch(ClusterSnapshot Cluster, IReadOnlyList<ObjectChange> Changes, long? ReceivedAt = null);
