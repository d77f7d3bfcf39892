namespace Kn.Hosting.Metrics;

/// <summary>A number that is asked for when the metrics are read.</summary>
internal sealed class CallbackMetric(string labels) : Metric(labels)
{
    /// <summary>Gives the value; replaced when a restarted module registers again.</summary>
    internal required Func<double> Read { get; set; }

    internal override void WriteSamples(PrometheusText text, string family) => text.Sample(family, Labels, Read());
}
