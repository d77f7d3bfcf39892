using Kn.Hosting.Events;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Policy.Planning;

namespace Kn.Policy;

/// <summary>Tells the owners of namespaces with the old annotation what takes its place. For one thread.</summary>
internal sealed class NamespaceEvents(IEventRecorder events, string node)
{
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>A namespace may have changed.</summary>
    public void See(ClusterSnapshot cluster, string name)
    {
        var item = cluster.Namespaces.Find(name);
        if (!NamespaceIsolation.ByAnnotation(item))
        {
            _told.Remove(name);
        }
        else if (!_told.Contains(name) && IsOurs(cluster, name))
        {
            _told.Add(name);
            events.Record(new ClusterEvent(
                EventSubject.Of(item!),
                IsWarning: true,
                "DeprecatedNetworkPolicyAnnotation",
                $"the annotation {NamespaceIsolation.Annotation} isolates this namespace's pods for ingress, as it did in Kubernetes 1.3; "
                + "use a NetworkPolicy (networking.k8s.io/v1) with an empty podSelector and policyTypes [Ingress] in its place"));
        }
    }

    /// <summary>Every namespace may have changed.</summary>
    public void SeeAll(ClusterSnapshot cluster)
    {
        foreach (var item in cluster.Namespaces)
        {
            See(cluster, item.Metadata.Name);
        }
    }

    /// <summary>Every node sees the annotation, one of them says so: each namespace has another one among those that are ready.</summary>
    private bool IsOurs(ClusterSnapshot cluster, string name)
    {
        var ready = cluster.Nodes.Where(static other => other.Ready).Select(static other => other.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
        return ready.Length == 0 || ready[StableHash.Start.Add(name).Value % (uint)ready.Length] == node;
    }
}
