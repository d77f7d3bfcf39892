using Kn.Bgp.Messages;
using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>Writes path attributes in ascending order of type, as RFC 4271 §5 recommends.</summary>
/// <remarks>Flags, type, length in one byte or two, value. MP_REACH_NLRI, which has the prefixes in it, is the caller's.</remarks>
internal static class AttributeWriter
{
    /// <summary>Writes all but MP_REACH_NLRI.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="attributes">What.</param>
    /// <param name="fourOctets">The peer understands numbers of four bytes; else AS4_PATH carries those that do not fit.</param>
    /// <param name="withNextHop">The prefixes are in the message's own field, so the next hop is an attribute.</param>
    internal static void Write(ref WireWriter writer, PathAttributes attributes, bool fourOctets, bool withNextHop)
    {
        var one = Begin(ref writer, AttributeFlags.WellKnown, AttributeType.Origin, 1);
        writer.Byte((byte)attributes.Origin);
        End(ref writer, one);
        WriteAsPath(ref writer, AttributeFlags.WellKnown, AttributeType.AsPath, attributes.AsPath, fourOctets);
        if (withNextHop)
        {
            var hop = Begin(ref writer, AttributeFlags.WellKnown, AttributeType.NextHop, 4);
            writer.Address(attributes.NextHop);
            End(ref writer, hop);
        }

        WriteNumber(ref writer, AttributeFlags.OptionalNonTransitive, AttributeType.Med, attributes.Med);
        WriteNumber(ref writer, AttributeFlags.WellKnown, AttributeType.LocalPref, attributes.LocalPref);
        WriteAggregation(ref writer, attributes, fourOctets);
        WriteCommunities(ref writer, attributes);
        WriteNumber(ref writer, AttributeFlags.OptionalNonTransitive, AttributeType.OriginatorId, attributes.OriginatorId == 0 ? null : attributes.OriginatorId);
        WriteClusters(ref writer, attributes.ClusterList);
        WriteExtended(ref writer, attributes.ExtendedCommunities);
        if (!fourOctets)
        {
            WriteWide(ref writer, attributes);
        }

        WriteLarge(ref writer, attributes.LargeCommunities);
        foreach (var unknown in attributes.Unknown)
        {
            var token = Begin(ref writer, AttributeFlags.OptionalTransitive | AttributeFlags.Partial, (AttributeType)unknown.Type, unknown.Value.Count);
            writer.Bytes(unknown.Value.AsSpan());
            End(ref writer, token);
        }
    }

    /// <summary>Writes the head of an attribute; the length is filled in at the end.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="flags">Its kind.</param>
    /// <param name="type">Its code.</param>
    /// <param name="length">An upper limit of the value: above 255 the length takes two bytes.</param>
    internal static AttributeToken Begin(ref WireWriter writer, AttributeFlags flags, AttributeType type, int length)
    {
        var isLong = length > byte.MaxValue;
        writer.Byte((byte)(isLong ? flags | AttributeFlags.ExtendedLength : flags));
        writer.Byte((byte)type);
        return new AttributeToken(isLong ? writer.BeginUInt16() : writer.BeginByte(), isLong);
    }

    /// <summary>Fills in the length.</summary>
    internal static void End(ref WireWriter writer, AttributeToken token)
    {
        if (token.IsLong)
        {
            writer.EndUInt16(token.Start);
        }
        else
        {
            writer.EndByte(token.Start);
        }
    }

    private static void WriteAsPath(ref WireWriter writer, AttributeFlags flags, AttributeType type, AsPath path, bool fourOctets)
    {
        var size = 0;
        foreach (var segment in path.Segments)
        {
            size += 2 + (segment.Asns.Count * (fourOctets ? 4 : 2));
        }

        var token = Begin(ref writer, flags, type, size);
        foreach (var segment in path.Segments)
        {
            writer.Byte((byte)segment.Kind);
            writer.Byte((byte)segment.Asns.Count);
            foreach (var asn in segment.Asns)
            {
                if (fourOctets)
                {
                    writer.UInt32(asn);
                }
                else
                {
                    writer.UInt16(Narrow(asn));
                }
            }
        }

        End(ref writer, token);
    }

