using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>One message of a received datagram; it lives as long as the buffer it was received into.</summary>
public readonly ref struct NetlinkMessage
{
    internal NetlinkMessage(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        Type = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        Flags = (NetlinkFlags)BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        PortId = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        Payload = payload;
    }

    /// <summary>Message type; its meaning is the family's.</summary>
    public ushort Type { get; }

    /// <summary>Header flags.</summary>
    public NetlinkFlags Flags { get; }

    /// <summary>Sequence number of the request that this answers; 0 in notifications of the kernel's own.</summary>
    public uint Sequence { get; }

    /// <summary>Port id of the socket that asked.</summary>
    public uint PortId { get; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The family's fixed header at the start of the payload.</summary>
    /// <exception cref="WireFormatException">The payload is shorter.</exception>
    public ReadOnlySpan<byte> FixedHeader(int count) => Payload.Length >= count
        ? Payload[..count]
        : throw new WireFormatException($"netlink message {Type}: {Payload.Length} bytes, its header has {count}");

    /// <summary>The attributes behind a fixed header of that many bytes.</summary>
    /// <exception cref="WireFormatException">The payload is shorter than the header.</exception>
    public AttributeReader Attributes(int fixedHeaderBytes)
    {
        FixedHeader(fixedHeaderBytes);
        var start = Math.Min((fixedHeaderBytes + 3) & ~3, Payload.Length);
        return new AttributeReader(Payload[start..]);
    }
}
