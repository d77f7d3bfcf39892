using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Policies;

/// <summary>What happens to the routes that it is for. It is for those that fit all that is set.</summary>
public sealed record RouteRule
{
    /// <summary>Prefixes, any of these; empty: all.</summary>
    public ValueList<PrefixRange> Prefixes { get; init; }

    /// <summary>Communities, any of these; empty: all.</summary>
    public ValueList<Community> Communities { get; init; }

    /// <summary>The path has this AS somewhere.</summary>
    public uint? HasAs { get; init; }

    /// <summary>The path begins in this AS.</summary>
    public uint? OriginAs { get; init; }

    /// <summary>Routes of this speaker (true), or of its peers (false); null: both.</summary>
    public bool? IsLocal { get; init; }

    /// <summary>Whether they are taken or told, or left out.</summary>
    public required bool Accept { get; init; }

    /// <summary>What is changed on those that are accepted.</summary>
    public RouteChanges Changes { get; init; } = RouteChanges.None;

    /// <summary>True for a route that it is for.</summary>
    public bool Matches(IpPrefix prefix, PathAttributes attributes, bool isLocal) =>
        (IsLocal is null || IsLocal == isLocal)
        && (HasAs is null || attributes.AsPath.CountOf(HasAs.Value) > 0)
        && (OriginAs is null || attributes.AsPath.OriginAs == OriginAs)
        && MatchesPrefix(prefix)
        && MatchesCommunity(attributes);

    private bool MatchesPrefix(IpPrefix prefix)
    {
        foreach (var range in Prefixes)
        {
            if (range.Contains(prefix))
            {
                return true;
            }
        }

        return Prefixes.IsEmpty;
    }

    private bool MatchesCommunity(PathAttributes attributes)
    {
        foreach (var community in Communities)
        {
            if (attributes.Has(community))
            {
                return true;
            }
        }

        return Communities.IsEmpty;
    }
}
