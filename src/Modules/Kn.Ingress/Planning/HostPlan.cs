using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>What the Ingresses of the cluster ask for one host. Pure.</summary>
/// <remarks>networking.k8s.io/v1 Ingress, KEP-1453. Ingresses of all namespaces add to a host; where two ask for the same path, <see cref="Seniority"/>
/// decides. ImplementationSpecific is as Prefix.</remarks>
internal static class HostPlan
{
    /// <summary>The host's routes; null when nobody asks for any.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="host">In lower case; empty for every host.</param>
    /// <param name="classes">Whose Ingresses count.</param>
    /// <param name="problems">Is told what is not done.</param>
    /// <param name="redirects">Whether hosts with TLS are served by it alone, where an Ingress says nothing.</param>
    public static HostPiece? Plan(ClusterSnapshot cluster, string host, ClassRules classes, Problems problems, bool redirects = true)
    {
        var ingresses = cluster.IngressesOf(host).Where(ingress => classes.IsOurs(cluster, ingress)).ToList();
        if (ingresses.Count == 0)
        {
            return null;
        }

        ingresses.Sort(Seniority.Compare);
        if (!IsHost(host))
        {
            ingresses.ForEach(ingress => problems.Add(ingress, $"'{host}' is no host: write example.org, or *.example.org for the names below it"));
            return null;
        }

        var redirect = new TlsRedirect(TlsRules.IsAskedFor(cluster, host, classes), redirects);
        var rules = new Dictionary<(string Path, PathMatch Match), (RouteRule Rule, IngressObject From)>();
        var fallback = default(RouteRule);
        foreach (var ingress in ingresses)
        {
            AddRules(ingress, host, redirect, rules, problems);
            fallback ??= FallbackOf(ingress, redirect, problems);
        }

        // The same order each time: pieces are compared.
        return new HostPiece(
            rules.Values.Select(static entry => entry.Rule).OrderBy(static rule => rule.Path, StringComparer.Ordinal).ThenBy(static rule => (int)rule.Match).ToValueList(),
            fallback);
    }

    private static void AddRules(
        IngressObject ingress, string host, TlsRedirect redirect, Dictionary<(string Path, PathMatch Match), (RouteRule Rule, IngressObject From)> rules, Problems problems)
    {
        foreach (var rule in ingress.Rules)
        {
            if (!string.Equals(rule.Host, host, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            foreach (var path in rule.Paths)
            {
                Add(ingress, path, redirect, rules, problems);
            }
        }
    }

    private static void Add(
        IngressObject ingress, IngressPath path, TlsRedirect redirect, Dictionary<(string Path, PathMatch Match), (RouteRule Rule, IngressObject From)> rules, Problems problems)
    {
        var match = path.Type == IngressPathType.Exact ? PathMatch.Exact : PathMatch.Prefix;
        if (RoutePath.Spell(path.Path.Length == 0 ? "/" : path.Path, match) is not { } spelt)
        {
            problems.Add(ingress, $"path '{path.Path}' can match no request: it must begin with a slash and have no '..', query or half percent-encoding");
            return;
        }

        if (rules.TryGetValue((spelt, match), out var taken))
        {
            if (taken.From.Key != ingress.Key)
            {
                problems.Add(ingress, $"path '{path.Path}' is not served: the older {Origin(taken.From)} has it");
            }

            return;
        }

        rules.Add((spelt, match), (new RouteRule(spelt, match, BackendOf(ingress, path.Backend, problems), Origin(ingress)) { TlsRedirect = redirect.IsWantedBy(ingress) }, ingress));
    }

    private static RouteRule? FallbackOf(IngressObject ingress, TlsRedirect redirect, Problems problems) => ingress.DefaultBackend is { } backend
        ? new RouteRule("", PathMatch.Prefix, BackendOf(ingress, backend, problems), Origin(ingress)) { TlsRedirect = redirect.IsWantedBy(ingress) }
        : null;

    private static BackendRef? BackendOf(IngressObject ingress, IngressBackend backend, Problems problems)
    {
        if (backend.Resource is { } resource)
        {
            problems.Add(ingress, $"backend {resource} is no Service: requests for it get 503");
            return null;
        }

        if (backend.Service.Length == 0 || (backend.PortNumber is null && backend.PortName is null))
        {
            problems.Add(ingress, "a backend names no Service, or none of its ports: requests for it get 503");
            return null;
        }

        return new BackendRef(new ObjectKey(ingress.Metadata.Namespace, backend.Service), backend.PortNumber ?? 0, backend.PortName ?? "")
        {
            Tls = BackendScheme.TlsOf(ingress, backend.Service),
        };
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

    private static string Origin(IngressObject ingress) => $"Ingress {ingress.Key}";
}
