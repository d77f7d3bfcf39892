using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Nflog;

/// <summary>What the first bytes of an IP packet say.</summary>
/// <param name="Source">Its source.</param>
/// <param name="Destination">Its destination.</param>
/// <param name="Protocol">IPPROTO_*: 6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6.</param>
/// <param name="SourcePort">0 where the protocol has none, or the packet is a later fragment.</param>
/// <param name="DestinationPort">Likewise.</param>
/// <param name="Length">Of the whole packet, in bytes.</param>
public readonly record struct PacketHeaders(IpAddress Source, IpAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort, int Length)
{
    private const int V4HeaderBytes = 20;
    private const int V6HeaderBytes = 40;
    private const byte HopByHop = 0;
    private const byte Routing = 43;
    private const byte Fragment = 44;
    private const byte DestinationOptions = 60;
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte Sctp = 132;

    /// <summary>Reads the headers of RFC 791 and RFC 8200, and the ports of TCP, UDP and SCTP.</summary>
    /// <param name="packet">From the first byte of the IP header; cut anywhere behind it.</param>
    /// <param name="headers">What they say.</param>
    /// <returns>False when it is no IP packet, or not even its header is whole.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        headers = default;
        return (packet.IsEmpty ? 0 : packet[0] >> 4) switch
        {
            4 when packet.Length >= V4HeaderBytes => ReadV4(packet, out headers),
            6 when packet.Length >= V6HeaderBytes => ReadV6(packet, out headers),
            _ => false,
        };
    }

    private static bool ReadV4(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        const int OffsetBits = 0x1FFF;
        var headerBytes = (packet[0] & 0xF) * 4;
        var isFirst = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & OffsetBits) == 0;
        var (source, destination) = Ports(packet[9], isFirst && headerBytes <= packet.Length ? packet[headerBytes..] : []);
        headers = new PacketHeaders(
            IpAddress.FromBytes(packet.Slice(12, 4)),
            IpAddress.FromBytes(packet.Slice(16, 4)),
            packet[9],
            source,
            destination,
            BinaryPrimitives.ReadUInt16BigEndian(packet[2..]));
        return headerBytes >= V4HeaderBytes;
    }

    private static bool ReadV6(ReadOnlySpan<byte> packet, out PacketHeaders headers)
    {
        var protocol = packet[6];
        var rest = packet[V6HeaderBytes..];
        var isFirst = true;
        while (protocol is HopByHop or Routing or Fragment or DestinationOptions && rest.Length >= 8)
        {
            const int OffsetBits = 0xFFF8;
            isFirst &= protocol != Fragment || (BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) & OffsetBits) == 0;
            var bytes = protocol == Fragment ? 8 : (rest[1] + 1) * 8;
            protocol = rest[0];
            rest = bytes <= rest.Length ? rest[bytes..] : [];
        }

        var (source, destination) = Ports(protocol, isFirst ? rest : []);
        headers = new PacketHeaders(
            IpAddress.FromBytes(packet.Slice(8, 16)),
            IpAddress.FromBytes(packet.Slice(24, 16)),
            protocol,
            source,
            destination,
            V6HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]));
        return true;
    }

    private static (ushort Source, ushort Destination) Ports(byte protocol, ReadOnlySpan<byte> rest) =>
        protocol is Tcp or Udp or Sctp && rest.Length >= 4
            ? (BinaryPrimitives.ReadUInt16BigEndian(rest), BinaryPrimitives.ReadUInt16BigEndian(rest[2..]))
            : ((ushort)0, (ushort)0);
}
