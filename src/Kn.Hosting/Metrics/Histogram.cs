using System.Globalization;

namespace Kn.Hosting.Metrics;

/// <summary>Counts observations by size, such as durations in seconds. Thread-safe; observing allocates nothing.</summary>
/// <remarks>Samples are the text format's <c>_bucket</c> (cumulative, by upper bound), <c>_sum</c> and <c>_count</c>. A reader may see
/// an observation in the buckets a moment before it is in the sum.</remarks>
public sealed class Histogram : Metric
{
    private readonly double[] _bounds;
    private readonly string[] _bucketLabels;
    private readonly long[] _counts;
    private readonly Gauge _sum = new("");

    internal Histogram(string labels, ReadOnlySpan<double> upperBounds)
        : base(labels)
    {
        _bounds = upperBounds.ToArray();
        _counts = new long[_bounds.Length + 1];
        _bucketLabels = BucketLabels(labels);
    }

    /// <summary>Bounds in seconds for kernel transactions and requests: 50 µs to 10 s.</summary>
    public static ReadOnlySpan<double> Seconds => [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

    /// <summary>How many observations.</summary>
    public long Count => _counts.Sum();

    /// <summary>The sum of all observations.</summary>
    public double Sum => _sum.Value;

    /// <summary>Counts one observation.</summary>
    public void Observe(double value) => Observe(value, 1);

    /// <summary>Counts a number of observations of one value, such as those of a batch.</summary>
    public void Observe(double value, int times)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Add(ref _counts[bucket], times);
        _sum.Add(value * times);
    }

    /// <summary>Counts a duration, in seconds.</summary>
    public void Observe(TimeSpan duration) => Observe(duration.TotalSeconds);

    internal override void WriteSamples(PrometheusText text, string family) => WriteSamples(text, family, Labels, _bucketLabels);

    /// <summary>The labels of each bucket of a histogram with these bounds and labels.</summary>
    internal string[] BucketLabels(string labels)
    {
        var prefix = labels.Length == 0 ? "" : labels + ",";
        return [.. _bounds.Append(double.PositiveInfinity).Select(bound => $"{prefix}le=\"{PrometheusText.Number(bound)}\"")];
    }

    /// <summary>Writes the samples under other labels.</summary>
    internal void WriteSamples(PrometheusText text, string family, string labels, string[] bucketLabels)
    {
        long cumulative = 0;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            cumulative += Interlocked.Read(ref _counts[bucket]);
            text.Sample(family, "_bucket", bucketLabels[bucket], cumulative.ToString(CultureInfo.InvariantCulture));
        }

        text.Sample(family, "_sum", labels, PrometheusText.Number(Sum));
        text.Sample(family, "_count", labels, cumulative.ToString(CultureInfo.InvariantCulture));
    }
}
