namespace Kn.Ingress.Planning;

/// <summary>Whether an Ingress's requests that did not come by TLS are sent there. Pure.</summary>
/// <remarks>As ingress-nginx: where the host has TLS, unless ssl-redirect says no; with force-ssl-redirect even where it has none, since something before
/// the node may have it.</remarks>
/// <param name="HasTls">Whether the host has TLS.</param>
/// <param name="IsDefault">What holds where an Ingress says nothing.</param>
internal readonly record struct TlsRedirect(bool HasTls, bool IsDefault)
{
    private const string Own = "kn.internal/";
    private const string Nginx = "nginx.ingress.kubernetes.io/";

    /// <summary>Whether they are.</summary>
    public bool IsWantedBy(IngressObject ingress) =>
        Read(ingress, "force-ssl-redirect") == true || (HasTls && (Read(ingress, "ssl-redirect") ?? IsDefault));

    private static bool? Read(IngressObject ingress, string name) =>
        Read(ingress.Metadata.Annotations.TryGetValue(Own + name, out var own) ? own : ingress.Metadata.Annotations.TryGetValue(Nginx + name, out var nginx) ? nginx : null);

    private static bool? Read(string? text) => text switch { "true" => true, "false" => false, _ => null };
}
