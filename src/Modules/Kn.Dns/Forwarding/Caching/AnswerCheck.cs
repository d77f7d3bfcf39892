using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>Holds an upstream's answer to the question that it is for: nothing of it is used before.</summary>
/// <remarks>RFC 5452 §3 and §9.1: id, question and source must be those of the query (the source is, by a connected socket). Records that do
/// not belong to the question are passed on with the answer but never used for another.</remarks>
internal static class AnswerCheck
{
    private const int SoaNumbers = 20;

    /// <summary>Checks it.</summary>
    /// <param name="message">What came.</param>
    /// <param name="query">What was sent: header, question, and perhaps OPT.</param>
    /// <param name="questionLength">Bytes of the question in it.</param>
    /// <param name="exactCase">The letters of the name must have come back as they were sent.</param>
    /// <param name="shape">What it is when there is no fault.</param>
    public static AnswerFault Check(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query, int questionLength, bool exactCase, out AnswerShape shape)
    {
        shape = default;
        if (message.Length < DnsHeader.Size)
        {
            return AnswerFault.Malformed;
        }

        var header = DnsHeader.Read(message);
        if (header.Id != DnsHeader.Read(query).Id || !header.IsResponse || header.Opcode != DnsHeader.QueryOpcode)
        {
            return AnswerFault.WrongId;
        }

        if (header.Questions == 0 && header.Rcode is not (DnsRcode.NoError or DnsRcode.NameError))
        {
            // Servers that could not read the question, or did not want to, leave it out.
            shape = new AnswerShape(DnsHeader.Size, 0, 0, header.Rcode, AnswerShape.KindOf(header.Rcode), HasOpt: false);
            return AnswerFault.None;
        }

        var question = query.Slice(DnsHeader.Size, questionLength);
        if (header.Questions != 1 || message.Length < DnsHeader.Size + questionLength
            || !QuestionKey.Of(question, QuestionBits.None).Matches(message.Slice(DnsHeader.Size, questionLength), QuestionBits.None))
        {
            return AnswerFault.WrongQuestion;
        }

        if (exactCase && !message.Slice(DnsHeader.Size, questionLength).SequenceEqual(question))
        {
            return AnswerFault.WrongCase;
        }

        return header.IsTruncated ? AnswerFault.Truncated : CheckRecords(message, header, questionLength, out shape);
    }

    private static AnswerFault CheckRecords(ReadOnlySpan<byte> message, in DnsHeader header, int questionLength, out AnswerShape shape)
    {
        shape = default;
        var type = (DnsType)((message[DnsHeader.Size + questionLength - 4] << 8) | message[DnsHeader.Size + questionLength - 3]);
        var reader = new MessageReader(message, DnsHeader.Size + questionLength);
        var found = default(Findings);
        var fields = new FixedFields(stackalloc byte[FixedFields.Size]);
        for (var section = DnsSection.Answer; section <= DnsSection.Additional; section++)
        {
            var count = section switch { DnsSection.Answer => header.Answers, DnsSection.Authority => header.Authorities, _ => header.Additionals };
            for (var index = 0; index < count; index++)
            {
                if (!reader.TryReadRecord(out var record) || !IsSound(message, reader, fields, record) || !found.Add(section, record, type, reader))
                {
                    return AnswerFault.Malformed;
                }
            }
        }

        if (!reader.IsAtEnd)
        {
            return AnswerFault.Malformed;
        }

        var rcode = (DnsRcode)((found.UpperRcode << 4) | (int)header.Rcode);
        shape = new AnswerShape(found.HasOpt ? found.OptOffset : message.Length, found.Additionals, found.Records, rcode, found.Kind(rcode), found.HasOpt);
        return AnswerFault.None;
    }

    /// <summary>Owner and, for the types whose content has compressed names or a fixed length, content.</summary>
    private static bool IsSound(ReadOnlySpan<byte> message, in MessageReader reader, FixedFields fields, in RecordView record)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        fields.Add(record);
        if (!reader.TryReadName(record.NameOffset, name, out _, out _) || !fields.AreAvoidedBy(message, record.NameOffset))
        {
            return false;
        }

        var start = record.RdataOffset;
        switch (record.Type)
        {
            case DnsType.A:
                return record.Class != DnsClass.In || record.RdataLength == 4;
            case DnsType.Aaaa:
                return record.RdataLength == 16;
            case DnsType.Ns or DnsType.Cname or DnsType.Ptr or DnsType.Dname:
                return IsName(start, 0, record, reader) && fields.AreAvoidedBy(message, start);
            case DnsType.Mx:
                return IsName(start + 2, 0, record, reader) && fields.AreAvoidedBy(message, start + 2);
            case DnsType.Srv:
                return IsName(start + 6, 0, record, reader) && fields.AreAvoidedBy(message, start + 6);
            case DnsType.Soa:
                return reader.TryReadName(start, name, out _, out var second) && IsName(second, SoaNumbers, record, reader)
                    && fields.AreAvoidedBy(message, start) && fields.AreAvoidedBy(message, second);
            default:
                return true;
        }
    }

    /// <summary>A name that begins there and ends so many bytes before the record does.</summary>
    private static bool IsName(int offset, int bytesBehind, in RecordView record, in MessageReader reader)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        return offset < record.End && reader.TryReadName(offset, name, out _, out var next) && next + bytesBehind == record.End;
    }

    private struct Findings
    {
        public int OptOffset;
        public ushort Additionals;
        public int Records;
        public int UpperRcode;
        private bool _hasWanted;
        private bool _hasSoa;

        public readonly bool HasOpt => OptOffset > 0;

        /// <summary>False for a second OPT, or one where none may be (RFC 6891 §6.1.1).</summary>
        public bool Add(DnsSection section, in RecordView record, DnsType wanted, in MessageReader reader)
        {
            if (record.Type == DnsType.Opt)
            {
                var valid = section == DnsSection.Additional && !HasOpt && OptRecord.AreOptions(reader.RdataOf(record));
                OptOffset = record.NameOffset;
                UpperRcode = (int)(record.Ttl >> 24);
                return valid;
            }

            if (HasOpt)
            {
                return true;
            }

            Records++;
            Additionals += (ushort)(section == DnsSection.Additional ? 1 : 0);
            _hasWanted |= section == DnsSection.Answer && (record.Type == wanted || wanted == DnsType.Any);
            _hasSoa |= section == DnsSection.Authority && record.Type == DnsType.Soa;
            return true;
        }

        public readonly AnswerKind Kind(DnsRcode rcode) => rcode switch
        {
            DnsRcode.NoError when _hasWanted => AnswerKind.Positive,
            DnsRcode.NoError or DnsRcode.NameError => _hasSoa ? AnswerKind.Negative : AnswerKind.NegativeWithoutSoa,
            _ => AnswerShape.KindOf(rcode),
        };
    }
}

/// <summary>What is wrong with what an upstream sent.</summary>
internal enum AnswerFault : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is no response, or one to another query: forged, or very late.</summary>
    WrongId,

    /// <summary>It answers another question: forged, or the upstream is broken.</summary>
    WrongQuestion,

    /// <summary>The right name in another case than was sent: forged, or the upstream is old.</summary>
    WrongCase,

    /// <summary>It cannot be read to its end.</summary>
    Malformed,

    /// <summary>It was cut (TC): ask by TCP.</summary>
    Truncated,
}