    private static void WriteNumber(ref WireWriter writer, AttributeFlags flags, AttributeType type, uint? value)
    {
        if (value is { } number)
        {
            var token = Begin(ref writer, flags, type, 4);
            writer.UInt32(number);
            End(ref writer, token);
        }
    }

    private static void WriteAggregation(ref WireWriter writer, PathAttributes attributes, bool fourOctets)
    {
        if (attributes.AtomicAggregate)
        {
            End(ref writer, Begin(ref writer, AttributeFlags.WellKnown, AttributeType.AtomicAggregate, 0));
        }

        if (attributes.Aggregator is { } aggregator)
        {
            var token = Begin(ref writer, AttributeFlags.OptionalTransitive, AttributeType.Aggregator, 8);
            if (fourOctets)
            {
                writer.UInt32(aggregator.Asn);
            }
            else
            {
                writer.UInt16(Narrow(aggregator.Asn));
            }

            writer.UInt32(aggregator.RouterId);
            End(ref writer, token);
        }
    }

    private static void WriteCommunities(ref WireWriter writer, PathAttributes attributes)
    {
        if (attributes.Communities.IsEmpty)
        {
            return;
        }

        var token = Begin(ref writer, AttributeFlags.OptionalTransitive, AttributeType.Communities, 4 * attributes.Communities.Count);
        foreach (var community in attributes.Communities)
        {
            writer.UInt32(community.Value);
        }

        End(ref writer, token);
    }

    private static void WriteClusters(ref WireWriter writer, ValueList<uint> clusters)
    {
        if (clusters.IsEmpty)
        {
            return;
        }

        var token = Begin(ref writer, AttributeFlags.OptionalNonTransitive, AttributeType.ClusterList, 4 * clusters.Count);
        foreach (var cluster in clusters)
        {
            writer.UInt32(cluster);
        }

        End(ref writer, token);
    }

    private static void WriteExtended(ref WireWriter writer, ValueList<ExtendedCommunity> communities)
    {
        if (communities.IsEmpty)
        {
            return;
        }

        var token = Begin(ref writer, AttributeFlags.OptionalTransitive, AttributeType.ExtendedCommunities, 8 * communities.Count);
        foreach (var community in communities)
        {
            writer.UInt64(community.Value);
        }

        End(ref writer, token);
    }

    private static void WriteLarge(ref WireWriter writer, ValueList<LargeCommunity> communities)
    {
        if (communities.IsEmpty)
        {
            return;
        }

        var token = Begin(ref writer, AttributeFlags.OptionalTransitive, AttributeType.LargeCommunities, 12 * communities.Count);
        foreach (var community in communities)
        {
            writer.UInt32(community.Asn);
            writer.UInt32(community.First);
            writer.UInt32(community.Second);
        }

        End(ref writer, token);
    }

    /// <summary>RFC 6793 §4.2.2: what the narrow attributes could not say. Confederation segments do not leave in AS4_PATH.</summary>
    private static void WriteWide(ref WireWriter writer, PathAttributes attributes)
    {
        var wide = new AsPath(attributes.AsPath.Segments.Where(static segment => segment.Kind is AsPathSegmentKind.Set or AsPathSegmentKind.Sequence).ToValueList());
        foreach (var segment in wide.Segments)
        {
            if (segment.Asns.AsSpan().ContainsAnyInRange(ushort.MaxValue + 1u, uint.MaxValue))
            {
                WriteAsPath(ref writer, AttributeFlags.OptionalTransitive, AttributeType.As4Path, wide, fourOctets: true);
                break;
            }
        }

        if (attributes.Aggregator is { Asn: > ushort.MaxValue } aggregator)
        {
            var token = Begin(ref writer, AttributeFlags.OptionalTransitive, AttributeType.As4Aggregator, 8);
            writer.UInt32(aggregator.Asn);
            writer.UInt32(aggregator.RouterId);
            End(ref writer, token);
        }
    }

    private static ushort Narrow(uint asn) => asn > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)asn;
}

/// <summary>The length of an attribute that is being written.</summary>
/// <param name="Start">Where the value begins.</param>
/// <param name="IsLong">The length takes two bytes.</param>
internal readonly record struct AttributeToken(int Start, bool IsLong);
