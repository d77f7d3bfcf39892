namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>When to look for loops: when upstreams change, once more a little later (our own listeners may not have been open yet), soon again
/// while there is one, and now and then, since a loop can begin elsewhere.</summary>
internal sealed class LoopSchedule(TimeProvider time)
{
    private static readonly TimeSpan Confirm = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WhileThereIsOne = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan NowAndThen = TimeSpan.FromMinutes(15);

    private long _last;
    private bool _confirm;
    private bool _looked;

    /// <summary>True when it is time; the caller looks then.</summary>
    /// <param name="changed">Upstreams have just changed.</param>
    /// <param name="routes">The upstreams.</param>
    public bool IsDue(bool changed, UpstreamRoutes routes)
    {
        var wait = _confirm ? Confirm : routes.Upstreams.Any(static upstream => upstream.Loops) ? WhileThereIsOne : NowAndThen;
        if (_looked && !changed && time.GetElapsedTime(_last) < wait)
        {
            return false;
        }

        _confirm = changed || !_looked;
        _looked = true;
        _last = time.GetTimestamp();
        return true;
    }
}
