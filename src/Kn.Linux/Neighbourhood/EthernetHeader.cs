using System.Buffers.Binary;
using Kn.Linux.Routes;

namespace Kn.Linux.Neighbourhood;

/// <summary>The Ethernet header.</summary>
/// <remarks>struct ethhdr, uapi/linux/if_ether.h: <code>destination 6 | source 6 | type 2 (network order)</code></remarks>
internal static class EthernetHeader
{
    internal const int Bytes = 14;
    internal const ushort Arp = 0x0806;
    internal const ushort Ipv6 = 0x86DD;

    internal static MacAddress Broadcast { get; } = MacAddress.FromNumber(0xFFFF_FFFF_FFFF);

    internal static ushort Type(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);

    internal static MacAddress Source(ReadOnlySpan<byte> frame) => new(frame.Slice(6, MacAddress.ByteCount));

    internal static void Write(Span<byte> frame, MacAddress destination, MacAddress source, ushort type)
    {
        destination.WriteBytes(frame);
        source.WriteBytes(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], type);
    }
}
