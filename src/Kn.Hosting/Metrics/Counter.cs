namespace Kn.Hosting.Metrics;

/// <summary>A number that only grows, such as requests handled. Thread-safe; counting allocates nothing.</summary>
public sealed class Counter : Metric
{
    private long _value;

    internal Counter(string labels)
        : base(labels)
    {
    }

    /// <summary>The count so far.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Counts one.</summary>
    public void Increment() => Interlocked.Increment(ref _value);

    /// <summary>Counts several.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative amount: a counter never falls.</exception>
    public void Add(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        Interlocked.Add(ref _value, amount);
    }

    internal override void WriteSamples(PrometheusText text, string family) => text.Sample(family, Labels, Value);
}
