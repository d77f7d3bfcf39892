using System.Globalization;
using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>A part of an AS path.</summary>
/// <param name="Kind">Whether the order means something.</param>
/// <param name="Asns">The numbers, the nearest AS first; never empty.</param>
public readonly record struct AsPathSegment(AsPathSegmentKind Kind, ValueList<uint> Asns)
{
    /// <summary>How much it adds to the path's length (RFC 4271 §9.1.2.2, RFC 5065 §5.3).</summary>
    public int Length => Kind switch
    {
        AsPathSegmentKind.Sequence => Asns.Count,
        AsPathSegmentKind.Set => 1,
        _ => 0,
    };

    /// <summary>'64512 65001', a set in braces, those of a confederation in parentheses or brackets.</summary>
    public override string ToString() => Kind switch
    {
        AsPathSegmentKind.Set => $"{{{Join(',')}}}",
        AsPathSegmentKind.ConfederationSequence => $"({Join(' ')})",
        AsPathSegmentKind.ConfederationSet => $"[{Join(',')}]",
        _ => Join(' '),
    };

    private string Join(char separator) => string.Join(separator, Asns.Select(static asn => asn.ToString(CultureInfo.InvariantCulture)));
}

/// <summary>RFC 4271 §4.3 and RFC 5065 §3.</summary>
public enum AsPathSegmentKind : byte
{
    /// <summary>In no order.</summary>
    Set = 1,

    /// <summary>In the order of the way.</summary>
    Sequence = 2,

    /// <summary>In the order of the way, inside a confederation.</summary>
    ConfederationSequence = 3,

    /// <summary>In no order, inside a confederation.</summary>
    ConfederationSet = 4,
}
