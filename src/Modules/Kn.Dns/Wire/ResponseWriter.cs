using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Kn.Dns.Wire;

/// <summary>Writes the response to a query: header, question, records section by section, OPT when the query had one.</summary>
/// <remarks>
/// <para>Names are compressed against the question and every name written (RFC 1035 §4.1.4), whose case they take so. A record that does not
/// fit is not written, nor is a part of it: the method says false, and the caller decides between <see cref="Truncate"/> and leaving it out
/// (RFC 2181 §9: only what the client needs sets TC).</para>
/// <para>The buffer must not be the query's own.</para>
/// </remarks>
internal ref struct ResponseWriter
{
    private const ushort Pointer = 0xC000;
    private const int MaxPointer = 0x3FFF;
    private const int FixedRecordBytes = 10;
    private const int MaxLabels = 64;

    private readonly Span<byte> _message;
    private readonly DnsHeader _query;
    private readonly Edns _edns;
    private readonly int _limit;
    private LabelOffsets _labels;
    private int _labelCount;
    private int _position;
    private readonly int _afterQuestion;
    private ushort _answers;
    private ushort _authorities;
    private ushort _additionals;
    private DnsFlags _flags;

    /// <summary>Begins a response.</summary>
    /// <param name="destination">What the client may be sent at most: at least 512 bytes.</param>
    /// <param name="query">The query; one whose question could not be read gets a response without.</param>
    public ResponseWriter(Span<byte> destination, in DnsQuery query)
    {
        _message = destination;
        _query = query.Header;
        _edns = query.Edns;
        _limit = destination.Length - (_edns.IsPresent ? Edns.RecordSize : 0);
        QuestionName = query.Name;
        var question = query.Question;
        question.CopyTo(destination[DnsHeader.Size..]);
        _position = DnsHeader.Size + question.Length;
        _afterQuestion = _position;
        RememberQuestion();
    }

    /// <summary>The name asked for.</summary>
    public ReadOnlySpan<byte> QuestionName { get; }

    /// <summary>The first byte that is not written.</summary>
    public readonly int Position => _position;

    /// <summary>How many answers are written.</summary>
    public readonly int Answers => _answers;

    /// <summary>Writes a record whose content holds no name, or one that may not be compressed (RFC 3597 §4).</summary>
    public bool TryWrite(DnsSection section, scoped ReadOnlySpan<byte> owner, DnsType type, uint ttl, scoped ReadOnlySpan<byte> rdata)
    {
        var start = _position;
        if (!TryWriteOwner(owner, type, ttl, out var length) || !TryAppend(rdata))
        {
            return Undo(start);
        }

        return End(section, length);
    }

    /// <summary>Writes an answer whose owner is the name asked for, without looking for it.</summary>
    public bool TryWriteAnswer(DnsType type, uint ttl, scoped ReadOnlySpan<byte> rdata)
    {
        const int OwnerBytes = 2;
        if (rdata.Length > _limit - _position - OwnerBytes - FixedRecordBytes)
        {
            return false;
        }

        var record = _message[_position..];
        BinaryPrimitives.WriteUInt16BigEndian(record, Pointer | DnsHeader.Size);
        WriteFields(record[OwnerBytes..], type, ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[(OwnerBytes + 8)..], (ushort)rdata.Length);
        rdata.CopyTo(record[(OwnerBytes + FixedRecordBytes)..]);
        _position += OwnerBytes + FixedRecordBytes + rdata.Length;
        _answers++;
        return true;
    }

    /// <summary>Writes a record that is prepared as it stands on the wire, pointers and all.</summary>
    public bool TryWritePrepared(DnsSection section, scoped ReadOnlySpan<byte> record)
    {
        if (!TryAppend(record))
        {
            return false;
        }

        Count(section);
        return true;
    }

    /// <summary>Writes a record whose content is a name: NS, CNAME, PTR.</summary>
    public bool TryWriteName(DnsSection section, scoped ReadOnlySpan<byte> owner, DnsType type, uint ttl, scoped ReadOnlySpan<byte> target)
    {
        var start = _position;
        if (!TryWriteOwner(owner, type, ttl, out var length) || !TryAppendName(target))
        {
            return Undo(start);
        }

        return End(section, length);
    }

    /// <summary>Writes a record whose content is bytes and then a name that may not be compressed (SRV, RFC 2782), but that later names lean on.</summary>
    public bool TryWritePlainName(DnsSection section, scoped ReadOnlySpan<byte> owner, DnsType type, uint ttl, scoped ReadOnlySpan<byte> before, scoped ReadOnlySpan<byte> target)
    {
        var start = _position;
        if (!TryWriteOwner(owner, type, ttl, out var length) || !TryAppend(before))
        {
            return Undo(start);
        }

        var name = _position;
        if (!TryAppend(target))
        {
            return Undo(start);
        }

        Remember(name);
        return End(section, length);
    }

    /// <summary>Writes a SOA (RFC 1035 §3.3.13).</summary>
    /// <param name="section">Authority when it says that there is nothing.</param>
    /// <param name="owner">The zone's apex.</param>
    /// <param name="ttl">Seconds.</param>
    /// <param name="server">MNAME.</param>
    /// <param name="mailbox">RNAME.</param>
    /// <param name="numbers">Serial, refresh, retry, expire, minimum: 20 bytes.</param>
    public bool TryWriteSoa(DnsSection section, scoped ReadOnlySpan<byte> owner, uint ttl, scoped ReadOnlySpan<byte> server, scoped ReadOnlySpan<byte> mailbox, scoped ReadOnlySpan<byte> numbers)
    {
        var start = _position;
        if (!TryWriteOwner(owner, DnsType.Soa, ttl, out var length) || !TryAppendName(server) || !TryAppendName(mailbox) || !TryAppend(numbers))
        {
            return Undo(start);
        }

        return End(section, length);
    }

    /// <summary>True when these are the very bytes of the name asked for, not only an equal name.</summary>
    public readonly bool IsQuestionName(scoped ReadOnlySpan<byte> name) => name == QuestionName;

    /// <summary>Sets flags of the response, beside QR and those that are taken over from the query.</summary>
    public void Set(DnsFlags flags) => _flags |= flags;

    /// <summary>Takes back all records and sets TC: the client asks again by TCP.</summary>
    public void Truncate()
    {
        _flags |= DnsFlags.Truncated;
        _position = _afterQuestion;
        _answers = 0;
        _authorities = 0;
        _additionals = 0;
        RememberQuestion();
    }

    /// <summary>Writes the header and the OPT record, and returns the length of the response.</summary>
    public int Finish(DnsRcode rcode)
    {
        if (_edns.IsPresent)
        {
            OptRecord.Write(_message[_position..], Edns.OurUdpSize, rcode, _edns.DnssecOk);
            _position += Edns.RecordSize;
            _additionals++;
        }

        const DnsFlags TakenOver = DnsFlags.RecursionDesired | DnsFlags.CheckingDisabled;
        var bits = (ushort)(DnsFlags.Response | _flags | (_query.Flags & TakenOver)) | (_query.Bits & DnsHeader.OpcodeMask) | ((ushort)rcode & 0xF);
        new DnsHeader(_query.Id, (ushort)bits, (ushort)(_afterQuestion > DnsHeader.Size ? 1 : 0), _answers, _authorities, _additionals).Write(_message);
        return _position;
    }

    private bool TryWriteOwner(scoped ReadOnlySpan<byte> owner, DnsType type, uint ttl, out int lengthOffset)
    {
        lengthOffset = 0;
        if (!TryAppendName(owner) || _position + FixedRecordBytes > _limit)
        {
            return false;
        }

        WriteFields(_message[_position..], type, ttl);
        lengthOffset = _position + 8;
        _position += FixedRecordBytes;
        return true;
    }

    private static void WriteFields(Span<byte> fields, DnsType type, uint ttl)
    {
        BinaryPrimitives.WriteUInt16BigEndian(fields, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(fields[2..], (ushort)DnsClass.In);
        BinaryPrimitives.WriteUInt32BigEndian(fields[4..], ttl);
    }

    private bool TryAppend(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _limit - _position)
        {
            return false;
        }

        bytes.CopyTo(_message[_position..]);
        _position += bytes.Length;
        return true;
    }

    private bool TryAppendName(scoped ReadOnlySpan<byte> name)
    {
        var start = _position;
        while (name[0] != 0)
        {
            var known = Find(name);
            if (known > 0)
            {
                if (_position + 2 > _limit)
                {
                    return false;
                }

                BinaryPrimitives.WriteUInt16BigEndian(_message[_position..], (ushort)(Pointer | known));
                _position += 2;
                Remember(start);
                return true;
            }

            if (!TryAppend(name[..(name[0] + 1)]))
            {
                return false;
            }

            name = DnsName.Parent(name);
        }

        if (!TryAppend(DnsName.Root))
        {
            return false;
        }

        Remember(start);
        return true;
    }

    private bool Undo(int start)
    {
        _position = start;
        while (_labelCount > 0 && _labels[_labelCount - 1] >= start)
        {
            _labelCount--;
        }

        return false;
    }

    private bool End(DnsSection section, int lengthOffset)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_message[lengthOffset..], (ushort)(_position - lengthOffset - 2));
        Count(section);
        return true;
    }

    private void Count(DnsSection section)
    {
        switch (section)
        {
            case DnsSection.Answer:
                _answers++;
                break;
            case DnsSection.Authority:
                _authorities++;
                break;
            default:
                _additionals++;
                break;
        }
    }

    private void RememberQuestion()
    {
        _labelCount = 0;
        if (_afterQuestion > DnsHeader.Size)
        {
            Remember(DnsHeader.Size);
        }
    }

    /// <summary>Notes where the labels of the name at that offset stand, as long as there is room for them and a pointer reaches them.</summary>
    private void Remember(int offset)
    {
        while (offset <= MaxPointer && _labelCount < MaxLabels && _message[offset] is > 0 and <= DnsName.MaxLabel)
        {
            _labels[_labelCount++] = (ushort)offset;
            offset += _message[offset] + 1;
        }
    }

    /// <summary>Where this name stands already; 0 when nowhere.</summary>
    private readonly int Find(scoped ReadOnlySpan<byte> name)
    {
        for (var index = 0; index < _labelCount; index++)
        {
            int offset = _labels[index];
            if (_message[offset] == name[0] && StandsAt(offset, name))
            {
                return offset;
            }
        }

        return 0;
    }

    private readonly bool StandsAt(int offset, scoped ReadOnlySpan<byte> name)
    {
        while (true)
        {
            int label = _message[offset];
            if (label > DnsName.MaxLabel)
            {
                offset = BinaryPrimitives.ReadUInt16BigEndian(_message[offset..]) & MaxPointer;
                continue;
            }

            if (label != name[0] || !DnsName.Matches(_message.Slice(offset, label + 1), name[..(label + 1)]))
            {
                return false;
            }

            if (label == 0)
            {
                return true;
            }

            offset += label + 1;
            name = name[(label + 1)..];
        }
    }

    [InlineArray(MaxLabels)]
    private struct LabelOffsets
    {
        private ushort _first;
    }
}
