namespace Kn.Cni;

/// <summary>Counts calls, so that the module does not end below one that still runs. Thread-safe.</summary>
internal sealed class CallGate
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _closed;

    /// <summary>A call begins; false when it must not.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            _running += _closed ? 0 : 1;
            return !_closed;
        }
    }

    /// <summary>A call ends.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (--_running == 0 && _closed)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Lets no further call in, and waits for the last one.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_running == 0)
            {
                _idle.TrySetResult();
            }

            return _idle.Task;
        }
    }
}
