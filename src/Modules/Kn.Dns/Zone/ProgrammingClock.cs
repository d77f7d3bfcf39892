using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Dns.Zone;

/// <summary>Measures from the change of a pod, as the endpoint controller tells it, until the names of its headless Service have followed.</summary>
/// <remarks>Annotation <c>endpoints.kubernetes.io/last-change-trigger-time</c> of EndpointSlices; Services with a selector only, since nobody writes
/// it for others. What began before the agent did says nothing of how fast it is.</remarks>
internal sealed class ProgrammingClock(Histogram seconds, TimeProvider time)
{
    /// <summary>Slices whose Service never comes must not add up.</summary>
    private const int MaxWaiting = 1000;

    private readonly Dictionary<ObjectKey, DateTimeOffset> _triggered = [];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;

    /// <summary>An object changed; its names will follow.</summary>
    public void Told(ClusterSnapshot cluster, ObjectChange change)
    {
        _cluster = cluster;
        if (change.After is not EndpointSlice { Triggered.Time: { } triggered, Service: { } service } || triggered < _startedAt || _triggered.Count >= MaxWaiting)
        {
            return;
        }

        // Of several changes that arrive together the one that has waited longest counts.
        _triggered[service] = _triggered.TryGetValue(service, out var earlier) && earlier < triggered ? earlier : triggered;
    }

    /// <summary>All names have followed, but for those of Services that have not come yet: each kind of object has a watch of its own.</summary>
    public void Settled()
    {
        if (_triggered.Count == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        foreach (var (key, triggered) in _triggered.ToList())
        {
            if (_cluster.Services.Find(key) is not { } service)
            {
                continue;
            }

            _triggered.Remove(key);
            if (service is { Headless: true, Selector.Count: > 0 })
            {
                seconds.Observe(TimeSpan.FromTicks(Math.Max(0, (now - triggered).Ticks)));
            }
        }
    }
}
