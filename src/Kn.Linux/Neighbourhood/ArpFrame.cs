using System.Buffers.Binary;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Linux.Neighbourhood;

/// <summary>ARP for IPv4 over Ethernet.</summary>
/// <remarks>RFC 826; behind the Ethernet header:
/// <code>
///  0  2  hardware type, 1 for Ethernet      8  6  sender's Ethernet address
///  2  2  protocol type, 0x0800 for IPv4    14  4  sender's IPv4 address
///  4  1  hardware length, 6                18  6  target's Ethernet address
///  5  1  protocol length, 4                24  4  target's IPv4 address
///  6  2  operation: 1 request, 2 reply
/// </code></remarks>
public static class ArpFrame
{
    /// <summary>Bytes of a frame; Ethernet's shortest has 60, which the driver pads to.</summary>
    public const int Bytes = EthernetHeader.Bytes + ArpBytes;

    private const int ArpBytes = 28;
    private const ushort Ethernet = 1;
    private const ushort Ipv4 = 0x0800;
    private const ushort Request = 1;
    private const ushort Reply = 2;

    /// <summary>Reads a frame; false for what is no ARP request or reply for IPv4 over Ethernet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out NeighbourMessage message)
    {
        message = default;
        if (frame.Length < Bytes || EthernetHeader.Type(frame) != EthernetHeader.Arp)
        {
            return false;
        }

        var arp = frame.Slice(EthernetHeader.Bytes, ArpBytes);
        var operation = BinaryPrimitives.ReadUInt16BigEndian(arp[6..]);
        if (BinaryPrimitives.ReadUInt16BigEndian(arp) != Ethernet
            || BinaryPrimitives.ReadUInt16BigEndian(arp[2..]) != Ipv4
            || arp[4] != MacAddress.ByteCount
            || arp[5] != 4
            || operation is not (Request or Reply))
        {
            return false;
        }

        var mac = new MacAddress(arp.Slice(8, MacAddress.ByteCount));
        var sender = IpAddress.FromBytes(arp.Slice(14, 4));
        var target = IpAddress.FromBytes(arp.Slice(24, 4));
        // A reply tells of its sender's address.
        message = operation == Request
            ? new NeighbourMessage(IsQuestion: true, target, sender.IsAny ? null : sender, mac, EthernetHeader.Source(frame))
            : new NeighbourMessage(IsQuestion: false, sender, sender, mac, EthernetHeader.Source(frame));
        return true;
    }

    /// <summary>Writes the answer to a question.</summary>
    /// <param name="frame">At least <see cref="Bytes"/>.</param>
    /// <param name="address">The address that was asked for.</param>
    /// <param name="mac">Who has it.</param>
    /// <param name="question">Who asks.</param>
    public static void WriteReply(Span<byte> frame, IpAddress address, MacAddress mac, in NeighbourMessage question) =>
        Write(frame, question.SenderMac, Reply, (mac, address), (question.SenderMac, question.Sender ?? IpAddress.Any(IpFamily.V4)));

    /// <summary>Writes a gratuitous ARP: everybody who knows the address learns who has it now. Some systems heed requests only, others
    /// replies only (RFC 5944 §4.6 allows both).</summary>
    public static void WriteGratuitous(Span<byte> frame, IpAddress address, MacAddress mac, bool asReply) =>
        Write(frame, EthernetHeader.Broadcast, asReply ? Reply : Request, (mac, address), (asReply ? EthernetHeader.Broadcast : default, address));

    private static void Write(Span<byte> frame, MacAddress destination, ushort operation, (MacAddress Mac, IpAddress Ip) sender, (MacAddress Mac, IpAddress Ip) target)
    {
        EthernetHeader.Write(frame, destination, sender.Mac, EthernetHeader.Arp);
        var arp = frame.Slice(EthernetHeader.Bytes, ArpBytes);
        BinaryPrimitives.WriteUInt16BigEndian(arp, Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(arp[2..], Ipv4);
        arp[4] = MacAddress.ByteCount;
        arp[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(arp[6..], operation);
        sender.Mac.WriteBytes(arp[8..]);
        sender.Ip.WriteBytes(arp[14..]);
        target.Mac.WriteBytes(arp[18..]);
        target.Ip.WriteBytes(arp[24..]);
    }
}
