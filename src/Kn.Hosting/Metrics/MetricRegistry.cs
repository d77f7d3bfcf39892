namespace Kn.Hosting.Metrics;

/// <summary>The process's metrics; written out in Prometheus' text format.</summary>
public sealed class MetricRegistry
{
}
