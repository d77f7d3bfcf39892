using Kn.Ingress.Routing;

namespace Kn.Ingress.Planning;

/// <summary>Whether an Ingress's backends are spoken to by TLS. Pure.</summary>
/// <remarks>As ingress-nginx: backend-protocol HTTPS or GRPCS; nobody's certificate is looked at unless proxy-ssl-verify is on. The name that is asked for is
/// the Service's, where proxy-ssl-name gives no other: certificates of pods are made for that.</remarks>
internal static class BackendScheme
{
    private const string Own = "kn.internal/";
    private const string Nginx = "nginx.ingress.kubernetes.io/";

    /// <summary>How TLS is spoken; null for not at all.</summary>
    public static UpstreamTls? TlsOf(IngressObject ingress, string service) => Read(ingress, "backend-protocol")?.ToUpperInvariant() is "HTTPS" or "GRPCS"
        ? new UpstreamTls(Read(ingress, "proxy-ssl-name") is { Length: > 0 } name ? name : $"{service}.{ingress.Metadata.Namespace}.svc", Read(ingress, "proxy-ssl-verify") == "on")
        : null;

    private static string? Read(IngressObject ingress, string name) =>
        ingress.Metadata.Annotations.TryGetValue(Own + name, out var own) ? own : ingress.Metadata.Annotations.TryGetValue(Nginx + name, out var nginx) ? nginx : null;
}
