using Kn.Hosting.Metrics;

namespace Kn.ServiceProxy;

/// <summary>The module's metrics: its own, and kube-proxy's names where they mean the same, so that dashboards go on working.</summary>
internal sealed class ServiceProxyMetrics(MetricRegistry registry)
{
    /// <summary>kube-proxy's: how long bringing the kernel up to date took.</summary>
    public Histogram SyncSeconds { get; } = registry.Histogram(
        "kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds: one transaction with the kernel.", Histogram.Seconds);

    /// <summary>kube-proxy's: when the kernel was last brought up to date.</summary>
    public Gauge LastSync { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "The last time proxy rules were successfully synced, in seconds since 1970.");

    /// <summary>kube-proxy's: how long making the whole table took.</summary>
    public Histogram FullSyncSeconds { get; } = registry.Histogram(
        "kubeproxy_sync_full_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for full resyncs: the transaction that makes the table.", Histogram.Seconds);

    /// <summary>kube-proxy's: how long a change of the table took.</summary>
    public Histogram PartialSyncSeconds { get; } = registry.Histogram(
        "kubeproxy_sync_partial_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for partial resyncs: one transaction with what changed.", Histogram.Seconds);

    /// <summary>kube-proxy's: when a change was last told of.</summary>
    public Gauge LastQueued { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "The last time a sync of proxy rules was queued, in seconds since 1970.");

    /// <summary>kube-proxy's: from the change of a pod or Service, as endpoint controllers tell, to the kernel.</summary>
    public Histogram NetworkProgrammingSeconds { get; } = registry.Histogram(
        "kubeproxy_network_programming_duration_seconds", "In Cluster Network Programming Latency in seconds.", NetworkProgrammingBounds);

    /// <summary>kube-proxy's: changes of EndpointSlices that are not in place yet.</summary>
    public Gauge EndpointChangesPending { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "Pending proxy rules Endpoint changes.");

    /// <summary>kube-proxy's: changes of EndpointSlices.</summary>
    public Counter EndpointChanges { get; } = registry.Counter(
        "kubeproxy_sync_proxy_rules_endpoint_changes_total", "Cumulative proxy rules Endpoint changes.");

    /// <summary>kube-proxy's: changes of Services that are not in place yet.</summary>
    public Gauge ServiceChangesPending { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_service_changes_pending", "Pending proxy rules Service changes.");

    /// <summary>kube-proxy's: changes of Services.</summary>
    public Counter ServiceChanges { get; } = registry.Counter(
        "kubeproxy_sync_proxy_rules_service_changes_total", "Cumulative proxy rules Service changes.");

    /// <summary>kube-proxy's: Service ports of internal policy Local that have endpoints on other nodes only.</summary>
    public Gauge NoLocalInternal { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_no_local_endpoints_total", NoLocalHelp, ("traffic_policy", "internal"));

    /// <summary>kube-proxy's: Service ports of external policy Local that have endpoints on other nodes only.</summary>
    public Gauge NoLocalExternal { get; } = registry.Gauge(
        "kubeproxy_sync_proxy_rules_no_local_endpoints_total", NoLocalHelp, ("traffic_policy", "external"));

    /// <summary>kube-proxy's: how long walking conntrack took.</summary>
    public Histogram ConntrackSeconds { get; } = registry.Histogram(
        "kubeproxy_conntrack_reconciler_sync_duration_seconds", "ReconcileConntrackFlowsLatency latency in seconds.", Histogram.Seconds);

    /// <summary>kube-proxy's: flows deleted because their endpoint is gone.</summary>
    public Counter ConntrackDeleted { get; } = registry.Counter(
        "kubeproxy_conntrack_reconciler_deleted_entries_total", "Cumulative conntrack flows deleted by conntrack reconciler.");

    /// <summary>kube-proxy's: transactions that the kernel refused.</summary>
    public Counter SyncFailures { get; } = registry.Counter(
        "kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Cumulative proxy nftables sync failures.");

    /// <summary>Service ports in the table.</summary>
    public Gauge ServicePorts { get; } = registry.Gauge("kn_proxy_service_ports", "Service ports in the kernel's table.");

    /// <summary>VIPs that more than one Service claims.</summary>
    public Gauge Conflicts { get; } = registry.Gauge("kn_proxy_conflicting_vips", "Addresses and ports that more than one Service claims.");

    /// <summary>Elements added to and deleted from the table.</summary>
    public Counter Elements { get; } = registry.Counter("kn_proxy_changed_elements_total", "Elements added to or deleted from the kernel's table.");

    /// <summary>Chains made for classes that were not in use before.</summary>
    public Counter Chains { get; } = registry.Counter("kn_proxy_class_chains_total", "Chains made in the kernel's table for lengths of endpoint lists.");

    /// <summary>Whole tables made.</summary>
    public Counter Replacements { get; } = registry.Counter("kn_proxy_table_replacements_total", "Times that the whole table was made anew.");

    /// <summary>Health check ports that could not be opened.</summary>
    public Gauge HealthPortsFailing { get; } = registry.Gauge("kn_proxy_health_check_ports_failing", "Health check ports of Services that cannot be opened, as somebody else has them.");

    /// <summary>kube-proxy's: answers of /healthz and /livez by status.</summary>
    public Counter HealthAnswers(string path, string code) => registry.Counter(
        $"kubeproxy_proxy_{path}_total", $"Cumulative proxy {path} HTTP status.", ("code", code));

    /// <summary>UDP flows deleted because their endpoint is gone.</summary>
    public Counter FlowsForgotten { get; } = registry.Counter("kn_proxy_forgotten_flows_total", "UDP flows deleted because their endpoint was removed.");

    private const string NoLocalHelp = "Number of services with a Local traffic policy and no endpoints.";

    /// <summary>kube-proxy's bounds: a quarter and half a second, each second to a minute, every 5 s to two, every 30 s to five.</summary>
    private static double[] NetworkProgrammingBounds { get; } =
    [
        0.25, 0.5,
        .. Sequence.Range(1, 59).Select(static second => (double)second),
        .. Sequence.Range(12, 12).Select(static fives => fives * 5.0),
        .. Sequence.Range(4, 7).Select(static thirties => thirties * 30.0),
    ];
}
