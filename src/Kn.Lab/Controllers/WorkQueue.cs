using System.Threading.Channels;

namespace Kn.Lab.Controllers;

/// <summary>Keys that need work, each at most once, and never two workers on the same key.</summary>
/// <remarks>Bounded by the number of distinct keys, not by the number of events. Thread-safe.</remarks>
internal sealed class WorkQueue
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _working = new(StringComparer.Ordinal);
    private readonly Channel<string> _ready = Channel.CreateUnbounded<string>();

    /// <summary>Marks a key dirty; one that is being worked on comes again afterwards.</summary>
    public void Add(string key)
    {
        lock (_gate)
        {
            if (_waiting.Add(key) && !_working.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <summary>Waits for a key and takes it; every key taken is given back by <see cref="Done"/>.</summary>
    public async ValueTask<string> TakeAsync(CancellationToken cancellationToken)
    {
        var key = await _ready.Reader.ReadAsync(cancellationToken);
        lock (_gate)
        {
            _waiting.Remove(key);
            _working.Add(key);
        }

        return key;
    }

    /// <summary>The work on a key is over.</summary>
    public void Done(string key)
    {
        lock (_gate)
        {
            _working.Remove(key);
            if (_waiting.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }
}
