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

    /// <summary>Makes a change that nobody hears of.</summary>
    /// <param name="change">Makes it, and says whether somebody else changed something meanwhile: then every listener is told that it missed something,
    /// as it is when the change throws.</param>
    public void Run(Func<bool> change)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                listener.Pause();
            }

            var missed = true;
            try
            {
                missed = change();
            }
            finally
            {
                foreach (var listener in _listeners)
                {
                    listener.Resume(missed);
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
    /// <param name="missed">Whether somebody else may have changed something since <see cref="Pause"/>.</param>
    void Resume(bool missed);
}
