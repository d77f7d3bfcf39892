using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Reconciling;

/// <summary>The cache as a loop sees it.</summary>
internal sealed class CacheChangeFeed(ClusterCache cache, IReadOnlyList<WatchRequest> watches) : IChangeFeed
{
    public Task WhenSyncedAsync(CancellationToken cancellationToken) => Task.FromResult(watches).WaitAsync(cancellationToken);

    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);

    public ChangeBatch Drain() => new(cache.Current, []);

    public void Dispose()
    {
    }
}
