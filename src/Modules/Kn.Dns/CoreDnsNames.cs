using Kn.Dns.Forwarding;
using Kn.Hosting.Metrics;

namespace Kn.Dns;

/// <summary>The module's metrics once more under CoreDNS' names, where they mean the same, so that dashboards go on working.</summary>
/// <remarks>
/// <para>CoreDNS' labels tell which of its server blocks and zones a query met: here all is one, <c>dns://:53</c> and <c>.</c>. Sizes of
/// messages, the DO bit and the client's family are not counted, and what an upstream answered is not told of its times.</para>
/// <para>https://coredns.io/plugins/metrics, /cache, /forward, /kubernetes; forward's names of before and since 1.11.</para>
/// </remarks>
internal static class CoreDnsNames
{
    private static readonly (string, string)[] Server = [("server", "dns://:53"), ("zone", "."), ("view", "")];
    private static readonly (string, string)[] CacheOf = [("server", "dns://:53"), ("zones", "."), ("view", "")];

    /// <summary>Bounds of CoreDNS' histogram of the time until names follow endpoints: a millisecond, doubled nineteen times.</summary>
    public static double[] ProgrammingBounds { get; } = [.. Sequence.Range(0, 20).Select(static power => 0.001 * (1 << power))];

    /// <summary>Queries by type and transport.</summary>
    public static void Requests(MetricRegistry registry, string transport, string type, Func<double> read) =>
        registry.CounterCallback("coredns_dns_requests_total", "kn_dns_requests_total under CoreDNS' name.", read, [.. Server, ("proto", transport), ("type", type)]);

    /// <summary>Responses by code.</summary>
    public static void Responses(MetricRegistry registry, string rcode, Func<double> read) =>
        registry.CounterCallback("coredns_dns_responses_total", "kn_dns_responses_total under CoreDNS' name.", read, [.. Server, ("rcode", rcode)]);

    /// <summary>How long answers took, and queries that made the server stumble.</summary>
    public static void Serving(MetricRegistry registry, Histogram seconds, Func<double> panics)
    {
        registry.Alias("coredns_dns_request_duration_seconds", "kn_dns_request_duration_seconds under CoreDNS' name.", seconds, Server);
        registry.CounterCallback("coredns_panics_total", "kn_dns_panics_total under CoreDNS' name.", panics);
    }

    /// <summary>How long it took from a change of endpoints until their names followed.</summary>
    public static Histogram Programming(MetricRegistry registry) => registry.Histogram(
        "coredns_kubernetes_dns_programming_duration_seconds",
        "Time from a change of endpoints, as their controller tells it, until the names of a headless Service followed.",
        ProgrammingBounds,
        ("service_kind", "headless_with_selector"));

    /// <summary>What the cache did.</summary>
    public static void Cache(MetricRegistry registry, ForwardMetrics metrics)
    {
        const string Hits = "coredns_cache_hits_total";
        const string HitsHelp = "kn_dns_cache_hits_total under CoreDNS' name.";
        registry.CounterCallback(Hits, HitsHelp, () => metrics.SuccessHits.Value, [.. CacheOf, ("type", "success")]);
        registry.CounterCallback(Hits, HitsHelp, () => metrics.DenialHits.Value + metrics.FailureHits.Value, [.. CacheOf, ("type", "denial")]);
        registry.CounterCallback("coredns_cache_misses_total", "kn_dns_cache_misses_total under CoreDNS' name.", () => metrics.Misses.Value, CacheOf);
        registry.CounterCallback("coredns_cache_requests_total", "Hits and misses of the cache together.", () => metrics.SuccessHits.Value + metrics.DenialHits.Value + metrics.FailureHits.Value + metrics.Misses.Value, CacheOf);
        registry.CounterCallback("coredns_cache_prefetch_total", "kn_dns_cache_prefetch_total under CoreDNS' name.", () => metrics.Prefetches.Value, CacheOf);
        registry.CounterCallback("coredns_cache_served_stale_total", "kn_dns_cache_served_stale_total under CoreDNS' name.", () => metrics.ServedStale.Value, CacheOf);
        registry.CounterCallback("coredns_forward_healthcheck_broken_total", "kn_dns_forward_healthcheck_broken_total under CoreDNS' name.", () => metrics.HealthCheckBroken.Value);
        registry.CounterCallback("coredns_forward_max_concurrent_rejects_total", "kn_dns_forward_max_concurrent_rejects_total under CoreDNS' name.", () => metrics.ConcurrencyRejects.Value);
    }

    /// <summary>How full the cache is.</summary>
    public static void CacheSize(MetricRegistry registry, Func<double> entries, Func<double> evictions)
    {
        registry.GaugeCallback("coredns_cache_entries", "kn_dns_cache_entries under CoreDNS' name.", entries, CacheOf);
        registry.CounterCallback("coredns_cache_evictions_total", "kn_dns_cache_evictions_total under CoreDNS' name.", evictions, CacheOf);
    }

    /// <summary>What an upstream was asked.</summary>
    public static void Upstream(MetricRegistry registry, string to, Func<double> requests, Func<double> failedProbes, Histogram seconds)
    {
        const string ProbesHelp = "kn_dns_forward_healthcheck_failures_total under CoreDNS' name.";
        registry.CounterCallback("coredns_forward_requests_total", "kn_dns_forward_requests_total under CoreDNS' name.", requests, ("to", to));
        registry.CounterCallback("coredns_forward_healthcheck_failures_total", ProbesHelp, failedProbes, ("to", to));
        registry.CounterCallback("coredns_proxy_healthcheck_failures_total", ProbesHelp, failedProbes, ("proxy_name", "forward"), ("to", to));
        registry.Alias("coredns_forward_request_duration_seconds", "kn_dns_forward_request_duration_seconds under CoreDNS' name.", seconds, ("to", to));
        registry.Alias("coredns_proxy_request_duration_seconds", "kn_dns_forward_request_duration_seconds under CoreDNS' name.", seconds, ("proxy_name", "forward"), ("to", to));
    }

    /// <summary>An upstream's answers of one code.</summary>
    public static void UpstreamResponses(MetricRegistry registry, string to, string rcode, Func<double> read) =>
        registry.CounterCallback("coredns_forward_responses_total", "kn_dns_forward_responses_total under CoreDNS' name.", read, ("rcode", rcode), ("to", to));
}
