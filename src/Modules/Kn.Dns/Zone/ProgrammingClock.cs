using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Dns.Zone;

/// <summary>Measures from the change of a pod, as the endpoint controller tells it, until the names of its headless Service have followed.</summary>
/// <remarks>Annotation <c>endpoints.kubernetes.io/last-change-trigger-time</c> of EndpointSlices; Services with a selector only, since nobody writes
/// it for others. What began before the agent did says nothing of how fast it is.</remarks>
internal sealed class ProgrammingClock(Histogram seconds, TimeProvider time)
{
    private readonly Dictionary<ObjectKey, DateTimeOffset> _triggered = [];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>An object changed; its names will follow.</summary>
    public void Told(ClusterSnapshot cluster, ObjectChange change)
    {
        if (change.After is not EndpointSlice { Triggered.Time: { } triggered, Service: { } service }
            || triggered < _startedAt
            || cluster.Services.Find(service) is not { Headless: true, Selector.Count: > 0 })
        {
            return;
        }

        // Of several changes that arrive together the one that has waited longest counts.
        _triggered[service] = _triggered.TryGetValue(service, out var earlier) && earlier < triggered ? earlier : triggered;
    }

    /// <summary>All names have followed.</summary>
    public void Settled()
    {
        if (_triggered.Count == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var triggered in _triggered.Values)
        {
            seconds.Observe(TimeSpan.FromTicks(Math.Max(0, (now - triggered).Ticks)));
        }

        _triggered.Clear();
    }
}
