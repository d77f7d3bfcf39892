using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;

namespace Kn.Ingress.Planning;

/// <summary>What the Ingresses of the cluster ask for one host. Pure.</summary>
/// <remarks>networking.k8s.io/v1 Ingress, KEP-1453. Ingresses of all namespaces add to a host; where two ask for the same path, <see cref="Seniority"/>
/// decides. ImplementationSpecific is as Prefix, but for Ingresses whose paths are patterns.</remarks>
internal static class HostPlan
{
    /// <summary>The host's routes; null when nobody asks for any.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="host">In lower case; empty for every host.</param>
    /// <param name="classes">Whose Ingresses count.</param>
    /// <param name="problems">Is told what is not done.</param>
    /// <param name="redirects">Whether hosts with TLS are served by it alone, where an Ingress says nothing.</param>
    /// <param name="fallback">Gets what no Ingress has a rule for; null for nobody.</param>
    public static HostPiece? Plan(ClusterSnapshot cluster, string host, ClassRules classes, Problems problems, bool redirects = true, BackendRef? fallback = null)
    {
        var last = host.Length == 0 && fallback is { } backend ? new RouteRule("", PathMatch.Prefix, backend, "defaultBackend of Kn's config") : null;
        var ingresses = cluster.IngressesOf(host).Where(ingress => classes.IsOurs(cluster, ingress)).ToList();
        if (ingresses.Count == 0)
        {
            return last is null ? null : new HostPiece([], last);
        }

        ingresses.Sort(Seniority.Compare);
        if (!IsHost(host))
        {
            ingresses.ForEach(ingress => problems.Add(ingress, $"'{host}' is no host: write example.org, or *.example.org for the names below it"));
            return null;
        }

        var draft = new HostDraft(host, new TlsRedirect(TlsRules.IsAskedFor(cluster, host, classes), redirects), problems);
        var canaries = new List<IngressPlan>();
        foreach (var ingress in ingresses)
        {
            var plan = IngressPlan.Of(cluster, ingress, problems);
            if (plan.Canary is null)
            {
                draft.Add(plan);
            }
            else
            {
                canaries.Add(plan);
            }
        }

        canaries.ForEach(draft.AddCanary);
        return draft.ToPiece(last);
    }

    private static bool IsHost(string host)
    {
        if (host.Length == 0)
        {
            return true;
        }

        var name = Encoding.UTF8.GetBytes(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host);
        return HostName.TrySplit(name, out var length) && length == name.Length && length > 0 && name[0] is not ((byte)'.' or (byte)'[');
    }
}
