using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Policies;

/// <summary>What a rule changes on a route.</summary>
public sealed record RouteChanges
{
    /// <summary>Nothing.</summary>
    public static RouteChanges None { get; } = new();

    /// <summary>LOCAL_PREF, when set.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>MED, when set.</summary>
    public uint? Med { get; init; }

    /// <summary>How often the own AS is put in front, beyond what the protocol asks for.</summary>
    public int Prepend { get; init; }

    /// <summary>The AS to put in front in place of the own one.</summary>
    public uint? PrependAs { get; init; }

    /// <summary>The next hop, when set; of the family of the prefix.</summary>
    public IpAddress? NextHop { get; init; }

    /// <summary>Communities to add.</summary>
    public ValueList<Community> Communities { get; init; }

    /// <summary>Large communities to add.</summary>
    public ValueList<LargeCommunity> LargeCommunities { get; init; }

    /// <summary>The communities that came are removed first.</summary>
    public bool RemoveCommunities { get; init; }

    /// <summary>The route with the changes.</summary>
    internal PathAttributes Apply(PathAttributes attributes, uint ownAs)
    {
        if (this == None)
        {
            return attributes;
        }

        return attributes with
        {
            LocalPref = LocalPref ?? attributes.LocalPref,
            Med = Med ?? attributes.Med,
            AsPath = attributes.AsPath.Prepend(PrependAs ?? ownAs, Prepend),
            NextHop = NextHop ?? attributes.NextHop,
            LinkLocalNextHop = NextHop is null ? attributes.LinkLocalNextHop : default,
            Communities = Union(RemoveCommunities ? default : attributes.Communities, Communities),
            LargeCommunities = Union(RemoveCommunities ? default : attributes.LargeCommunities, LargeCommunities),
        };
    }

    private static ValueList<T> Union<T>(ValueList<T> present, ValueList<T> added)
        where T : IEquatable<T>
    {
        if (added.IsEmpty)
        {
            return present;
        }

        return [.. present, .. added.Where(item => !present.AsSpan().Contains(item))];
    }
}
