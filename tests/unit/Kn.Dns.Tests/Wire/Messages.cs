using System.Buffers.Binary;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Tests.Wire;

/// <summary>Makes messages for tests.</summary>
internal static class Messages
{
    internal static readonly IpAddress Client = IpAddress.Parse("10.244.1.7");

    /// <summary>A query of one question, as a stub resolver sends it.</summary>
    internal static byte[] Query(string name, DnsType type = DnsType.A, ushort id = 0x1234, Edns? edns = null, DnsClass @class = DnsClass.In, DnsFlags flags = DnsFlags.RecursionDesired)
    {
        var wire = DnsName.Parse(name);
        var message = new byte[DnsHeader.Size + wire.Length + 4 + (edns is null ? 0 : Edns.RecordSize)];
        new DnsHeader(id, (ushort)flags, 1, 0, 0, (ushort)(edns is null ? 0 : 1)).Write(message);
        wire.CopyTo(message, DnsHeader.Size);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(DnsHeader.Size + wire.Length), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(DnsHeader.Size + wire.Length + 2), (ushort)@class);
        if (edns is { } options)
        {
            var opt = message.AsSpan(DnsHeader.Size + wire.Length + 4);
            OptRecord.Write(opt, options.UdpSize, DnsRcode.NoError, options.DnssecOk);
            opt[6] = options.Version;
        }

        return message;
    }

    /// <summary>Reads a query that must be good.</summary>
    internal static DnsQuery Read(byte[] message, DnsTransport transport = DnsTransport.Udp)
    {
        Assert.Equal(QueryFault.None, DnsQuery.Read(message, Client, transport, out var query));
        return query;
    }

    /// <summary>A response, taken apart.</summary>
    internal static Response Parse(ReadOnlySpan<byte> message)
    {
        var header = DnsHeader.Read(message);
        Assert.True(header.IsResponse);
        var reader = new MessageReader(message);
        var question = "";
        if (header.Questions == 1)
        {
            Assert.True(reader.TryReadQuestion(out var offset, out var type, out _));
            question = $"{NameAt(message, offset)} {type.ToString().ToUpperInvariant()}";
        }

        var response = new Response(header, question, ReadRecords(message, ref reader, header.Answers), ReadRecords(message, ref reader, header.Authorities), ReadRecords(message, ref reader, header.Additionals));
        Assert.True(reader.IsAtEnd, "bytes after the last record");
        return response;
    }

    /// <summary>The name at an offset, as dig prints it.</summary>
    internal static string NameAt(ReadOnlySpan<byte> message, int offset)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        Assert.True(new MessageReader(message).TryReadName(offset, name, out var length, out _));
        return DnsName.ToText(name[..length]);
    }

    private static List<string> ReadRecords(ReadOnlySpan<byte> message, ref MessageReader reader, int count)
    {
        var records = new List<string>();
        for (var index = 0; index < count; index++)
        {
            Assert.True(reader.TryReadRecord(out var record));
            records.Add(record.Type == DnsType.Opt
                ? $"OPT {(ushort)record.Class} {record.Ttl:x8}"
                : $"{NameAt(message, record.NameOffset)} {record.Ttl} {record.Type.ToString().ToUpperInvariant()} {Content(message, record)}");
        }

        return records;
    }

    private static string Content(ReadOnlySpan<byte> message, RecordView record)
    {
        var rdata = message.Slice(record.RdataOffset, record.RdataLength);
        switch (record.Type)
        {
            case DnsType.A or DnsType.Aaaa:
                return IpAddress.FromBytes(rdata).ToString();
            case DnsType.Cname or DnsType.Ns or DnsType.Ptr:
                return NameAt(message, record.RdataOffset);
            case DnsType.Srv:
                return $"{BinaryPrimitives.ReadUInt16BigEndian(rdata)} {BinaryPrimitives.ReadUInt16BigEndian(rdata[2..])} {BinaryPrimitives.ReadUInt16BigEndian(rdata[4..])} {NameAt(message, record.RdataOffset + 6)}";
            case DnsType.Txt:
                return '"' + System.Text.Encoding.ASCII.GetString(rdata[1..]) + '"';
            case DnsType.Soa:
                Span<byte> name = stackalloc byte[DnsName.MaxLength];
                var reader = new MessageReader(message);
                Assert.True(reader.TryReadName(record.RdataOffset, name, out _, out var mailbox));
                Assert.True(reader.TryReadName(mailbox, name, out _, out var numbers));
                return $"{NameAt(message, record.RdataOffset)} {NameAt(message, mailbox)} minimum {BinaryPrimitives.ReadUInt32BigEndian(message[(numbers + 16)..])}";
            default:
                return Convert.ToHexString(rdata);
        }
    }
}

/// <summary>A response as text.</summary>
internal sealed record Response(DnsHeader Header, string Question, IReadOnlyList<string> Answers, IReadOnlyList<string> Authorities, IReadOnlyList<string> Additionals)
{
    internal DnsRcode Rcode => Header.Rcode;
}
