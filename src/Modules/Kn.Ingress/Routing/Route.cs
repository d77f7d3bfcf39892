using Kn.Ingress.Features;
using Kn.Ingress.Patterns;

namespace Kn.Ingress.Routing;

/// <summary>A rule that requests are led by.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Upstream">Where it leads; null for somewhere that Kn cannot go.</param>
internal sealed record Route(RouteRule Rule, Upstream? Upstream)
{
    /// <summary>What is done with its requests beside that; null for nothing, which costs nothing.</summary>
    public RouteFeatures? Features { get; init; }

    /// <summary>The pattern that paths match; null where they are compared.</summary>
    public Pattern? Pattern { get; init; }

    /// <summary>Counts its host's requests; null where nobody counts.</summary>
    public Traffic.TrafficCounters? Traffic { get; init; }

    /// <summary>Where some of its requests go; null for nowhere else.</summary>
    public RouteCanary? Canary { get; init; }
}

/// <summary>Where some of a route's requests go.</summary>
/// <param name="Rules">Which.</param>
/// <param name="Upstream">Where.</param>
internal sealed record RouteCanary(CanaryRules Rules, Upstream? Upstream);
