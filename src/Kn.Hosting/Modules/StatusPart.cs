using Kn.Hosting.Reconciling;
using Kn.Primitives;

namespace Kn.Hosting.Modules;

/// <summary>One thing that a module keeps working: a reconcile loop's target, a server. Thread-safe.</summary>
public sealed class StatusPart
{
    private readonly Lock _lock = new();
    private StatusPartSnapshot _current;

    private readonly Action _changed;

    internal StatusPart(string name, Action changed)
    {
        _current = new StatusPartSnapshot { Name = name };
        _changed = changed;
    }

    /// <summary>The part's name.</summary>
    public string Name => _current.Name;

    /// <summary>It works: what the cluster asks for is in place. Ends a failure.</summary>
    public void SetReady() => Change(static (part, _) => part with { Ready = true, Error = null }, 0);

    /// <summary>It does not work at the moment; readiness, once reached, stays.</summary>
    /// <param name="error">What fails, for <c>kn status</c> and <c>/healthz</c>.</param>
    public void SetFailing(string error) => Change(static (part, error) => part with { Error = error }, error);

    /// <summary>How much is in place: pieces, listeners, pods.</summary>
    public void SetCount(int count) => Change(static (part, count) => part with { Count = count }, count);

    /// <summary>What is asked for and not done.</summary>
    public void SetProblems(ValueList<Problem> problems) => Change(static (part, problems) => part with { Problems = problems }, problems);

    internal StatusPartSnapshot Read()
    {
        lock (_lock)
        {
            return _current;
        }
    }

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
