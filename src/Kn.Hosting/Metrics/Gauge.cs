namespace Kn.Hosting.Metrics;

/// <summary>A number that rises and falls, such as pieces applied or a time stamp. Thread-safe; setting allocates nothing.</summary>
public sealed class Gauge : Metric
{
    private long _bits;

    internal Gauge(string labels)
        : base(labels)
    {
    }

    /// <summary>The last value set; 0 at first.</summary>
    public double Value => BitConverter.Int64BitsToDouble(Interlocked.Read(ref _bits));

    /// <summary>Replaces the value.</summary>
    public void Set(double value) => Interlocked.Exchange(ref _bits, BitConverter.DoubleToInt64Bits(value));

    /// <summary>Adds to the value; negative amounts lower it.</summary>
    public void Add(double amount)
    {
        long before;
        do
        {
            before = Interlocked.Read(ref _bits);
        }
        while (Interlocked.CompareExchange(ref _bits, BitConverter.DoubleToInt64Bits(BitConverter.Int64BitsToDouble(before) + amount), before) != before);
    }

    internal override void WriteSamples(PrometheusText text, string family) => text.Sample(family, Labels, Value);
}
