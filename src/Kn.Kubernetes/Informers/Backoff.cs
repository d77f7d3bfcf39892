namespace Kn.Kubernetes.Informers;

/// <summary>Waits longer after each failure in a row, with jitter, so that a thousand nodes do not come back in step.</summary>
/// <param name="first">The longest that the first wait can be.</param>
/// <param name="longest">Where the growth ends.</param>
/// <param name="random">The jitter.</param>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>The wait after one more failure: between half and all of the current step, which doubles each time.</summary>
    public TimeSpan Next()
    {
        const int MostDoublings = 30;
        var step = Math.Min(first.TotalSeconds * Math.Pow(2, Math.Min(_failures, MostDoublings)), longest.TotalSeconds);
        _failures++;
        return TimeSpan.FromSeconds(step * (0.5 + (0.5 * random.NextDouble())));
    }

    /// <summary>It works again.</summary>
    public void Reset() => _failures = 0;
}
