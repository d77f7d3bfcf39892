using System.Buffers.Binary;

namespace Kn.Dns.Wire;

/// <summary>Reads the records of a message of which nothing is believed.</summary>
/// <remarks>Every length is checked before it is used, and no content makes it throw. A compression pointer leads to a name that began
/// before the part it stands in (RFC 1035 §4.1.4, "a prior occurance"): so there is no loop, and names end.</remarks>
internal ref struct MessageReader
{
    private const int FixedRecordBytes = 10;
    private const int PointerBits = 0xC0;

    private readonly ReadOnlySpan<byte> _message;
    private int _position;

    /// <summary>Reads from that position on; right behind the header for the question.</summary>
    public MessageReader(ReadOnlySpan<byte> message, int position = DnsHeader.Size)
    {
        _message = message;
        _position = position;
    }

    /// <summary>The first byte that was not read.</summary>
    public readonly int Position => _position;

    /// <summary>True when everything was read.</summary>
    public readonly bool IsAtEnd => _position == _message.Length;

    /// <summary>Reads a question; its name may be compressed.</summary>
    public bool TryReadQuestion(out int nameOffset, out DnsType type, out DnsClass @class)
    {
        nameOffset = _position;
        type = default;
        @class = default;
        var end = SkipName(_position);
        if (end < 0 || end + 4 > _message.Length)
        {
            return false;
        }

        type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(_message[end..]);
        @class = (DnsClass)BinaryPrimitives.ReadUInt16BigEndian(_message[(end + 2)..]);
        _position = end + 4;
        return true;
    }

    /// <summary>Reads a record; false, without moving, when it is cut or its name is none.</summary>
    public bool TryReadRecord(out RecordView record)
    {
        record = default;
        var end = SkipName(_position);
        if (end < 0 || end + FixedRecordBytes > _message.Length)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(_message[(end + 8)..]);
        if (end + FixedRecordBytes + length > _message.Length)
        {
            return false;
        }

        record = new RecordView(
            _position,
            (DnsType)BinaryPrimitives.ReadUInt16BigEndian(_message[end..]),
            (DnsClass)BinaryPrimitives.ReadUInt16BigEndian(_message[(end + 2)..]),
            BinaryPrimitives.ReadUInt32BigEndian(_message[(end + 4)..]),
            end + FixedRecordBytes,
            length);
        _position = record.End;
        return true;
    }

    /// <summary>What a record says, as it stands there: names in it may be compressed.</summary>
    public readonly ReadOnlySpan<byte> RdataOf(RecordView record) => _message.Slice(record.RdataOffset, record.RdataLength);

    /// <summary>Expands the name at an offset.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="destination">At least <see cref="DnsName.MaxLength"/> bytes.</param>
    /// <param name="length">Bytes of the expanded name.</param>
    /// <param name="next">The first byte after the name where it stands.</param>
    /// <returns>False when it is cut, longer than a name may be, has a label of an unknown kind, or a pointer that does not lead back.</returns>
    public readonly bool TryReadName(int offset, Span<byte> destination, out int length, out int next)
    {
        length = 0;
        next = -1;
        var limit = offset;
        while ((uint)offset < (uint)_message.Length)
        {
            int label = _message[offset];
            if ((label & PointerBits) == PointerBits)
            {
                if (!TryFollow(ref offset, ref limit, ref next))
                {
                    return false;
                }

                continue;
            }

            if (label > DnsName.MaxLabel || offset + 1 + label > _message.Length || length + 1 + label > DnsName.MaxLength)
            {
                return false;
            }

            _message.Slice(offset, label + 1).CopyTo(destination[length..]);
            length += label + 1;
            offset += label + 1;
            if (label == 0)
            {
                next = next < 0 ? offset : next;
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the name at an offset is this one, whatever the case of its letters.</summary>
    public readonly bool NameMatches(int offset, ReadOnlySpan<byte> name)
    {
        Span<byte> expanded = stackalloc byte[DnsName.MaxLength];
        return TryReadName(offset, expanded, out var length, out _) && DnsName.Matches(expanded[..length], name);
    }

    private readonly bool TryFollow(ref int offset, ref int limit, ref int next)
    {
        if (offset + 2 > _message.Length)
        {
            return false;
        }

        var target = BinaryPrimitives.ReadUInt16BigEndian(_message[offset..]) & 0x3FFF;
        next = next < 0 ? offset + 2 : next;
        if (target >= limit || target < DnsHeader.Size)
        {
            return false;
        }

        limit = target;
        offset = target;
        return true;
    }

    /// <summary>The first byte after the name at that position, which is checked as far as it stands there; negative when it is none.</summary>
    private readonly int SkipName(int position)
    {
        var start = position;
        while ((uint)position < (uint)_message.Length)
        {
            int label = _message[position];
            if ((label & PointerBits) == PointerBits)
            {
                return position + 2 <= _message.Length ? position + 2 : -1;
            }

            position += label + 1;
            if (label > DnsName.MaxLabel || position - start > DnsName.MaxLength)
            {
                return -1;
            }

            if (label == 0)
            {
                return position;
            }
        }

        return -1;
    }
}
