using System.Buffers.Binary;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>Makes what upstreams send.</summary>
internal static class UpstreamMessages
{
    /// <summary>A record; the owner is the question's name unless another is given.</summary>
    internal sealed record Rr(DnsType Type, uint Ttl, byte[] Rdata, DnsSection Section = DnsSection.Answer, byte[]? Owner = null)
    {
        /// <summary>The class; an OPT record's is a size.</summary>
        internal ushort Size { get; init; } = (ushort)DnsClass.In;
    }

    internal static Rr A(string address, uint ttl = 300) => new(DnsType.A, ttl, IpAddress.Parse(address).ToBytes());

    internal static Rr Aaaa(string address, uint ttl = 300) => new(DnsType.Aaaa, ttl, IpAddress.Parse(address).ToBytes());

    internal static Rr Cname(string target, uint ttl = 300) => new(DnsType.Cname, ttl, DnsName.Parse(target));

    internal static Rr Txt(string text, uint ttl = 300) => new(DnsType.Txt, ttl, [(byte)text.Length, .. System.Text.Encoding.ASCII.GetBytes(text)]);

    internal static Rr Soa(string zone, uint ttl, uint minimum)
    {
        var numbers = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(16), minimum);
        return new Rr(DnsType.Soa, ttl, [.. DnsName.Parse("ns." + zone), .. DnsName.Parse("hostmaster." + zone), .. numbers], DnsSection.Authority, DnsName.Parse(zone));
    }

    internal static Rr Opt(ushort size = 1232, byte upperRcode = 0) => new(DnsType.Opt, (uint)upperRcode << 24, [], DnsSection.Additional, [0]) { Size = size };

    /// <summary>A response to a query, with its id and question.</summary>
    internal static byte[] Respond(ReadOnlySpan<byte> query, DnsRcode rcode, params IReadOnlyList<Rr> records)
    {
        Assert.True(new MessageReader(query).TryReadQuestion(out _, out _, out _));
        var questionEnd = DnsHeader.Size + DnsName.Measure(query[DnsHeader.Size..]) + 4;
        List<byte> message = [.. query[..questionEnd]];
        Span<byte> fields = stackalloc byte[10];
        foreach (var record in records.OrderBy(static record => record.Section))
        {
            message.AddRange(record.Owner ?? [0xC0, DnsHeader.Size]);
            BinaryPrimitives.WriteUInt16BigEndian(fields, (ushort)record.Type);
            BinaryPrimitives.WriteUInt16BigEndian(fields[2..], record.Size);
            BinaryPrimitives.WriteUInt32BigEndian(fields[4..], record.Ttl);
            BinaryPrimitives.WriteUInt16BigEndian(fields[8..], (ushort)record.Rdata.Length);
            message.AddRange(fields);
            message.AddRange(record.Rdata);
        }

        var bytes = message.ToArray();
        ushort Count(DnsSection section) => (ushort)records.Count(record => record.Section == section);
        const DnsFlags flags = DnsFlags.Response | DnsFlags.RecursionDesired | DnsFlags.RecursionAvailable;
        new DnsHeader(DnsHeader.Read(query).Id, (ushort)((ushort)flags | (ushort)rcode), 1, Count(DnsSection.Answer), Count(DnsSection.Authority), Count(DnsSection.Additional)).Write(bytes);
        return bytes;
    }

    /// <summary>A copy with TC set and the records taken off.</summary>
    internal static byte[] Cut(byte[] response)
    {
        var questionEnd = DnsHeader.Size + DnsName.Measure(response.AsSpan(DnsHeader.Size)) + 4;
        var cut = response[..questionEnd];
        var header = DnsHeader.Read(cut);
        (header with { Bits = (ushort)(header.Bits | (ushort)DnsFlags.Truncated), Answers = 0, Authorities = 0, Additionals = 0 }).Write(cut);
        return cut;
    }

    /// <summary>A copy with some bits of the header set.</summary>
    internal static byte[] With(byte[] message, DnsFlags flags)
    {
        var copy = message.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(2), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(copy.AsSpan(2)) | (ushort)flags));
        return copy;
    }
}
