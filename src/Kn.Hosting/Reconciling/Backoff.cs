namespace Kn.Hosting.Reconciling;

/// <summary>The waits after failures in a row: each twice the last up to a limit, less up to a quarter at random, so that what failed
/// together does not retry together. Not thread-safe.</summary>
public sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>The wait after one more failure.</summary>
    public TimeSpan Next()
    {
        var doublings = Math.Min(_failures, 30);
        _failures++;
        var full = Math.Min(first.Ticks * Math.Pow(2, doublings), longest.Ticks);
        return TimeSpan.FromTicks((long)(full * (1 - (Random.Shared.NextDouble() / 4))));
    }

    /// <summary>It worked; the next wait is the first again.</summary>
    public void Reset() => _failures = 0;
}
