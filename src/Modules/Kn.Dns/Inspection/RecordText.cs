using System.Buffers.Binary;
using System.Globalization;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Inspection;

/// <summary>Prints records as <c>dig</c> does.</summary>
internal static class RecordText
{
    /// <summary>The section's records, one a line; the OPT record is none.</summary>
    public static ValueList<string> Of(ReadOnlySpan<byte> message, DnsSection section)
    {
        var header = DnsHeader.Read(message);
        var reader = new MessageReader(message);
        var lines = new List<string>();
        if (header.Questions > 0 && !reader.TryReadQuestion(out _, out _, out _))
        {
            return default;
        }

        ReadOnlySpan<int> counts = [header.Answers, header.Authorities, header.Additionals];
        for (var part = 0; part <= (int)section; part++)
        {
            for (var index = 0; index < counts[part] && reader.TryReadRecord(out var record); index++)
            {
                if (part == (int)section && record.Type != DnsType.Opt)
                {
                    lines.Add(Line(message, record));
                }
            }
        }

        return lines.ToValueList();
    }

    /// <summary>A type's name; TYPE and its number where it has none here (RFC 3597 §5).</summary>
    public static string NameOf(DnsType type) => Enum.IsDefined(type) ? type.ToString().ToUpperInvariant() : string.Create(CultureInfo.InvariantCulture, $"TYPE{(ushort)type}");

    /// <summary>A code's name.</summary>
    public static string NameOf(DnsRcode rcode) => Serving.ResponseCodes.Names[Serving.ResponseCodes.IndexOf(rcode)];

    private static string Line(ReadOnlySpan<byte> message, RecordView record) =>
        string.Create(CultureInfo.InvariantCulture, $"{NameAt(message, record.NameOffset)} {record.Ttl} IN {NameOf(record.Type)} {Content(message, record)}");

    private static string Content(ReadOnlySpan<byte> message, RecordView record)
    {
        var rdata = message.Slice(record.RdataOffset, record.RdataLength);
        return record.Type switch
        {
            DnsType.A when rdata.Length == 4 => IpAddress.FromBytes(rdata).ToString(),
            DnsType.Aaaa when rdata.Length == 16 => IpAddress.FromBytes(rdata).ToString(),
            DnsType.Cname or DnsType.Ns or DnsType.Ptr => NameAt(message, record.RdataOffset),
            DnsType.Mx when rdata.Length > 2 => string.Create(CultureInfo.InvariantCulture, $"{Number(rdata, 0)} {NameAt(message, record.RdataOffset + 2)}"),
            DnsType.Srv when rdata.Length > 6 => string.Create(CultureInfo.InvariantCulture, $"{Number(rdata, 0)} {Number(rdata, 2)} {Number(rdata, 4)} {NameAt(message, record.RdataOffset + 6)}"),
            DnsType.Soa => Soa(message, record),
            DnsType.Txt or DnsType.Hinfo => Strings(rdata),

            // RFC 3597 §5.
            _ => string.Create(CultureInfo.InvariantCulture, $"\\# {rdata.Length} {Convert.ToHexString(rdata)}"),
        };
    }

    private static string Soa(ReadOnlySpan<byte> message, RecordView record)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        var reader = new MessageReader(message);
        if (!reader.TryReadName(record.RdataOffset, name, out _, out var mailbox) || !reader.TryReadName(mailbox, name, out _, out var numbers) || numbers + 20 != record.End)
        {
            return "?";
        }

        var text = $"{NameAt(message, record.RdataOffset)} {NameAt(message, mailbox)}";
        for (var offset = numbers; offset < record.End; offset += 4)
        {
            text += string.Create(CultureInfo.InvariantCulture, $" {BinaryPrimitives.ReadUInt32BigEndian(message[offset..])}");
        }

        return text;
    }

    private static string Strings(ReadOnlySpan<byte> rdata)
    {
        var parts = new List<string>();
        while (!rdata.IsEmpty && rdata[0] < rdata.Length)
        {
            var text = new System.Text.StringBuilder("\"");
            foreach (var octet in rdata.Slice(1, rdata[0]))
            {
                text.Append(octet is < 0x20 or >= 0x7F ? string.Create(CultureInfo.InvariantCulture, $"\\{octet:D3}") : octet is (byte)'"' or (byte)'\\' ? $"\\{(char)octet}" : $"{(char)octet}");
            }

            parts.Add(text.Append('"').ToString());
            rdata = rdata[(rdata[0] + 1)..];
        }

        return string.Join(' ', parts);
    }

    private static ushort Number(ReadOnlySpan<byte> rdata, int offset) => BinaryPrimitives.ReadUInt16BigEndian(rdata[offset..]);

    private static string NameAt(ReadOnlySpan<byte> message, int offset)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        return new MessageReader(message).TryReadName(offset, name, out var length, out _) ? DnsName.ToText(name[..length]) : "?";
    }
}
