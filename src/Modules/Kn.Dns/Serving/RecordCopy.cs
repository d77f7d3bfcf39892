using Kn.Dns.Wire;

namespace Kn.Dns.Serving;

/// <summary>Copies records from one message to another: names in them are expanded and compressed anew.</summary>
internal static class RecordCopy
{
    private const int SoaNumbers = 20;

    /// <summary>Copies a section; false when there was no room or the message could not be read.</summary>
    public static bool TryCopy(ReadOnlySpan<byte> message, DnsSection section, scoped ref ResponseWriter writer)
    {
        var header = DnsHeader.Read(message);
        var reader = new MessageReader(message);
        for (var question = 0; question < header.Questions; question++)
        {
            if (!reader.TryReadQuestion(out _, out _, out _))
            {
                return false;
            }
        }

        var skipped = section == DnsSection.Authority ? header.Answers : 0;
        var wanted = section == DnsSection.Authority ? header.Authorities : header.Answers;
        for (var index = 0; index < skipped + wanted; index++)
        {
            if (!reader.TryReadRecord(out var record) || (index >= skipped && !TryCopy(message, reader, record, section, ref writer)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryCopy(ReadOnlySpan<byte> message, MessageReader reader, RecordView record, DnsSection section, scoped ref ResponseWriter writer)
    {
        Span<byte> owner = stackalloc byte[DnsName.MaxLength];
        if (!reader.TryReadName(record.NameOffset, owner, out var length, out _))
        {
            return false;
        }

        owner = owner[..length];
        return record.Type switch
        {
            DnsType.Cname or DnsType.Ns or DnsType.Ptr => TryCopyName(reader, record, section, owner, ref writer),
            DnsType.Soa => TryCopySoa(message, reader, record, section, owner, ref writer),
            DnsType.Mx => TryCopyPlainName(message, reader, record, (section, Before: 2), owner, ref writer),
            DnsType.Srv => TryCopyPlainName(message, reader, record, (section, Before: 6), owner, ref writer),
            _ => writer.TryWrite(section, owner, record.Type, record.Ttl, reader.RdataOf(record)),
        };
    }

    private static bool TryCopyName(MessageReader reader, RecordView record, DnsSection section, scoped ReadOnlySpan<byte> owner, scoped ref ResponseWriter writer)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        return reader.TryReadName(record.RdataOffset, name, out var length, out var end) && end == record.End
            && writer.TryWriteName(section, owner, record.Type, record.Ttl, name[..length]);
    }

    private static bool TryCopyPlainName(
        ReadOnlySpan<byte> message, MessageReader reader, RecordView record, (DnsSection Section, int Before) form, scoped ReadOnlySpan<byte> owner, scoped ref ResponseWriter writer)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        return record.RdataLength > form.Before && reader.TryReadName(record.RdataOffset + form.Before, name, out var length, out var end) && end == record.End
            && writer.TryWritePlainName(form.Section, owner, record.Type, record.Ttl, message.Slice(record.RdataOffset, form.Before), name[..length]);
    }

    private static bool TryCopySoa(
        ReadOnlySpan<byte> message, MessageReader reader, RecordView record, DnsSection section, scoped ReadOnlySpan<byte> owner, scoped ref ResponseWriter writer)
    {
        Span<byte> server = stackalloc byte[DnsName.MaxLength];
        Span<byte> mailbox = stackalloc byte[DnsName.MaxLength];
        return reader.TryReadName(record.RdataOffset, server, out var serverLength, out var next)
            && reader.TryReadName(next, mailbox, out var mailboxLength, out next) && next + SoaNumbers == record.End
            && writer.TryWriteSoa(section, owner, record.Ttl, server[..serverLength], mailbox[..mailboxLength], message.Slice(next, SoaNumbers));
    }
}
