using System.Buffers.Binary;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Tracing;

/// <summary>What a packet on paper answers to load expressions.</summary>
internal static class TraceFields
{
    private const int Ipv4HeaderBytes = 20;
    private const int Ipv6HeaderBytes = 40;
    private const int TransportHeaderBytes = 20;

    /// <summary>False where the header does not have these bytes.</summary>
    internal static bool TryLoad(TracePacket packet, PayloadLoad load, Span<byte> destination)
    {
        Span<byte> header = stackalloc byte[Ipv6HeaderBytes];
        header = load.Base switch
        {
            PayloadHeader.Network => WriteNetwork(packet, header),
            PayloadHeader.Transport => WriteTransport(packet, header),
            _ => default,
        };
        if (load.OffsetBytes + load.LengthBytes > header.Length)
        {
            return false;
        }

        var length = (int)load.LengthBytes;
        destination[..((length + 3) & ~3)].Clear();
        header.Slice((int)load.OffsetBytes, length).CopyTo(destination);
        return true;
    }

    internal static NftValue Load(TracePacket packet, MetaKey key) => key switch
    {
        MetaKey.NfProto => NftValue.Of((byte)(packet.Family == IpFamily.V6 ? NftFamily.Ip6 : NftFamily.Ip)),
        MetaKey.L4Protocol => NftValue.Of(packet.Protocol),
        MetaKey.Priority => NftValue.Of(packet.Priority),
        MetaKey.Mark => NftValue.Of(packet.Mark),
        MetaKey.InputInterface => NftValue.Of(packet.InputInterface),
        MetaKey.OutputInterface => NftValue.Of(packet.OutputInterface),
        MetaKey.InputInterfaceName => NftValue.OfInterfaceName(packet.InputInterfaceName),
        MetaKey.OutputInterfaceName => NftValue.OfInterfaceName(packet.OutputInterfaceName),
        MetaKey.InputGroup => NftValue.Of(packet.InputGroup),
        MetaKey.OutputGroup => NftValue.Of(packet.OutputGroup),
        _ => throw new InvalidOperationException($"the tracer does not know meta {MetaKeys.Name(key)}"),
    };

    /// <summary>Null where the tuple is of the other family, or there is no connection to ask: conntrack makes none of what it found invalid or
    /// was told to leave alone.</summary>
    internal static NftValue? Load(TracePacket packet, CtLoad load)
    {
        if (load.Key != CtKey.State && packet.State is (ConnectionState.Invalid or ConnectionState.Untracked))
        {
            return null;
        }

        var tuple = packet.TupleOf(load.Direction ?? ConnectionDirection.Original);
        return load.Key switch
        {
            CtKey.State => NftValue.Of((uint)packet.State),
            CtKey.Status => NftValue.Of((uint)packet.Status),
            CtKey.Mark => NftValue.Of(packet.CtMark),
            CtKey.Direction => NftValue.Of((byte)packet.Direction),
            CtKey.Protocol => NftValue.Of(packet.Protocol),
            CtKey.ProtoSource => NftValue.OfPort(tuple.SourcePort),
            CtKey.ProtoDestination => NftValue.OfPort(tuple.DestinationPort),
            CtKey.SourceIp => OfFamily(tuple.Source, IpFamily.V4),
            CtKey.DestinationIp => OfFamily(tuple.Destination, IpFamily.V4),
            CtKey.SourceIp6 => OfFamily(tuple.Source, IpFamily.V6),
            CtKey.DestinationIp6 => OfFamily(tuple.Destination, IpFamily.V6),
            _ => throw new InvalidOperationException($"the tracer does not know ct {CtKeys.Name(load.Key)}"),
        };
    }

    private static NftValue? OfFamily(IpAddress address, IpFamily family) => address.Family == family ? NftValue.Of(address) : null;

    private static Span<byte> WriteNetwork(TracePacket packet, Span<byte> header)
    {
        header.Clear();
        if (packet.Family == IpFamily.V6)
        {
            header[0] = 0x60;
            header[6] = (byte)packet.Protocol;
            packet.Source.WriteBytes(header[8..]);
            packet.Destination.WriteBytes(header[24..]);
            return header;
        }

        header[0] = 0x45;
        header[9] = (byte)packet.Protocol;
        packet.Source.WriteBytes(header[12..]);
        packet.Destination.WriteBytes(header[16..]);
        return header[..Ipv4HeaderBytes];
    }

    private static Span<byte> WriteTransport(TracePacket packet, Span<byte> header)
    {
        header.Clear();
        if (packet.Protocol is IpProtocol.Icmp or IpProtocol.Icmpv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header, packet.DestinationPort);
            return header[..TransportHeaderBytes];
        }

        BinaryPrimitives.WriteUInt16BigEndian(header, packet.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], packet.DestinationPort);
        return header[..TransportHeaderBytes];
    }
}
