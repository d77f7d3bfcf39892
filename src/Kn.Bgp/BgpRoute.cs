using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>One path to a prefix.</summary>
/// <param name="Attributes">What is said of it, after the import policy.</param>
/// <param name="Peer">Who told it; 0.0.0.0 for this speaker itself.</param>
/// <param name="Kind">From where.</param>
/// <param name="IsStale">Kept although its peer is away (RFC 4724).</param>
public readonly record struct BgpRoute(PathAttributes Attributes, IpAddress Peer, RouteKind Kind, bool IsStale);

/// <summary>Where a path came from.</summary>
public enum RouteKind : byte
{
    /// <summary>This speaker announces the prefix.</summary>
    Local,

    /// <summary>A peer of the same AS.</summary>
    Internal,

    /// <summary>A peer of another AS.</summary>
    External,
}
