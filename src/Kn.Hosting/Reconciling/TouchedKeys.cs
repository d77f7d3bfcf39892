namespace Kn.Hosting.Reconciling;

/// <summary>Keys that are to be planned again for another reason than a change of the cluster, and who waits for them. Thread-safe.</summary>
internal sealed class TouchedKeys<TKey>
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly HashSet<TKey> _keys = [];
    private readonly List<Wait> _waits = [];
    private readonly List<Wait> _taken = [];
    private TaskCompletionSource _signal = New();

    /// <summary>The key is planned by a pass that begins later.</summary>
    internal void Add(TKey key)
    {
        lock (_lock)
        {
            _keys.Add(key);
            _signal.TrySetResult();
        }
    }

    /// <summary>The key is planned by a pass that begins later; the task ends when that one, or another after it, ended well.</summary>
    internal Task Add(TKey key, Action whenInPlace)
    {
        var wait = new Wait(whenInPlace, New());
        lock (_lock)
        {
            _waits.Add(wait);
        }

        Add(key);
        return wait.Done.Task;
    }

    /// <summary>Returns when there is a key to plan.</summary>
    internal Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _signal.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>A pass begins: it plans the keys that were touched until now. To be called before the pass takes its snapshot.</summary>
    internal void TakeInto(ISet<TKey> keys)
    {
        lock (_lock)
        {
            keys.UnionWith(_keys);
            _keys.Clear();
            _taken.AddRange(_waits);
            _waits.Clear();
            if (_signal.Task.IsCompleted)
            {
                _signal = New();
            }
        }
    }

    /// <summary>A pass ended well: whoever waited for it, or for one that failed before, is told. Passes run one at a time.</summary>
    internal void Complete()
    {
        foreach (var wait in _taken)
        {
            wait.WhenInPlace();
            wait.Done.TrySetResult();
        }

        _taken.Clear();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Wait(Action WhenInPlace, TaskCompletionSource Done);
}
