using Kn.Hosting.Metrics;

namespace Kn.Ingress.Traffic;

/// <summary>Counters of hosts, or of Services: the first so many have their own, in metrics too, and keep them; the others share one, so that who makes
/// objects cannot make metrics without end. For one thread; the counters are for all.</summary>
/// <param name="metric">What the metrics' names have in the middle: host or service.</param>
/// <param name="registry">The metrics; null for nobody who reads them.</param>
/// <param name="most">How many have their own.</param>
internal sealed class TrafficLedger(string metric, MetricRegistry? registry, int most)
{
    private const string Others = "(other)";
    private readonly Dictionary<string, TrafficCounters> _counters = [];
    private TrafficCounters? _others;

    /// <summary>The counters of a name.</summary>
    public TrafficCounters Of(string name)
    {
        if (_counters.TryGetValue(name, out var counters))
        {
            return counters;
        }

        if (_counters.Count >= most)
        {
            return _others ??= Register(Others);
        }

        _counters.Add(name, counters = Register(name));
        return counters;
    }

    private TrafficCounters Register(string name)
    {
        var counters = new TrafficCounters();
        for (var digit = 1; digit <= 5 && registry is not null; digit++)
        {
            var index = digit;
            registry.CounterCallback($"kn_ingress_{metric}_requests_total", $"Requests by {metric} and the first digit of their answers' status.", () => counters.Answers(index), (metric, name), ("code", $"{digit}xx"));
        }

        registry?.CounterCallback($"kn_ingress_{metric}_request_seconds_total", $"Time that requests took, by {metric}.", () => counters.Seconds, (metric, name));
        return counters;
    }
}
