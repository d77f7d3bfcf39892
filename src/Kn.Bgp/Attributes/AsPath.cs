using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>The autonomous systems that a route came through, the nearest first. The default value is the empty path: made in this AS.</summary>
/// <param name="Segments">In order.</param>
/// <remarks>RFC 4271 §5.1.2; numbers of four bytes, whatever the session speaks.</remarks>
public readonly record struct AsPath(ValueList<AsPathSegment> Segments)
{
    /// <summary>A segment's count is one byte.</summary>
    internal const int MaxSegmentLength = 255;

    /// <summary>Length for the decision: a set counts one, a confederation nothing.</summary>
    public int Length
    {
        get
        {
            var length = 0;
            foreach (var segment in Segments)
            {
                length += segment.Length;
            }

            return length;
        }
    }

    /// <summary>The AS that the route was received from; null for a path of this AS or one that begins with a set.</summary>
    public uint? First => Segments.IsEmpty || Segments[0].Kind != AsPathSegmentKind.Sequence ? null : Segments[0].Asns[0];

    /// <summary>The AS that announced the prefix first; null for a path of this AS or one that ends with a set.</summary>
    public uint? OriginAs => Segments.IsEmpty || Segments[^1].Kind != AsPathSegmentKind.Sequence ? null : Segments[^1].Asns[^1];

    /// <summary>A path of one sequence.</summary>
    public static AsPath Sequence(params ReadOnlySpan<uint> asns) =>
        asns.IsEmpty ? default : new AsPath([new AsPathSegment(AsPathSegmentKind.Sequence, ValueList.Create(asns))]);

    /// <summary>How often an AS is in the path.</summary>
    public int CountOf(uint asn)
    {
        var count = 0;
        foreach (var segment in Segments)
        {
            foreach (var other in segment.Asns)
            {
                count += other == asn ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>The path with an AS in front, so many times.</summary>
    public AsPath Prepend(uint asn, int times = 1)
    {
        if (times <= 0)
        {
            return this;
        }

        var segments = new List<AsPathSegment>(Segments);
        var head = new List<uint>();
        if (segments.Count > 0 && segments[0].Kind == AsPathSegmentKind.Sequence && segments[0].Asns.Count + times <= MaxSegmentLength)
        {
            head.AddRange(segments[0].Asns);
            segments.RemoveAt(0);
        }

        for (var i = 0; i < Math.Min(times, MaxSegmentLength); i++)
        {
            head.Insert(0, asn);
        }

        segments.Insert(0, new AsPathSegment(AsPathSegmentKind.Sequence, head.ToValueList()));
        return new AsPath(segments.ToValueList());
    }

    /// <summary>The path without numbers for private use (RFC 6996): 64512 to 65534, and 4200000000 to 4294967294.</summary>
    public AsPath WithoutPrivate()
    {
        var segments = new List<AsPathSegment>();
        foreach (var segment in Segments)
        {
            var asns = segment.Asns.Where(static asn => !IsPrivate(asn)).ToValueList();
            if (!asns.IsEmpty)
            {
                segments.Add(segment with { Asns = asns });
            }
        }

        return new AsPath(segments.ToValueList());
    }

    /// <summary>True for numbers that have no meaning outside their network (RFC 6996).</summary>
    public static bool IsPrivate(uint asn) => asn is (>= 64512 and <= 65534) or (>= 4_200_000_000 and <= 4_294_967_294);

    /// <summary>The segments, with spaces between.</summary>
    public override string ToString() => string.Join(' ', Segments.Select(static segment => segment.ToString()));
}
