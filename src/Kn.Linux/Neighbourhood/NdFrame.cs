using System.Buffers.Binary;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Linux.Neighbourhood;

/// <summary>Neighbor Solicitations and Advertisements of IPv6 over Ethernet.</summary>
/// <remarks>RFC 8200 §3, RFC 4861 §4.3, §4.4, §4.6.1; behind the Ethernet header:
/// <code>
///  0  4  version 6, traffic class, flow label   40  1  ICMPv6 type: 135 solicitation, 136 advertisement
///  4  2  payload length                         41  1  code, 0
///  6  1  next header, 58 for ICMPv6             42  2  checksum
///  7  1  hop limit, 255                         44  4  advertisement: R, S, O and 29 reserved bits; solicitation: reserved
///  8 16  source                                 48 16  target
/// 24 16  destination                            64  .  options: type 1, length 1 (in 8 bytes), value
/// </code></remarks>
public static class NdFrame
{
    /// <summary>Bytes of the frames that are written: with the option that tells the link-layer address.</summary>
    public const int Bytes = EthernetHeader.Bytes + Ipv6Bytes + IcmpBytes;

    private const int Ipv6Bytes = 40;
    private const int IcmpBytes = 32;
    private const int TargetEnd = 24;
    private const int OptionUnit = 8;
    private const byte Icmpv6 = 58;
    private const byte HopLimit = 255;
    private const byte Solicitation = 135;
    private const byte Advertisement = 136;
    private const byte SourceLinkLayerAddress = 1;
    private const byte TargetLinkLayerAddress = 2;
    private const byte Solicited = 0x40;
    private const byte Override = 0x20;

    private static readonly IpAddress s_allNodes = IpAddress.Parse("ff02::1");

    /// <summary>The multicast group in which an address is asked for (RFC 4291 §2.7.1): ff02::1:ff and the last 24 bits.</summary>
    public static IpAddress SolicitedNode(IpAddress address) =>
        IpAddress.FromNumber(IpFamily.V6, s_solicitedNode.Number | (address.Number & 0xFF_FFFF));

    private static readonly IpAddress s_solicitedNode = IpAddress.Parse("ff02::1:ff00:0");

    /// <summary>The Ethernet address of a multicast group: 33:33 and the last 32 bits (RFC 2464 §7).</summary>
    public static MacAddress MulticastMac(IpAddress group) => MacAddress.FromNumber(0x3333_0000_0000 | (ulong)(uint)(group.Number & uint.MaxValue));

    /// <summary>Reads a frame; false for what is no solicitation or advertisement, or not valid (RFC 4861 §7.1).</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out NeighbourMessage message)
    {
        message = default;
        if (frame.Length < EthernetHeader.Bytes + Ipv6Bytes + TargetEnd || EthernetHeader.Type(frame) != EthernetHeader.Ipv6)
        {
            return false;
        }

        var packet = frame[EthernetHeader.Bytes..];
        var length = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (packet[0] >> 4 != 6 || packet[6] != Icmpv6 || packet[7] != HopLimit || length < TargetEnd || length > packet.Length - Ipv6Bytes)
        {
            return false;
        }

        var icmp = packet.Slice(Ipv6Bytes, length);
        return icmp[0] is Solicitation or Advertisement && icmp[1] == 0 && Checksum(packet, icmp) == 0
            && TryRead(packet, icmp, EthernetHeader.Source(frame), out message);
    }

    /// <summary>Writes the answer to a solicitation: solicited, overriding; to all nodes, not solicited, where the asker has no address (§7.2.4).</summary>
    /// <param name="frame">At least <see cref="Bytes"/>.</param>
    /// <param name="address">The address that was asked for.</param>
    /// <param name="mac">Who has it.</param>
    /// <param name="source">An address of the link, as the RFC wants for the source.</param>
    /// <param name="question">Who asks.</param>
    public static void WriteReply(Span<byte> frame, IpAddress address, MacAddress mac, IpAddress source, in NeighbourMessage question)
    {
        if (question.Sender is { } asker)
        {
            Write(frame, (question.SenderMac, asker), (mac, source), address, Solicited | Override);
        }
        else
        {
            WriteUnsolicited(frame, address, mac, source);
        }
    }

    /// <summary>Writes an unsolicited advertisement to all nodes: who knows the address learns who has it now (§7.2.6).</summary>
    public static void WriteUnsolicited(Span<byte> frame, IpAddress address, MacAddress mac, IpAddress source) =>
        Write(frame, (MulticastMac(s_allNodes), s_allNodes), (mac, source), address, Override);

    private static bool TryRead(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> icmp, MacAddress frameSource, out NeighbourMessage message)
    {
        message = default;
        var isQuestion = icmp[0] == Solicitation;
        var source = IpAddress.FromBytes(packet.Slice(8, 16));
        var target = IpAddress.FromBytes(icmp.Slice(8, 16));
        if ((byte)(target.Number >> 120) == 0xFF || !TryFindOption(icmp[TargetEnd..], isQuestion ? SourceLinkLayerAddress : TargetLinkLayerAddress, out var mac))
        {
            return false;
        }

        IpAddress? sender = source.IsAny ? null : source;
        message = new NeighbourMessage(isQuestion, target, isQuestion ? sender : null, mac ?? frameSource, frameSource);
        return true;
    }

    /// <summary>False when an option is cut or has no length (§7.1).</summary>
    private static bool TryFindOption(ReadOnlySpan<byte> options, byte wanted, out MacAddress? mac)
    {
        mac = null;
        while (!options.IsEmpty)
        {
            var length = options.Length < 2 ? 0 : options[1] * OptionUnit;
            if (length == 0 || length > options.Length)
            {
                return false;
            }

            mac = options[0] == wanted && length == OptionUnit ? new MacAddress(options.Slice(2, MacAddress.ByteCount)) : mac;
            options = options[length..];
        }

        return true;
    }

    private static void Write(Span<byte> frame, (MacAddress Mac, IpAddress Ip) destination, (MacAddress Mac, IpAddress Ip) source, IpAddress target, byte flags)
    {
        EthernetHeader.Write(frame, destination.Mac, source.Mac, EthernetHeader.Ipv6);
        var packet = frame[EthernetHeader.Bytes..Bytes];
        packet.Clear();
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], IcmpBytes);
        packet[6] = Icmpv6;
        packet[7] = HopLimit;
        source.Ip.WriteBytes(packet[8..]);
        destination.Ip.WriteBytes(packet[24..]);
        var icmp = packet[Ipv6Bytes..];
        icmp[0] = Advertisement;
        icmp[4] = flags;
        target.WriteBytes(icmp[8..]);
        icmp[TargetEnd] = TargetLinkLayerAddress;
        icmp[TargetEnd + 1] = 1;
        source.Mac.WriteBytes(icmp[(TargetEnd + 2)..]);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], Checksum(packet, icmp));
    }

    /// <summary>Over the pseudo-header and the message (RFC 8200 §8.1, RFC 1071): 0 for a message whose checksum field is right.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> icmp)
    {
        var sum = Sum(packet.Slice(8, 32)) + Sum(icmp) + (uint)icmp.Length + Icmpv6;
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (; bytes.Length > 1; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((uint)bytes[0] << 8);
    }
}
