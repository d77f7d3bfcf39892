using Kn.Hosting.Metrics;
using Kn.Policy.Explaining;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Drops;

/// <summary>Turns the table's counters into <c>kn_policy_drops_total</c> and <c>kn_policy_dropped_packets_total</c>. For one thread.</summary>
/// <remarks>
/// <para>Exact is how many packets of a pod were dropped in each direction since the agent's start: the kernel counts each of them, logged or not. Packets
/// that conntrack makes no connection of are dropped uncounted.</para>
/// <para>To whom they are put down is what holds when the counters are read: a pod that changed its labels, or whose address went to another pod, within
/// <see cref="Period"/>, may be put down to what isolates it now. A packet that several policies isolate the pod from counts for each of them, as each
/// could have allowed it: the sum over policies can be more than the packets.</para>
/// <para>Series are bounded by <see cref="MostSeries"/>; what comes later counts under the policy <c>(other)</c>.</para>
/// </remarks>
internal sealed class DropAccounts(MetricRegistry registry)
{
    /// <summary>Pairs of policy and direction that drop something on one node; beyond it there is one more series for each direction.</summary>
    internal const int MostSeries = 1000;

    private const string Other = "(other)";
    private readonly Dictionary<(PolicyDirection, IpAddress), ulong> _seen = [];
    private readonly Dictionary<(PolicyDirection, DropCause), Counter> _series = [];
    private readonly Counter _ingress = Packets(registry, PolicyDirection.Ingress);
    private readonly Counter _egress = Packets(registry, PolicyDirection.Egress);
    private bool _hasBegun;

    /// <summary>How often counters are read.</summary>
    internal static TimeSpan Period { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Takes over what the counters say now. The first time this is what was dropped before the agent's start, which counts for nothing.</summary>
    /// <param name="counts">All of them.</param>
    /// <param name="explainer">Asked for only when packets were dropped.</param>
    public void Take(IReadOnlyList<DropCount> counts, Func<PolicyExplainer> explainer)
    {
        var current = new HashSet<(PolicyDirection, IpAddress)>();
        foreach (var count in counts)
        {
            var key = (count.Direction, count.Address);
            current.Add(key);
            var before = _seen.GetValueOrDefault(key);
            _seen[key] = count.Packets;

            // A counter that is lower than it was began anew: its element had expired, or the table was replaced.
            var more = count.Packets >= before ? count.Packets - before : count.Packets;
            if (_hasBegun && more > 0)
            {
                Count(count, (long)more, explainer());
            }
        }

        _hasBegun = true;
        foreach (var key in _seen.Keys.Where(key => !current.Contains(key)).ToList())
        {
            _seen.Remove(key);
        }
    }

    private static Counter Packets(MetricRegistry registry, PolicyDirection direction) => registry.Counter(
        "kn_policy_dropped_packets_total", "Packets that policies did not let pass; each once.", ("direction", Word(direction)));

    private static string Word(PolicyDirection direction) => direction == PolicyDirection.Ingress ? "ingress" : "egress";

    private void Count(DropCount count, long packets, PolicyExplainer explainer)
    {
        (count.Direction == PolicyDirection.Ingress ? _ingress : _egress).Add(packets);
        foreach (var cause in DropCauses.Of(explainer, explainer.PodAt(count.Address), count.Direction))
        {
            SeriesOf(count.Direction, cause).Add(packets);
        }
    }

    private Counter SeriesOf(PolicyDirection direction, DropCause cause)
    {
        if (!_series.TryGetValue((direction, cause), out var counter))
        {
            var isFull = _series.Count >= MostSeries;
            var named = isFull ? new DropCause("", Other) : cause;
            counter = registry.Counter(
                "kn_policy_drops_total",
                "Packets that were dropped, by each policy that isolates the pod and could have allowed them.",
                ("namespace", named.Namespace),
                ("policy", named.Policy),
                ("direction", Word(direction)));
            if (!isFull)
            {
                _series.Add((direction, cause), counter);
            }
        }

        return counter;
    }
}
