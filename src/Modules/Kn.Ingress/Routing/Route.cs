namespace Kn.Ingress.Routing;

/// <summary>A rule that requests are led by.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Upstream">Where it leads; null for somewhere that Kn cannot go.</param>
internal sealed record Route(RouteRule Rule, Upstream? Upstream);
