using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Reconciling;

/// <summary>The cache as a loop sees it.</summary>
internal sealed class CacheChangeFeed(ClusterCache cache, IReadOnlyList<WatchRequest> watches) : IChangeFeed
{
    private readonly ChangeQueue _queue = cache.Subscribe(watches.Select(static watch => watch.Kind));

    public Task WhenSyncedAsync(CancellationToken cancellationToken) => watches.Count == 0 ? Task.CompletedTask : cache.WhenSynced(cancellationToken);

    public Task WaitAsync(CancellationToken cancellationToken) => _queue.WaitAsync(cancellationToken).AsTask();

    public ChangeBatch Drain()
    {
        var set = _queue.Drain();
        return new ChangeBatch(set.Snapshot, set.Changes, set.ReceivedAt);
    }

    public void Dispose() => _queue.Dispose();
}
