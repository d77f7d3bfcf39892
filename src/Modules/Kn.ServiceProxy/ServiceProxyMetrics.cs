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

    /// <summary>UDP flows deleted because their endpoint is gone.</summary>
    public Counter FlowsForgotten { get; } = registry.Counter("kn_proxy_forgotten_flows_total", "UDP flows deleted because their endpoint was removed.");
}
