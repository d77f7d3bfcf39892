using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>Reads AS paths with numbers of two or four bytes.</summary>
/// <remarks>RFC 4271 §4.3: kind, count, numbers, repeated.</remarks>
internal static class AsPathReader
{
    /// <summary>False for what RFC 7606 §7.2 calls malformed: a kind that is not known, a cut segment, a segment without numbers.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> value, bool fourOctets, out AsPath path)
    {
        path = default;
        var segments = new List<AsPathSegment>();
        var size = fourOctets ? 4 : 2;
        while (!value.IsEmpty)
        {
            if (value.Length < 2 || value[0] is 0 or > 4 || value[1] == 0 || value.Length < 2 + (value[1] * size))
            {
                return false;
            }

            var asns = new uint[value[1]];
            for (var i = 0; i < asns.Length; i++)
            {
                var at = value[(2 + (i * size))..];
                asns[i] = fourOctets ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
            }

            segments.Add(new AsPathSegment((AsPathSegmentKind)value[0], ValueList.Create<uint>(asns)));
            value = value[(2 + (asns.Length * size))..];
        }

        path = new AsPath(segments.ToValueList());
        return true;
    }

    /// <summary>The whole path from what a speaker of two-byte numbers sent (RFC 6793 §4.2.3): the part of AS_PATH that AS4_PATH does not
    /// cover, and AS4_PATH behind it. Confederation segments of AS4_PATH are dropped.</summary>
    internal static AsPath Merge(AsPath path, AsPath wide)
    {
        wide = new AsPath(wide.Segments.Where(static segment => segment.Kind is AsPathSegmentKind.Set or AsPathSegmentKind.Sequence).ToValueList());
        var lead = path.Length - wide.Length;
        if (lead < 0)
        {
            return path;
        }

        var segments = new List<AsPathSegment>();
        foreach (var segment in path.Segments)
        {
            if (segment.Length > 0 && lead <= 0)
            {
                break;
            }

            var isPartial = segment.Kind == AsPathSegmentKind.Sequence && segment.Length > lead;
            segments.Add(isPartial ? segment with { Asns = segment.Asns.Take(lead).ToValueList() } : segment);
            lead -= segment.Length;
        }

        Join(segments, wide);
        return new AsPath(segments.ToValueList());
    }

    private static void Join(List<AsPathSegment> segments, AsPath wide)
    {
        foreach (var segment in wide.Segments)
        {
            if (segments.Count > 0 && segments[^1].Kind == AsPathSegmentKind.Sequence && segment.Kind == AsPathSegmentKind.Sequence
                && segments[^1].Asns.Count + segment.Asns.Count <= AsPath.MaxSegmentLength)
            {
                segments[^1] = segment with { Asns = [.. segments[^1].Asns, .. segment.Asns] };
            }
            else
            {
                segments.Add(segment);
            }
        }
    }
}
