using Kn.Hosting.Events;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Tells the owners of Nodes and Services what is wrong with their annotations. Not thread-safe.</summary>
internal sealed class BgpEvents(IEventRecorder events, string node)
{
    private readonly Dictionary<ObjectKey, ValueList<string>> _services = [];
    private ValueList<string> _node;

    /// <summary>Annotations that cannot be read. Any thread.</summary>
    public int Faults { get; private set; }

    /// <summary>An object changed.</summary>
    public void See(ClusterSnapshot cluster, ObjectChange change, BgpNode? self)
    {
        if (change.After is Service service)
        {
            SeeService(cluster, service);
        }
        else if (change is { Before: Service gone, After: null })
        {
            _services.Remove(gone.Key);
        }
        else if (change.Object is Node && self is not null)
        {
            SeeSelf(self);
        }

        Count();
    }

    private void Count() => Faults = _node.Count + _services.Values.Sum(static faults => faults.Count);

    /// <summary>Everything may have changed.</summary>
    public void SeeAll(ClusterSnapshot cluster, BgpNode? self)
    {
        foreach (var gone in _services.Keys.Where(key => cluster.Services.Find(key) is null).ToList())
        {
            _services.Remove(gone);
        }

        foreach (var service in cluster.Services)
        {
            SeeService(cluster, service);
        }

        if (self is not null)
        {
            SeeSelf(self);
        }

        Count();
    }

    /// <summary>Every node tells of itself alone.</summary>
    private void SeeSelf(BgpNode self)
    {
        foreach (var fault in self.Annotations.Faults.Except(_node))
        {
            events.Record(new ClusterEvent(EventSubject.Node(self.Name), IsWarning: true, "InvalidBgpAnnotation", fault));
        }

        _node = self.Annotations.Faults;
    }

    private void SeeService(ClusterSnapshot cluster, Service service)
    {
        if (!Annotations.HasAny(service))
        {
            _services.Remove(service.Key);
            return;
        }

        var faults = ServiceAdvertisement.Faults(service).ToValueList();
        if (faults.IsEmpty)
        {
            _services.Remove(service.Key);
            return;
        }

        var told = _services.GetValueOrDefault(service.Key);
        _services[service.Key] = faults;
        foreach (var fault in IsOurs(cluster, service.Key) ? faults.Except(told) : [])
        {
            events.Record(new ClusterEvent(EventSubject.Service(service.Key, service.Metadata.Uid), IsWarning: true, "InvalidBgpAnnotation", fault));
        }
    }

    /// <summary>Every node sees the same Service, one of them says so: each Service has another one among those that are ready.</summary>
    private bool IsOurs(ClusterSnapshot cluster, ObjectKey key)
    {
        var ready = cluster.Nodes.Where(static other => other.Ready).Select(static other => other.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
        var number = key.ToString().Aggregate(17u, static (hash, letter) => (hash * 31) + letter);
        return ready.Length == 0 || ready[number % ready.Length] == node;
    }
}
