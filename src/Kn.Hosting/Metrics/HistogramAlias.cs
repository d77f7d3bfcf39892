namespace Kn.Hosting.Metrics;

/// <summary>A histogram under another name.</summary>
internal sealed class HistogramAlias(string labels, Histogram same) : Metric(labels)
{
    private readonly string[] _bucketLabels = same.BucketLabels(labels);

    internal override void WriteSamples(PrometheusText text, string family) => same.WriteSamples(text, family, Labels, _bucketLabels);
}
