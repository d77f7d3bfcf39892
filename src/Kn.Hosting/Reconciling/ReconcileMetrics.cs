using Kn.Hosting.Metrics;

namespace Kn.Hosting.Reconciling;

/// <summary>What every reconcile loop counts, by module and target.</summary>
internal sealed class ReconcileMetrics
{
    internal ReconcileMetrics(MetricRegistry registry, string module, string target)
    {
        (string, string)[] labels = [("module", module), ("target", target)];
        Changes = registry.Counter("kn_reconcile_changes_total", "Pieces added, replaced or removed.", labels);
        Failures = registry.Counter("kn_reconcile_failures_total", "Passes that failed and were retried.", labels);
        Resyncs = registry.Counter("kn_reconcile_resyncs_total", "Times that the whole target was read back and compared.", labels);
        Repaired = registry.Counter("kn_reconcile_repaired_total", "Pieces that a resync found changed by somebody else, or left so by a failure.", labels);
        PlanExceptions = registry.Counter("kn_reconcile_plan_exceptions_total", "Keys that could not be planned because of a fault in Kn.", labels);
        ApplySeconds = registry.Histogram("kn_reconcile_apply_seconds", "Time to bring changes into the target.", Histogram.Seconds, labels);
        FullPassSeconds = registry.Histogram(
            "kn_reconcile_full_pass_seconds", "Time to read the whole target, plan everything and apply the difference.", Histogram.Seconds, labels);
        LatencySeconds = registry.Histogram(
            "kn_reconcile_latency_seconds", "Time from a watch event's arrival until the target has what it asked for, of the oldest event of a pass.", Histogram.Seconds, labels);
        Pieces = registry.Gauge("kn_reconcile_pieces", "Pieces in place.", labels);
        DirtyKeys = registry.Gauge("kn_reconcile_dirty_keys", "Keys that were planned in the last pass.", labels);
        Problems = registry.Gauge("kn_reconcile_problems", "Things that objects ask for and that are not done.", labels);
        LastSuccess = registry.Gauge("kn_reconcile_last_success_timestamp_seconds", "When a pass last succeeded, in Unix time.", labels);
    }

    internal Counter Changes { get; }

    internal Counter Failures { get; }

    internal Counter Resyncs { get; }

    internal Counter Repaired { get; }

    internal Counter PlanExceptions { get; }

    internal Histogram ApplySeconds { get; }

    internal Histogram FullPassSeconds { get; }

    internal Histogram LatencySeconds { get; }

    internal Gauge Pieces { get; }

    internal Gauge DirtyKeys { get; }

    internal Gauge Problems { get; }

    internal Gauge LastSuccess { get; }
}
