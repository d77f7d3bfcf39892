namespace Kn.Ingress.Traffic;

/// <summary>Requests of one host, or to one Service. Counted by all threads.</summary>
internal sealed class TrafficCounters
{
    private readonly long[] _answers = new long[6];
    private long _microseconds;

    /// <summary>Seconds that requests took, all together.</summary>
    public double Seconds => Interlocked.Read(ref _microseconds) / 1e6;

    /// <summary>How many answers had a status of this first digit.</summary>
    public long Answers(int digit) => Interlocked.Read(ref _answers[digit]);

    /// <summary>A request is answered.</summary>
    public void Count(int status, TimeSpan time)
    {
        Interlocked.Increment(ref _answers[Math.Clamp(status / 100, 1, 5)]);
        Interlocked.Add(ref _microseconds, (long)time.TotalMicroseconds);
    }
}
