using Kn.Hosting.Metrics;

namespace Kn.Hosting.Control;

/// <summary>What the control socket counts.</summary>
internal sealed class ControlMetrics(MetricRegistry registry)
{
    internal Counter Requests { get; } = registry.Counter("kn_control_requests_total", "Requests on the control socket, CNI calls among them.");

    internal Counter Garbage { get; } = registry.Counter("kn_control_garbage_total", "Connections closed because they did not send a request.");

    internal Counter Failures { get; } = registry.Counter("kn_control_failures_total", "Requests whose handler failed unforeseen.");

    internal Gauge Active { get; } = registry.Gauge("kn_control_active_requests", "Requests being handled.");

    internal Histogram Seconds { get; } = registry.Histogram("kn_control_request_seconds", "Time to handle a request.", Histogram.Seconds);
}
