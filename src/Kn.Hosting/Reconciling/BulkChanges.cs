namespace Kn.Hosting.Reconciling;

/// <summary>Lets a module change tens of thousands of kernel objects at once without the kernel telling each of them to every module: while one
/// listener is left, the kernel writes a message for every object. Thread-safe.</summary>
public sealed class BulkChanges
{
    private readonly Lock _lock = new();
    private readonly List<IBulkListener> _listeners = [];

    /// <summary>Takes part from now on.</summary>
    /// <returns>Ends that when disposed.</returns>
    public IDisposable Register(IBulkListener listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
        }

        return new Registration(this, listener);
    }

    /// <summary>Makes a change that nobody hears of. If somebody else changed something meanwhile, or the change throws, every listener is told
    /// that it missed something.</summary>
    /// <param name="change">Makes it: one change of the version.</param>
    /// <param name="readVersion">The number of changes by everybody so far. It is read while everybody listens, before and after, so that
    /// no moment is left in which a change is neither heard nor counted.</param>
    public void Run(Action change, Func<uint> readVersion)
    {
        lock (_lock)
        {
            var expected = readVersion() + 1;
            var isDone = false;
            _listeners.ForEach(static listener => listener.Pause());
            try
            {
                change();
                isDone = true;
            }
            finally
            {
                _listeners.ForEach(static listener => listener.Resume());
                if (!isDone || readVersion() != expected)
                {
                    _listeners.ForEach(static listener => listener.Missed());
                }
            }
        }
    }

    private sealed class Registration(BulkChanges owner, IBulkListener listener) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._lock)
            {
                owner._listeners.Remove(listener);
            }
        }
    }
}

/// <summary>Who listens to the kernel, and can stop for a moment.</summary>
public interface IBulkListener
{
    /// <summary>Stops to listen.</summary>
    void Pause();

    /// <summary>Listens again.</summary>
    void Resume();

    /// <summary>Somebody else may have changed something between the two.</summary>
    void Missed();
}
