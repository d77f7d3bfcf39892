using Kn.Kubernetes.Cache;

namespace Kn.Ingress.Planning;

/// <summary>Which hosts are served by TLS. Pure.</summary>
internal static class TlsRules
{
    /// <summary>Whether one of Kn's Ingresses asks TLS for the host, or for the wildcard above it.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="host">In lower case; empty for every host, of which nobody can ask it.</param>
    /// <param name="classes">Whose Ingresses count.</param>
    public static bool IsAskedFor(ClusterSnapshot cluster, string host, ClassRules classes) =>
        host.Length > 0 && (IsAsked(cluster, host, classes) || (WildcardOf(host) is { } wildcard && IsAsked(cluster, wildcard, classes)));

    /// <summary>The wildcard that a host is below; null for one of a single label, or a wildcard itself.</summary>
    public static string? WildcardOf(string host)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot <= 0 || host[0] == '*' ? null : "*" + host[dot..];
    }

    private static bool IsAsked(ClusterSnapshot cluster, string host, ClassRules classes) =>
        cluster.IngressesWithTls(host).Any(ingress => classes.IsOurs(cluster, ingress));
}
