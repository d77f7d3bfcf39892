using Kn.Hosting.Events;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy;

/// <summary>Tells the owners of Services what Kn does not do for them. Not thread-safe.</summary>
internal sealed class ServiceEvents(IEventRecorder events, string node)
{
    private readonly HashSet<ObjectKey> _told = [];

    /// <summary>A Service may have changed.</summary>
    public void See(ClusterSnapshot cluster, ObjectKey key)
    {
        if (cluster.Services.Find(key) is not { } service || !ServiceProxyPlan.IsServed(service) || !KubeRouterAnnotations.WantsDirectServerReturn(service))
        {
            _told.Remove(key);
        }
        else if (IsOurs(cluster, key) && _told.Add(key))
        {
            events.Record(new ClusterEvent(
                EventSubject.Service(key, service.Metadata.Uid),
                IsWarning: true,
                "DirectServerReturnNotSupported",
                $"{KubeRouterAnnotations.DirectServerReturn} is not supported yet: answers go back through the node that the client sent to"));
        }
    }

    /// <summary>Every Service may have changed.</summary>
    public void SeeAll(ClusterSnapshot cluster)
    {
        foreach (var service in cluster.Services)
        {
            See(cluster, service.Key);
        }
    }

    /// <summary>A thousand nodes see the same Service, one of them says so: each Service has another one among those that are ready.</summary>
    private bool IsOurs(ClusterSnapshot cluster, ObjectKey key)
    {
        var ready = cluster.Nodes.Where(static other => other.Ready).Select(static other => other.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
        var number = key.ToString().Aggregate(17u, static (hash, letter) => (hash * 31) + letter);
        return ready.Length == 0 || ready[number % ready.Length] == node;
    }
}
