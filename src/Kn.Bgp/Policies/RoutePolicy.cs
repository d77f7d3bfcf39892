using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Policies;

/// <summary>Rules in order: the first that is for a route decides; a route without one is left out.</summary>
/// <param name="Rules">The rules.</param>
/// <remarks>Peers of other ASes get nothing without a policy, and nothing of theirs is taken (RFC 8212).</remarks>
public sealed record RoutePolicy(ValueList<RouteRule> Rules)
{
    /// <summary>What <see cref="Find"/> says of a route that is left out.</summary>
    internal const int Rejected = -1;

    /// <summary>True when no route needs to be looked at.</summary>
    internal bool IsAcceptAll => ReferenceEquals(this, AcceptAll);

    /// <summary>Everything, as it is.</summary>
    public static RoutePolicy AcceptAll { get; } = new([new RouteRule { Accept = true }]);

    /// <summary>Nothing.</summary>
    public static RoutePolicy RejectAll { get; } = new(default(ValueList<RouteRule>));

    /// <summary>This speaker's own routes, and nothing that it learned.</summary>
    public static RoutePolicy OwnRoutes { get; } = new([new RouteRule { Accept = true, IsLocal = true }]);

    /// <summary>Prefixes in these ranges, as they are.</summary>
    public static RoutePolicy AcceptPrefixes(ValueList<PrefixRange> prefixes) => new([new RouteRule { Accept = true, Prefixes = prefixes }]);

    /// <summary>The number of the rule that accepts a route, or <see cref="Rejected"/>.</summary>
    internal int Find(IpPrefix prefix, PathAttributes attributes, bool isLocal)
    {
        for (var i = 0; i < Rules.Count; i++)
        {
            if (Rules[i].Matches(prefix, attributes, isLocal))
            {
                return Rules[i].Accept ? i : Rejected;
            }
        }

        return Rejected;
    }
}
