using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Zone;

/// <summary>What does not change while the zone is served: its name, its life times, the words of its SOA.</summary>
internal sealed class ZoneSettings
{
    private const uint Refresh = 7200;
    private const uint Retry = 1800;
    private const uint Expire = 86400;
    private const int ServerPointer = 19;
    private const int MailboxPointer = 32;
    private const int SoaNumbers = 34;
    private const int SoaSize = 54;

    private byte[]? _negativeSoa;

    /// <summary>Settings of a zone.</summary>
    /// <param name="domain">The cluster domain, such as cluster.local.</param>
    public ZoneSettings(string domain)
    {
        Apex = DnsName.Parse(domain);
        ApexLabels = DnsName.CountLabels(Apex);
        NameServer = [.. "\u0002ns\u0003dns"u8, .. Apex];
        Mailbox = [.. "\u000ahostmaster"u8, .. Apex];
        ServiceEnd = [.. "\u0003svc"u8, .. Apex];
    }

    /// <summary>The SOA record of answers that say no, as on the wire, without its TTLs, its serial, and where its pointers lead.</summary>
    /// <remarks>
    /// <code>
    ///  0  2  pointer to the apex      12  9  ns.dns, pointer at 19
    ///  2  4  SOA, IN                  21 13  hostmaster, pointer at 32
    ///  6  4  TTL                      34 20  serial, refresh, retry, expire, minimum
    /// 10  2  length of what follows
    /// </code></remarks>
    public ReadOnlySpan<byte> NegativeSoa => _negativeSoa ??= MakeNegativeSoa();

    /// <summary>The cluster domain.</summary>
    public byte[] Apex { get; }

    /// <summary>How many labels it has.</summary>
    public int ApexLabels { get; }

    /// <summary>ns.dns below it.</summary>
    public byte[] NameServer { get; }

    /// <summary>Whom to write to.</summary>
    public byte[] Mailbox { get; }

    /// <summary>What names of Services end in.</summary>
    public byte[] ServiceEnd { get; }

    /// <summary>Seconds that an answer may be kept.</summary>
    public uint Ttl { get; init; } = 5;

    /// <summary>Seconds that a "no" may be kept.</summary>
    public uint NegativeTtl { get; init; } = 5;

    /// <summary>Which pod records there are.</summary>
    public PodRecords Pods { get; init; } = PodRecords.Insecure;

    /// <summary>Writes the numbers of a SOA: serial, refresh, retry, expire, minimum.</summary>
    public void WriteSoaNumbers(Span<byte> destination, uint serial)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, serial);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Refresh);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Retry);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], Expire);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], NegativeTtl);
    }

    /// <summary>Writes into a copy of <see cref="NegativeSoa"/> what differs from answer to answer.</summary>
    /// <param name="record">The copy.</param>
    /// <param name="apexOffset">Where the apex stands in the message.</param>
    /// <param name="serial">The zone's serial.</param>
    public static void Complete(Span<byte> record, ushort apexOffset, uint serial)
    {
        var pointer = (ushort)(0xC000 | apexOffset);
        BinaryPrimitives.WriteUInt16BigEndian(record, pointer);
        BinaryPrimitives.WriteUInt16BigEndian(record[ServerPointer..], pointer);
        BinaryPrimitives.WriteUInt16BigEndian(record[MailboxPointer..], pointer);
        BinaryPrimitives.WriteUInt32BigEndian(record[SoaNumbers..], serial);
    }

    private byte[] MakeNegativeSoa()
    {
        var record = new byte[SoaSize];
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(2), (ushort)DnsType.Soa);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(4), (ushort)DnsClass.In);
        BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(6), NegativeTtl);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(10), SoaSize - 12);
        "\u0002ns\u0003dns"u8.CopyTo(record.AsSpan(12));
        "\u000ahostmaster"u8.CopyTo(record.AsSpan(21));
        WriteSoaNumbers(record.AsSpan(SoaNumbers), serial: 0);
        return record;
    }
}
