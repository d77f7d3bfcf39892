using System.Buffers.Binary;
using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <content>Each attribute, and what an error in it means (RFC 7606 §7).</content>
internal ref partial struct UpdateReader
{
    private const int AddressBytesV6 = 16;

    private static AttributeFlags? KindOf(AttributeType type) => type switch
    {
        AttributeType.Origin or AttributeType.AsPath or AttributeType.NextHop or AttributeType.LocalPref or AttributeType.AtomicAggregate => AttributeFlags.WellKnown,
        AttributeType.Aggregator or AttributeType.Communities or AttributeType.ExtendedCommunities or AttributeType.As4Path or AttributeType.As4Aggregator
            or AttributeType.LargeCommunities => AttributeFlags.OptionalTransitive,
        AttributeType.Med or AttributeType.OriginatorId or AttributeType.ClusterList or AttributeType.MpReach or AttributeType.MpUnreach =>
            AttributeFlags.OptionalNonTransitive,
        _ => null,
    };

    private void ReadKnown(AttributeView attribute)
    {
        switch (attribute.Type)
        {
            case AttributeType.Origin:
                ReadOrigin(attribute);
                break;
            case AttributeType.AsPath:
                ReadAsPath(attribute);
                break;
            case AttributeType.NextHop:
                ReadNextHop(attribute);
                break;
            case AttributeType.Med:
                _attributes = TryReadNumber(attribute, out var med) ? _attributes with { Med = med } : _attributes;
                break;
            case AttributeType.LocalPref:
                ReadLocalPref(attribute);
                break;
            case AttributeType.AtomicAggregate:
                ReadAtomicAggregate(attribute);
                break;
            case AttributeType.Aggregator or AttributeType.As4Aggregator:
                ReadAggregator(attribute);
                break;
            case AttributeType.As4Path:
                ReadWidePath(attribute);
                break;
            case AttributeType.OriginatorId or AttributeType.ClusterList:
                ReadReflection(attribute);
                break;
            case AttributeType.MpReach:
                ReadMultiprotocolReach(attribute);
                break;
            case AttributeType.MpUnreach:
                ReadMultiprotocolUnreach(attribute);
                break;
            default:
                ReadCommunities(attribute);
                break;
        }
    }

    private void ReadOrigin(AttributeView attribute)
    {
        if (attribute.Value.Length != 1)
        {
            FailLength(attribute);
        }
        else if (attribute.Value[0] > (byte)Origin.Incomplete)
        {
            Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.InvalidOrigin, attribute.Whole));
        }
        else
        {
            _attributes = _attributes with { Origin = (Origin)attribute.Value[0] };
        }
    }

    private void ReadAsPath(AttributeView attribute)
    {
        if (AsPathReader.TryRead(attribute.Value, _context.FourOctetAs, out var path))
        {
            _attributes = _attributes with { AsPath = path };
        }
        else
        {
            Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.MalformedAsPath, attribute.Whole));
        }
    }

    /// <summary>RFC 7606 §7.3; an address that can be nobody's is a wrong value (RFC 4271 §6.3).</summary>
    private void ReadNextHop(AttributeView attribute)
    {
        if (attribute.Value.Length != 4)
        {
            FailLength(attribute);
            return;
        }

        var hop = IpAddress.FromBytes(attribute.Value);
        if (!IsHost(hop))
        {
            Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.InvalidNextHop, attribute.Whole));
        }

        _attributes = _attributes with { NextHop = hop };
    }

    /// <summary>RFC 7606 §7.5: from another AS it means nothing.</summary>
    private void ReadLocalPref(AttributeView attribute)
    {
        if (_context.IsExternal)
        {
            Discard(BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
        }
        else if (TryReadNumber(attribute, out var preference))
        {
            _attributes = _attributes with { LocalPref = preference };
        }
    }

    private void ReadAtomicAggregate(AttributeView attribute)
    {
        if (attribute.Value.IsEmpty)
        {
            _attributes = _attributes with { AtomicAggregate = true };
        }
        else
        {
            Discard(BgpError.InAttribute(UpdateErrorSubcode.AttributeLength, attribute.Whole));
        }
    }

    private void ReadAggregator(AttributeView attribute)
    {
        var isWide = attribute.Type == AttributeType.As4Aggregator;
        var value = attribute.Value;
        var size = isWide || _context.FourOctetAs ? 8 : 6;
        if (value.Length != size || (isWide && _context.FourOctetAs))
        {
            Discard(BgpError.InAttribute(UpdateErrorSubcode.AttributeLength, attribute.Whole));
            return;
        }

        var asn = size == 8 ? BinaryPrimitives.ReadUInt32BigEndian(value) : BinaryPrimitives.ReadUInt16BigEndian(value);
        var aggregator = new Aggregator(asn, BinaryPrimitives.ReadUInt32BigEndian(value[(size - 4)..]));
        if (isWide)
        {
            _wideAggregator = aggregator;
        }
        else
        {
            _attributes = _attributes with { Aggregator = aggregator };
        }
    }

    /// <summary>RFC 6793 §6: malformed, or from a speaker of four-byte numbers, it is nothing.</summary>
    private void ReadWidePath(AttributeView attribute)
    {
        if (!_context.FourOctetAs && AsPathReader.TryRead(attribute.Value, fourOctets: true, out var path))
        {
            _widePath = path;
        }
        else
        {
            Discard(BgpError.InAttribute(UpdateErrorSubcode.MalformedAsPath, attribute.Whole));
        }
    }

    /// <summary>RFC 6793 §4.2.3: with an AGGREGATOR of a real number, both wide attributes are left over from somebody else.</summary>
    private void MergeWide()
    {
        if (_context.FourOctetAs || _attributes.Aggregator is { Asn: not OpenMessage.AsTrans })
        {
            return;
        }

        if (_attributes.Aggregator is not null && _wideAggregator is not null)
        {
            _attributes = _attributes with { Aggregator = _wideAggregator };
        }

        if (_widePath is { } wide)
        {
            _attributes = _attributes with { AsPath = AsPathReader.Merge(_attributes.AsPath, wide) };
        }
    }

    /// <summary>RFC 7606 §7.9 and §7.10: from another AS they mean nothing.</summary>
    private void ReadReflection(AttributeView attribute)
    {
        if (_context.IsExternal)
        {
            Discard(BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
            return;
        }

        if (attribute.Type == AttributeType.OriginatorId)
        {
            _attributes = TryReadNumber(attribute, out var originator) ? _attributes with { OriginatorId = originator } : _attributes;
            return;
        }

        if (!IsMultipleOf(4, attribute))
        {
            return;
        }

        var clusters = new uint[attribute.Value.Length / 4];
        for (var i = 0; i < clusters.Length; i++)
        {
            clusters[i] = BinaryPrimitives.ReadUInt32BigEndian(attribute.Value[(i * 4)..]);
        }

        _attributes = _attributes with { ClusterList = ValueList.Create<uint>(clusters) };
    }

    private void ReadCommunities(AttributeView attribute)
    {
        var value = attribute.Value;
        switch (attribute.Type)
        {
            case AttributeType.Communities when IsMultipleOf(4, attribute):
                var communities = new Community[value.Length / 4];
                for (var i = 0; i < communities.Length; i++)
                {
                    communities[i] = new Community(BinaryPrimitives.ReadUInt32BigEndian(value[(i * 4)..]));
                }

                _attributes = _attributes with { Communities = ValueList.Create<Community>(communities) };
                break;
            case AttributeType.ExtendedCommunities when IsMultipleOf(8, attribute):
                var extended = new ExtendedCommunity[value.Length / 8];
                for (var i = 0; i < extended.Length; i++)
                {
                    extended[i] = new ExtendedCommunity(BinaryPrimitives.ReadUInt64BigEndian(value[(i * 8)..]));
                }

                _attributes = _attributes with { ExtendedCommunities = ValueList.Create<ExtendedCommunity>(extended) };
                break;
            case AttributeType.LargeCommunities when IsMultipleOf(12, attribute):
                var large = new LargeCommunity[value.Length / 12];
                for (var i = 0; i < large.Length; i++)
                {
                    var at = value[(i * 12)..];
                    large[i] = new LargeCommunity(
                        BinaryPrimitives.ReadUInt32BigEndian(at), BinaryPrimitives.ReadUInt32BigEndian(at[4..]), BinaryPrimitives.ReadUInt32BigEndian(at[8..]));
                }

                _attributes = _attributes with { LargeCommunities = ValueList.Create<LargeCommunity>(large) };
                break;
            default:
                break;
        }
    }

    /// <summary>AFI, SAFI, length of the next hop, next hop, a byte that is reserved, prefixes (RFC 4760 §3).</summary>
    /// <remarks>RFC 7606 §7.11: with a next hop of a wrong length the prefixes cannot be found. RFC 4760 §7: families that were not agreed on
    /// are passed over.</remarks>
    private void ReadMultiprotocolReach(AttributeView attribute)
    {
        const int HeadBytes = 4;
        var value = attribute.Value;
        if (value.Length < HeadBytes + 1 || value.Length < HeadBytes + value[3] + 1)
        {
            Fail(UpdateHandling.ResetSession, BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
            return;
        }

        if (Agreed(value) is not { } family)
        {
            return;
        }

        var hop = value.Slice(HeadBytes, value[3]);
        var prefixes = value[(HeadBytes + hop.Length + 1)..];
        var isLong = hop.Length is AddressBytesV6 or 2 * AddressBytesV6;
        if (!(isLong || (hop.Length == 4 && family == IpFamily.V4)) || !NlriReader.IsWellFormed(family, prefixes))
        {
            Fail(UpdateHandling.ResetSession, BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
            return;
        }

        _update.ReachFamily = family;
        _update.MultiprotocolAnnounced = prefixes;
        _multiprotocolNextHop = IpAddress.FromBytes(hop[..Math.Min(hop.Length, AddressBytesV6)]);
        _multiprotocolLinkLocal = hop.Length == 2 * AddressBytesV6 ? IpAddress.FromBytes(hop[AddressBytesV6..]) : default;
        if (_multiprotocolNextHop.IsAny && !_multiprotocolLinkLocal.IsAny)
        {
            // Some send :: in front of the address that they have on an unnumbered link.
            _multiprotocolNextHop = _multiprotocolLinkLocal;
        }

        // gobgpd tells IPv4 prefixes so, unasked, on sessions of IPv6; the prefixes are found, so the session need not end.
        var isUnasked = isLong && family == IpFamily.V4 && !_context.ExtendedNextHop;
        if (isUnasked || !IsHost(_multiprotocolNextHop))
        {
            Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.InvalidNextHop, attribute.Whole));
        }
    }

    /// <summary>AFI, SAFI, prefixes (RFC 4760 §4).</summary>
    private void ReadMultiprotocolUnreach(AttributeView attribute)
    {
        const int HeadBytes = 3;
        if (attribute.Value.Length < HeadBytes)
        {
            Fail(UpdateHandling.ResetSession, BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
            return;
        }

        if (Agreed(attribute.Value) is not { } family)
        {
            return;
        }

        if (!NlriReader.IsWellFormed(family, attribute.Value[HeadBytes..]))
        {
            Fail(UpdateHandling.ResetSession, BgpError.InAttribute(UpdateErrorSubcode.OptionalAttribute, attribute.Whole));
            return;
        }

        _update.UnreachFamily = family;
        _update.MultiprotocolWithdrawn = attribute.Value[HeadBytes..];
    }

    private readonly IpFamily? Agreed(ReadOnlySpan<byte> value)
    {
        var known = new BgpFamily(BinaryPrimitives.ReadUInt16BigEndian(value), value[2]).Known;
        return known is { } family && (family == IpFamily.V4 ? _context.V4 : _context.V6) ? family : null;
    }

    private bool TryReadNumber(AttributeView attribute, out uint value)
    {
        if (attribute.Value.Length != 4)
        {
            value = 0;
            FailLength(attribute);
            return false;
        }

        value = BinaryPrimitives.ReadUInt32BigEndian(attribute.Value);
        return true;
    }

    /// <summary>A list that is not empty; else RFC 7606 §7.8, §7.10, §7.14 and RFC 8092 §6 withdraw.</summary>
    private bool IsMultipleOf(int size, AttributeView attribute)
    {
        var isWell = !attribute.Value.IsEmpty && attribute.Value.Length % size == 0;
        if (!isWell)
        {
            FailLength(attribute);
        }

        return isWell;
    }

    private void FailLength(AttributeView attribute) =>
        Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.AttributeLength, attribute.Whole));

    /// <summary>False for 0.0.0.0, loopback, multicast and what is above, which no router has.</summary>
    private static bool IsHost(IpAddress address) =>
        !address.IsAny && !address.IsLoopback && (address.Family == IpFamily.V4 ? (uint)address.Number < 0xE000_0000 : (uint)(address.Number >> 120) != 0xFF);
}
