using Kn.Hosting.Reconciling;
using Kn.Ingress.Annotations;
using Kn.Ingress.Features;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Planning;

/// <summary>What an Ingress asks for all of its hosts: its annotations, with what they name in other objects. Pure.</summary>
/// <param name="Ingress">The Ingress.</param>
/// <param name="Settings">For its routes.</param>
/// <param name="Canary">It is the canary of others; null for one of its own.</param>
/// <param name="UsesPatterns">Whether its paths are patterns.</param>
/// <param name="Aliases">Other names of its hosts.</param>
/// <param name="WwwHosts">Hosts that lead to its hosts.</param>
internal sealed record IngressPlan(
    IngressObject Ingress, RouteSettings Settings, CanarySettings? Canary, bool UsesPatterns, IReadOnlyList<string> Aliases, IReadOnlyList<(string From, string To)> WwwHosts)
{
    /// <summary>How it is named to people.</summary>
    public string Origin => OriginOf(Ingress);

    /// <summary>How an Ingress is named to people.</summary>
    public static string OriginOf(IngressObject ingress) => $"Ingress {ingress.Key}";

    /// <summary>The plan of an Ingress.</summary>
    public static IngressPlan Of(ClusterSnapshot cluster, IngressObject ingress, Problems problems)
    {
        if (ingress.Metadata.Annotations.Count == 0)
        {
            return new IngressPlan(ingress, RouteSettings.None, null, false, [], []);
        }

        var read = AnnotationReader.Read(ingress);
        foreach (var problem in read.Problems)
        {
            problems.Add(ingress, problem);
        }

        var settings = WithForwardAuth(cluster, ingress, WithUsers(cluster, ingress, read, problems), problems);
        var usesPatterns = settings.UsesPatterns || (settings.RewriteTarget is { } target && TargetRewriter.UsesCaptures(target));
        return new IngressPlan(ingress, settings, read.Canary, usesPatterns, IngressReferences.Aliases(ingress), IngressReferences.WwwHosts(ingress));
    }

    private static RouteSettings WithUsers(ClusterSnapshot cluster, IngressObject ingress, AnnotationSettings read, Problems problems)
    {
        var settings = read.Route;
        if (settings.BasicAuth is not { } basic || read.AuthSecret.Length == 0 || IngressReferences.AuthSecret(ingress) is not { } key)
        {
            return settings;
        }

        if (cluster.Secrets.Find(key) is not { } secret)
        {
            problems.Add(ingress, $"Secret {key} with names and passwords is not there, or opaqueSecrets is off in Kn's config: requests get 503");
            return settings with { Broken = "auth-secret" };
        }

        var users = UserFile.Read(secret, read.IsAuthMap, problem => problems.Add(ingress, $"Secret {key}: {problem}"));
        if (users.Count == 0)
        {
            problems.Add(ingress, $"Secret {key} has no names and passwords{(read.IsAuthMap ? "" : " under its key auth")}: requests get 503");
            return settings with { Broken = "auth-secret" };
        }

        return settings with { BasicAuth = basic with { Users = users } };
    }

    private static RouteSettings WithForwardAuth(ClusterSnapshot cluster, IngressObject ingress, RouteSettings settings, Problems problems)
    {
        if (settings.ForwardAuth is not { } forward)
        {
            return settings;
        }

        var isTls = forward.Url.StartsWith("https:", StringComparison.Ordinal);
        if (IngressReferences.AuthService(ingress) is { } auth)
        {
            return settings with { ForwardAuth = forward with { Service = new BackendRef(auth.Service, auth.Port, "") { Tls = isTls ? new UpstreamTls($"{auth.Service.Name}.{auth.Service.Namespace}.svc", false) : null } } };
        }

        if (Uri.TryCreate(forward.Url, UriKind.Absolute, out var url) && !url.Host.Contains('$', StringComparison.Ordinal) && !url.Host.Contains('%', StringComparison.Ordinal)
            && !cluster.IngressesOf(url.Host.ToLowerInvariant()).Any())
        {
            problems.Add(ingress, $"annotation auth-url: {url.Host} is neither a Service (NAME.NAMESPACE.svc.{{domain}}) nor a host of an Ingress: requests get 503");
        }

        return settings;
    }
}
