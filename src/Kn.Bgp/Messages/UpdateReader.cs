using System.Buffers.Binary;
using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Reads an UPDATE of which nothing is believed; no content makes it throw.</summary>
/// <remarks>RFC 4271 §4.3.
/// <code>
/// 2  length of the withdrawn prefixes
/// …  withdrawn prefixes
/// 2  length of the attributes
/// …  attributes: flags, type, length in one or two bytes, value
/// …  announced prefixes
/// </code>
/// What is wrong ends the session only where RFC 7606 says so: where the prefixes cannot be found.</remarks>
internal ref partial struct UpdateReader
{
    private readonly UpdateContext _context;
    private UpdateMessage _update;
    private Seen _seen;
    private PathAttributes _attributes = new();
    private List<UnknownAttribute>? _unknown;
    private AsPath? _widePath;
    private Aggregator? _wideAggregator;
    private IpAddress _multiprotocolNextHop;
    private IpAddress _multiprotocolLinkLocal;

    private UpdateReader(UpdateContext context) => _context = context;

    /// <summary>Reads what is behind the header.</summary>
    internal static UpdateMessage Read(ReadOnlySpan<byte> body, UpdateContext context)
    {
        var reader = new UpdateReader(context);
        reader.Read(body);
        return reader._update;
    }

    private void Read(ReadOnlySpan<byte> body)
    {
        var isWhole = true;
        var withdrawn = TakeBlock(body, out var afterWithdrawn, ref isWhole);
        var attributes = TakeBlock(afterWithdrawn, out var announced, ref isWhole);
        if (!isWhole)
        {
            Fail(UpdateHandling.ResetSession, BgpError.MalformedAttributeList);
            return;
        }

        _update.Withdrawn = withdrawn;
        _update.Announced = announced;
        if (!NlriReader.IsWellFormed(IpFamily.V4, _update.Withdrawn) || !NlriReader.IsWellFormed(IpFamily.V4, _update.Announced))
        {
            Fail(UpdateHandling.ResetSession, BgpError.InvalidNetworkField);
            return;
        }

        if (attributes.IsEmpty && announced.IsEmpty)
        {
            _update.EndOfRib = _update.Withdrawn.IsEmpty && _context.V4 ? IpFamily.V4 : null;
            return;
        }

        ReadAttributes(attributes);
        Finish();
    }

    /// <summary>What the length in front says, if there is so much.</summary>
    private static ReadOnlySpan<byte> TakeBlock(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> rest, scoped ref bool isWhole)
    {
        var length = body.Length < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(body);
        if (length > body.Length - 2)
        {
            isWhole = false;
            rest = default;
            return default;
        }

        rest = body[(2 + length)..];
        return body.Slice(2, length);
    }

    private void ReadAttributes(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            var head = rest.Length > 1 && (rest[0] & (byte)AttributeFlags.ExtendedLength) != 0 ? 4 : 3;
            if (rest.Length < head)
            {
                // RFC 7606 §4: the prefixes are where the total length says, so they can be withdrawn.
                Fail(UpdateHandling.TreatAsWithdraw, BgpError.MalformedAttributeList);
                return;
            }

            var length = head == 4 ? BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) : rest[2];
            if (rest.Length < head + length)
            {
                Fail(UpdateHandling.TreatAsWithdraw, BgpError.InAttribute(UpdateErrorSubcode.AttributeLength, rest));
                return;
            }

            ReadAttribute(new AttributeView(rest[..(head + length)], rest.Slice(head, length)));
            rest = rest[(head + length)..];
        }
    }

    private void ReadAttribute(AttributeView attribute)
    {
        if (!_seen.Add((byte)attribute.Type))
        {
            // RFC 7606 §3 g: the first counts; but of these two nobody knows which.
            if (attribute.Type is AttributeType.MpReach or AttributeType.MpUnreach)
            {
                Fail(UpdateHandling.ResetSession, BgpError.MalformedAttributeList);
            }

            return;
        }

        var expected = KindOf(attribute.Type);
        if (expected is { } kind && kind != (attribute.Kind))
        {
            FailFlags(attribute);
            return;
        }

        if (expected is null)
        {
            ReadUnknown(attribute);
        }
        else
        {
            ReadKnown(attribute);
        }
    }

    /// <summary>RFC 7606 §3 c; those of which an error makes them nothing stay so (§7.6, §7.7, RFC 6793 §6).</summary>
    private void FailFlags(AttributeView attribute)
    {
        var error = BgpError.InAttribute(UpdateErrorSubcode.AttributeFlags, attribute.Whole);
        switch (attribute.Type)
        {
            case AttributeType.AtomicAggregate or AttributeType.Aggregator or AttributeType.As4Path or AttributeType.As4Aggregator:
                Discard(error);
                break;
            case AttributeType.MpReach:
                // The prefixes are to be withdrawn, so they must be found.
                ReadMultiprotocolReach(attribute);
                Fail(UpdateHandling.TreatAsWithdraw, error);
                break;
            case AttributeType.MpUnreach:
                ReadMultiprotocolUnreach(attribute);
                Fail(UpdateHandling.TreatAsWithdraw, error);
                break;
            default:
                Fail(UpdateHandling.TreatAsWithdraw, error);
                break;
        }
    }

    private void ReadUnknown(AttributeView attribute)
    {
        switch (attribute.Kind)
        {
            case AttributeFlags.OptionalTransitive:
                (_unknown ??= []).Add(new UnknownAttribute((byte)attribute.Type, ValueList.Create(attribute.Value)));
                break;
            case AttributeFlags.OptionalNonTransitive:
                break;
            default:
                // RFC 4271 §6.3; RFC 7606 leaves this one as it was.
                Fail(UpdateHandling.ResetSession, BgpError.InAttribute(UpdateErrorSubcode.UnrecognizedWellKnown, attribute.Whole));
                break;
        }
    }

    private void Finish()
    {
        MergeWide();
        CheckMandatory();
        if (_context.IsExternal && _context.EnforceFirstAs && HasReachable && _seen.Has((byte)AttributeType.AsPath) && _attributes.AsPath.First != _context.PeerAs)
        {
            Fail(UpdateHandling.TreatAsWithdraw, new BgpError(BgpErrorCode.UpdateMessage, (byte)UpdateErrorSubcode.MalformedAsPath));
        }

        // RFC 7606 §5.2: with nothing to withdraw, the error may have hidden what there was.
        if (_update.Handling == UpdateHandling.TreatAsWithdraw && !HasReachable && HasOtherThanUnreach)
        {
            Fail(UpdateHandling.ResetSession, _update.Error!);
        }

        if (_update.Handling == UpdateHandling.Accept)
        {
            Publish();
        }
    }

    private readonly bool HasReachable => !_update.Announced.IsEmpty || _seen.Has((byte)AttributeType.MpReach);

    private readonly bool HasOtherThanUnreach => _seen.Count > (_seen.Has((byte)AttributeType.MpUnreach) ? 1 : 0);

    private void Publish()
    {
        _attributes = _unknown is null ? _attributes : _attributes with { Unknown = _unknown.ToValueList() };
        if (!_update.Announced.IsEmpty)
        {
            _update.Attributes = _attributes;
        }

        if (_update.ReachFamily is not null)
        {
            _update.MultiprotocolAttributes = _attributes with { NextHop = _multiprotocolNextHop, LinkLocalNextHop = _multiprotocolLinkLocal };
        }

        if (_update.UnreachFamily is { } family && _seen.Count == 1 && _update.MultiprotocolWithdrawn.IsEmpty && _update.Withdrawn.IsEmpty && _update.Announced.IsEmpty)
        {
            _update.EndOfRib = family;
        }
    }

    /// <summary>RFC 7606 §3 d: a mandatory attribute that is missing withdraws.</summary>
    private void CheckMandatory()
    {
        if (!HasReachable || _update.Handling == UpdateHandling.ResetSession)
        {
            return;
        }

        Require(AttributeType.Origin);
        Require(AttributeType.AsPath);
        if (!_update.Announced.IsEmpty)
        {
            Require(AttributeType.NextHop);
        }

        if (!_context.IsExternal)
        {
            Require(AttributeType.LocalPref);
        }
    }

    private void Require(AttributeType type)
    {
        if (!_seen.Has((byte)type))
        {
            Fail(UpdateHandling.TreatAsWithdraw, new BgpError(BgpErrorCode.UpdateMessage, (byte)UpdateErrorSubcode.MissingWellKnown, [(byte)type]));
        }
    }

    private void Discard(BgpError error)
    {
        _update.DiscardedAttributes++;
        _update.Error ??= error;
    }

    private void Fail(UpdateHandling handling, BgpError error)
    {
        if (handling > _update.Handling)
        {
            _update.Handling = handling;
            _update.Error = error;
        }
    }

    /// <summary>A set of attribute types.</summary>
    private struct Seen
    {
        private UInt128 _low;
        private UInt128 _high;

        internal int Count { get; private set; }

        internal readonly bool Has(byte type) => ((type < 128 ? _low : _high) >> (type & 127) & UInt128.One) != UInt128.Zero;

        internal bool Add(byte type)
        {
            if (Has(type))
            {
                return false;
            }

            Count++;
            if (type < 128)
            {
                _low |= UInt128.One << type;
            }
            else
            {
                _high |= UInt128.One << (type & 127);
            }

            return true;
        }
    }

    /// <summary>An attribute in the message.</summary>
    private readonly ref struct AttributeView(ReadOnlySpan<byte> whole, ReadOnlySpan<byte> value)
    {
        internal ReadOnlySpan<byte> Whole { get; } = whole;

        internal ReadOnlySpan<byte> Value { get; } = value;

        /// <summary>The two bits that must be what the type asks for.</summary>
        internal AttributeFlags Kind => (AttributeFlags)Whole[0] & AttributeFlags.OptionalTransitive;

        internal AttributeType Type => (AttributeType)Whole[1];
    }
}
