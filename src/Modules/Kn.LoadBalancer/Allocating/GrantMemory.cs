using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>What was written to the API server and has not come back by the watch: until then it is what the Service holds, or the address would be
/// given away a second time. Not thread-safe.</summary>
internal sealed class GrantMemory(TimeProvider time)
{
    /// <summary>A watch is never this late; what was written and is not seen by then was overwritten.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Dictionary<ObjectKey, Entry> _written = [];

    public void Remember(Service service, ValueList<IpAddress> addresses) =>
        _written[service.Key] = new Entry(service.Metadata.Uid, addresses, time.GetTimestamp());

    /// <summary>What the Service holds.</summary>
    public ValueList<IpAddress> Held(Service service) =>
        _written.TryGetValue(service.Key, out var entry) && entry.Uid == service.Metadata.Uid ? entry.Addresses : OfStatus(service);

    /// <summary>Forgets what the cache knows by now.</summary>
    public void CatchUp(ClusterSnapshot cluster)
    {
        foreach (var (key, entry) in _written.ToList())
        {
            var service = cluster.Services.Find(key);
            var isKnown = service is not null && (service.Metadata.Uid != entry.Uid || OfStatus(service) == entry.Addresses);
            if (isKnown || time.GetElapsedTime(entry.WrittenAt) > Longest)
            {
                _written.Remove(key);
            }
        }
    }

    /// <summary>True when everything that was remembered is in the cache.</summary>
    public bool IsCaughtUp(ClusterSnapshot cluster)
    {
        CatchUp(cluster);
        return _written.Count == 0;
    }

    public static ValueList<IpAddress> OfStatus(Service service) => service.LoadBalancerIngress.Select(static entry => entry.Ip).ToValueList();

    private readonly record struct Entry(string Uid, ValueList<IpAddress> Addresses, long WrittenAt);
}
