using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>The changes that one consumer has yet to see, folded by object; it grows with the objects changed, never with the events.</summary>
/// <remarks>Begins with every object that the cache held at the subscription, as additions, so that a copy driven by the queue
/// alone equals the snapshot. Safe for several threads; meant for one consumer.</remarks>
public sealed class ChangeQueue : IDisposable
{
    private readonly ClusterCache _cache;
    private readonly ulong _kinds;
    private Dictionary<(int Kind, ObjectKey Key), ObjectChange> _pending = [];
    private TaskCompletionSource? _waiter;
    private long? _receivedAt;

    internal ChangeQueue(ClusterCache cache, IEnumerable<ResourceKind> kinds)
    {
        _cache = cache;
        foreach (var kind in kinds)
        {
            _kinds |= 1UL << kind.Index;
        }
    }

    /// <summary>Completes when there may be something to drain; at once when there already is.</summary>
    /// <remarks>A change that is undone before the drain leaves nothing, so <see cref="Drain"/> may still find an empty set.</remarks>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        lock (_cache.Gate)
        {
            if (_pending.Count > 0)
            {
                return ValueTask.CompletedTask;
            }

            _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_waiter.Task.WaitAsync(cancellationToken));
        }
    }

    /// <summary>Takes all pending changes, and the snapshot that they lead to.</summary>
    public ChangeSet Drain()
    {
        Dictionary<(int, ObjectKey), ObjectChange> drained;
        ClusterSnapshot snapshot;
        long? receivedAt;
        lock (_cache.Gate)
        {
            snapshot = _cache.Current;
            (receivedAt, _receivedAt) = (_receivedAt, null);
            if (_pending.Count == 0)
            {
                return new ChangeSet(snapshot, []);
            }

            drained = _pending;
            _pending = [];
        }

        return new ChangeSet(snapshot, [.. drained.Values], receivedAt);
    }

    /// <summary>Ends the subscription; what is pending is dropped.</summary>
    public void Dispose() => _cache.Unsubscribe(this);

    internal bool Wants(ResourceKind kind) => (_kinds & (1UL << kind.Index)) != 0;

    /// <summary>Folds one change in; the caller holds the cache's gate.</summary>
    internal void Add(ResourceKind kind, ObjectKey key, ObjectChange change)
    {
        var at = (kind.Index, key);
        if (_pending.TryGetValue(at, out var earlier))
        {
            change = new ObjectChange(earlier.Before, change.After);
        }

        if (Equals(change.Before, change.After))
        {
            _pending.Remove(at);
        }
        else
        {
            _pending[at] = change;
        }
    }

    /// <summary>Wakes the consumer; the caller holds the cache's gate.</summary>
    internal void Signal(long? receivedAt)
    {
        if (_pending.Count > 0)
        {
            _receivedAt ??= receivedAt;
            _waiter?.TrySetResult();
            _waiter = null;
        }
    }
}
