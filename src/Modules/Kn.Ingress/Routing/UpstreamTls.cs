namespace Kn.Ingress.Routing;

/// <summary>How backends are spoken to by TLS.</summary>
/// <param name="ServerName">The name that they are asked for (SNI).</param>
/// <param name="Verifies">Whether they have to prove that they are it, to whom the host trusts.</param>
internal sealed record UpstreamTls(string ServerName, bool Verifies);
