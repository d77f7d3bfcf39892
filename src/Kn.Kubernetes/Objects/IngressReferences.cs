namespace Kn.Kubernetes.Objects;

/// <summary>What an Ingress names in annotations that others have to know it by: hosts and objects beside those of its spec.</summary>
/// <remarks>Under <c>nginx.ingress.kubernetes.io/</c>, or under <c>kn.internal/</c>, which wins.</remarks>
public static class IngressReferences
{
    private const string OwnPrefix = "kn.internal/";
    private const string NginxPrefix = "nginx.ingress.kubernetes.io/";
    private const string Www = "www.";

    /// <summary>The value of an annotation, by its name without prefix; null where there is none.</summary>
    public static string? Annotation(Ingress ingress, string name) =>
        ingress.Metadata.Annotations.Count == 0 ? null : ingress.Metadata.Annotations.Find(OwnPrefix + name) ?? ingress.Metadata.Annotations.Find(NginxPrefix + name);

    /// <summary>Other names of its hosts (server-alias), in lower case.</summary>
    public static IReadOnlyList<string> Aliases(Ingress ingress) => Annotation(ingress, "server-alias") is { } text
        ? [.. text.ToLowerInvariant().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(static host => !host.StartsWith('~'))]
        : [];

    /// <summary>Hosts that lead to its hosts: www.HOST to HOST, and the other way round (from-to-www-redirect). In lower case, with where they lead.</summary>
    public static IReadOnlyList<(string From, string To)> WwwHosts(Ingress ingress)
    {
        if (Annotation(ingress, "from-to-www-redirect") is not ("true" or "True" or "TRUE" or "t" or "T" or "1"))
        {
            return [];
        }

        var hosts = new List<(string From, string To)>();
        foreach (var rule in ingress.Rules)
        {
            var host = rule.Host.ToLowerInvariant();
            if (host.Length > 0 && !host.StartsWith('*'))
            {
                hosts.Add((host.StartsWith(Www, StringComparison.Ordinal) ? host[Www.Length..] : Www + host, host));
            }
        }

        return hosts;
    }

    /// <summary>The Service that its auth-url names by the cluster's name for it (NAME.NAMESPACE.svc), and the port; null where it names none.</summary>
    public static (ObjectKey Service, ushort Port)? AuthService(Ingress ingress)
    {
        if (Annotation(ingress, "auth-url") is not { } text || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) || url.Port is < 1 or > ushort.MaxValue)
        {
            return null;
        }

        var labels = url.Host.Split('.');
        return labels.Length >= 3 && labels[2] == "svc" ? (new ObjectKey(labels[1], labels[0]), (ushort)url.Port) : null;
    }

    /// <summary>The Secret that its auth-secret names; null where it names none.</summary>
    public static ObjectKey? AuthSecret(Ingress ingress)
    {
        if (Annotation(ingress, "auth-secret")?.Trim() is not { Length: > 0 } text)
        {
            return null;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new ObjectKey(ingress.Metadata.Namespace, text) : new ObjectKey(text[..slash], text[(slash + 1)..]);
    }
}
