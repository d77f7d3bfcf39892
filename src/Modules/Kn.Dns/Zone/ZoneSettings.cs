using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Zone;

/// <summary>What does not change while the zone is served: its name, its life times, the words of its SOA.</summary>
internal sealed class ZoneSettings
{
    private const uint Refresh = 7200;
    private const uint Retry = 1800;
    private const uint Expire = 86400;

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
}
