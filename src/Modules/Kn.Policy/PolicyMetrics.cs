using Kn.Hosting.Metrics;

namespace Kn.Policy;

/// <summary>The module's metrics, <c>kn_policy_*</c>.</summary>
internal sealed class PolicyMetrics(MetricRegistry registry)
{
    /// <summary>How long transactions take.</summary>
    public Histogram ApplySeconds { get; } = registry.Histogram("kn_policy_apply_seconds", "One transaction with the kernel.", Histogram.Seconds);

    /// <summary>How long new pods wait.</summary>
    public Histogram GateSeconds { get; } = registry.Histogram("kn_policy_gate_seconds", "What CNI ADD waited for a new pod's policies to be in the kernel.", Histogram.Seconds);

    /// <summary>Whole tables made.</summary>
    public Counter Replacements { get; } = registry.Counter("kn_policy_table_replacements_total", "Times that the whole table was made anew.");

    /// <summary>Kinds of peers.</summary>
    public Gauge Identities { get; } = registry.Gauge("kn_policy_identities", "Kinds of peers that policies can tell apart.");

    /// <summary>Kinds of local pods.</summary>
    public Gauge Classes { get; } = registry.Gauge("kn_policy_classes", "Kinds of local pods, by the policies that select them.");

    /// <summary>Port sets.</summary>
    public Gauge Profiles { get; } = registry.Gauge("kn_policy_profiles", "Different sets of ports that rules allow.");

    /// <summary>The generation.</summary>
    public Gauge Generation { get; } = registry.Gauge("kn_policy_generation", "Counts up, to 65535 and again from 1, when a change makes connections be judged again.");

    /// <summary>Drops that a slow listener missed.</summary>
    public Counter DropsNotTold { get; } = registry.Counter("kn_policy_drops_not_told_total", "Dropped packets that were not told to a listener of kn policy drops, as it read too slowly.");
}
