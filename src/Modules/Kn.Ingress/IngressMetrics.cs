using Kn.Hosting.Metrics;
using Kn.Ingress.Planning;
using Kn.Ingress.Proxying;
using Kn.Ingress.Tls;

namespace Kn.Ingress;

/// <summary>The module's metrics, <c>kn_ingress_*</c>. Threads count for themselves; the sum is made when it is read.</summary>
internal sealed class IngressMetrics
{
    private readonly MetricRegistry _registry;

    /// <summary>Registers what is there before the engine is.</summary>
    public IngressMetrics(MetricRegistry registry, LiveRoutes routes)
    {
        _registry = registry;
        Seconds = registry.Histogram("kn_ingress_request_duration_seconds", "Time from a request's head to the end of its answer.", Histogram.Seconds);
        registry.GaugeCallback("kn_ingress_hosts", "Hosts that there are routes for.", () => routes.Current.HostCount);
        registry.GaugeCallback("kn_ingress_endpoints", "Endpoints that requests can go to.", () => routes.EndpointCount);
    }

    /// <summary>How long requests took.</summary>
    public Histogram Seconds { get; }

    /// <summary>Registers what an engine counts.</summary>
    public void Register(ProxyEngine engine, AccessLog? accessLog)
    {
        for (var digit = 1; digit <= 5; digit++)
        {
            var index = digit;
            _registry.CounterCallback("kn_ingress_responses_total", "Answers by the first digit of their status.", () => engine.Sum(counters => counters.Answers[index]), ("code", $"{digit}xx"));
        }

        _registry.CounterCallback("kn_ingress_access_log_dropped_total", "Lines of the access log that were not written.", () => accessLog?.Dropped ?? 0);
        _registry.GaugeCallback("kn_ingress_connections", "Connections of clients.", () => engine.Open);
        Register(engine, "kn_ingress_accepted_total", "Connections of clients taken.", static counters => counters.Accepted);
        Register(engine, "kn_ingress_upstream_connects_total", "Connections to backends made.", static counters => counters.Connects);
        Register(engine, "kn_ingress_upstream_connect_failures_total", "Connections to backends that failed.", static counters => counters.ConnectFailures);
        Register(engine, "kn_ingress_retries_total", "Requests that were sent to another endpoint, or again.", static counters => counters.Retries);
        Register(engine, "kn_ingress_abandoned_total", "Requests that the client gave up.", static counters => counters.Abandoned);
        Register(engine, "kn_ingress_refused_total", "Requests that were refused as no HTTP.", static counters => counters.Refused);
        Register(engine, "kn_ingress_timeouts_total", "Requests that somebody was too slow for.", static counters => counters.TimedOut);
        Register(engine, "kn_ingress_panics_total", "Requests that made Kn stumble.", static counters => counters.Faults);
    }

    /// <summary>Registers what is known of certificates, and what is counted of handshakes.</summary>
    public void Register(ProxyEngine engine, LiveCertificates certificates)
    {
        _registry.GaugeCallback("kn_ingress_certificate_hosts", "Hosts that have a certificate of their own.", () => certificates.HostCount);
        _registry.GaugeCallback("kn_ingress_certificate_first_end_timestamp_seconds", "When the first certificate ends; 0 without any.", () => certificates.FirstEnd?.ToUnixTimeSeconds() ?? 0);
        Register(engine, "kn_ingress_tls_handshakes_total", "Handshakes of TLS that were done.", static counters => counters.Handshakes);
        Register(engine, "kn_ingress_tls_resumptions_total", "Handshakes of TLS that went on with an earlier session.", static counters => counters.Resumptions);
        Register(engine, "kn_ingress_tls_handshake_failures_total", "Handshakes of TLS that failed.", static counters => counters.HandshakeFailures);
    }

    private void Register(ProxyEngine engine, string name, string help, Func<WorkerCounters, long> read) =>
        _registry.CounterCallback(name, help, () => engine.Sum(read));
}
