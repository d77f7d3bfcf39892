using Kn.Hosting.Reconciling;
using Kn.Primitives;

namespace Kn.Hosting.Modules;

/// <summary>One thing that a module keeps working: a reconcile loop's target, a server. Thread-safe.</summary>
public sealed class StatusPart
{
    private readonly Lock _lock = new();
    private StatusPartSnapshot _current;

    private readonly Action _changed;
    private readonly TimeProvider _time;
    private long? _failingSince;
    private long? _busySince;

    internal StatusPart(string name, Action changed, TimeProvider time)
    {
        _current = new StatusPartSnapshot { Name = name };
        _changed = changed;
        _time = time;
    }

    /// <summary>The part's name.</summary>
    public string Name => _current.Name;

    /// <summary>It works: what the cluster asks for is in place. Ends a failure.</summary>
    public void SetReady()
    {
        lock (_lock)
        {
            _failingSince = null;
        }

        Change(static (part, _) => part with { Ready = true, Error = null }, 0);
    }

    /// <summary>It does not work at the moment; readiness, once reached, stays.</summary>
    /// <param name="error">What fails, for <c>kn status</c> and <c>/healthz</c>.</param>
    public void SetFailing(string error)
    {
        lock (_lock)
        {
            _failingSince ??= _time.GetTimestamp();
        }

        Change(static (part, error) => part with { Error = error }, error);
    }

    /// <summary>A piece of work begins that must end soon, such as bringing changes into the kernel; what does not end is stuck.</summary>
    internal void Begin()
    {
        lock (_lock)
        {
            _busySince = _time.GetTimestamp();
        }
    }

    /// <summary>The work has ended, well or not.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _busySince = null;
        }
    }

    /// <summary>How much is in place: pieces, listeners, pods.</summary>
    public void SetCount(int count) => Change(static (part, count) => part with { Count = count }, count);

    /// <summary>What is asked for and not done.</summary>
    public void SetProblems(ValueList<Problem> problems) => Change(static (part, problems) => part with { Problems = problems }, problems);

    internal StatusPartSnapshot Read()
    {
        lock (_lock)
        {
            return _current with { FailingFor = Since(_failingSince), BusyFor = Since(_busySince) };
        }
    }

    private TimeSpan Since(long? timestamp) => timestamp is { } begin ? _time.GetElapsedTime(begin) : TimeSpan.Zero;

    private void Change<T>(Func<StatusPartSnapshot, T, StatusPartSnapshot> change, T argument)
    {
        lock (_lock)
        {
            var before = _current;
            _current = change(before, argument);
            if (before.Ready == _current.Ready)
            {
                return;
            }
        }

        _changed();
    }
}
