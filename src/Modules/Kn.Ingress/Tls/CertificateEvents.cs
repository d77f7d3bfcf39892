using System.Text;
using Kn.Hosting.Events;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;

namespace Kn.Ingress.Tls;

/// <summary>Tells the owners of Ingresses why a host is not served with the certificate that they gave. For one thread.</summary>
internal sealed class CertificateEvents(IEventRecorder events, string node)
{
    private readonly Dictionary<string, HashSet<ClusterEvent>> _told = [];
    private readonly List<ClusterEvent> _news = [];

    /// <summary>What stands against a host now.</summary>
    public void See(ClusterSnapshot cluster, string host, IReadOnlyList<Problem> problems)
    {
        if (problems.Count == 0)
        {
            _told.Remove(host);
            return;
        }

        var before = _told.GetValueOrDefault(host);
        var now = new HashSet<ClusterEvent>();
        foreach (var problem in problems)
        {
            if (cluster.Ingresses.Find(problem.Key) is not { } ingress)
            {
                continue;
            }

            var item = new ClusterEvent(EventSubject.Of(ingress), IsWarning: true, "CertificateProblem", problem.Message);
            now.Add(item);
            if (before?.Contains(item) != true && IsOurs(cluster, ingress))
            {
                _news.Add(item);
            }
        }

        _told[host] = now;
    }

    /// <summary>Tells what is new.</summary>
    public void Tell()
    {
        _news.ForEach(events.Record);
        _news.Clear();
    }

    /// <summary>Every node sees it, one of them says so: each Ingress has another one among those that are ready.</summary>
    private bool IsOurs(ClusterSnapshot cluster, IngressObject ingress)
    {
        var ready = cluster.Nodes.Where(static other => other.Ready).Select(static other => other.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
        return ready.Length == 0 || ready[ByteTable<object>.Hash(Encoding.UTF8.GetBytes(ingress.Key.ToString())) % (uint)ready.Length] == node;
    }
}
