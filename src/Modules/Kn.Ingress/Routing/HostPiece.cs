using Kn.Ingress.Planning;
using Kn.Primitives;

namespace Kn.Ingress.Routing;

/// <summary>All routes of one host: what kinds of objects they came from is no longer seen.</summary>
/// <param name="Rules">No two of the same path and match; in no order that matters.</param>
/// <param name="Fallback">Where requests go that no rule matches; null for where those of the empty host go.</param>
internal sealed record HostPiece(ValueList<RouteRule> Rules, RouteRule? Fallback) : RoutePiece
{
    /// <summary>The rules, and the fallback where there is one.</summary>
    public IEnumerable<RouteRule> AllRules => Fallback is { } fallback ? Rules.Append(fallback) : Rules;
}

/// <summary>A rule.</summary>
/// <param name="Path">The path, as <see cref="RoutePath"/> spells it; a pattern as it was written.</param>
/// <param name="Match">How it matches.</param>
/// <param name="Backend">Where it leads; null for somewhere that Kn cannot go, which is answered by 503.</param>
/// <param name="Origin">The object that asks for it, as Ingress default/web.</param>
internal sealed record RouteRule(string Path, PathMatch Match, BackendRef? Backend, string Origin)
{
    /// <summary>What is done with its requests beside that.</summary>
    public RouteSettings Settings { get; init; } = RouteSettings.None;

    /// <summary>Where some of its requests go; null for nowhere else.</summary>
    public CanaryRule? Canary { get; init; }

    /// <summary>Whether requests that did not come by TLS are sent there.</summary>
    public bool TlsRedirect { get; init; }
}
