using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Copies packet bytes into a register.</summary>
/// <param name="Base">The header that the offset counts from.</param>
/// <param name="OffsetBytes">From the start of <paramref name="Base"/>.</param>
/// <param name="LengthBytes">1 to 64.</param>
/// <param name="Destination">The first register.</param>
/// <remarks>enum nft_payload_attributes, uapi/linux/netfilter/nf_tables.h; integers are big-endian.</remarks>
public sealed record PayloadLoad(PayloadHeader Base, uint OffsetBytes, uint LengthBytes, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_PAYLOAD_DREG = 1;
    private const ushort NFTA_PAYLOAD_BASE = 2;
    private const ushort NFTA_PAYLOAD_OFFSET = 3;
    private const ushort NFTA_PAYLOAD_LEN = 4;

    internal override ReadOnlySpan<byte> KernelName => "payload"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_DREG, Destination.Number);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_BASE, (uint)Base);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_OFFSET, OffsetBytes);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_LEN, LengthBytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_PAYLOAD_DREG, NFTA_PAYLOAD_BASE, NFTA_PAYLOAD_OFFSET, NFTA_PAYLOAD_LEN)
            ? new PayloadLoad(
                (PayloadHeader)attributes.UInt32(NFTA_PAYLOAD_BASE),
                attributes.UInt32(NFTA_PAYLOAD_OFFSET),
                attributes.UInt32(NFTA_PAYLOAD_LEN),
                attributes.Register(NFTA_PAYLOAD_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ payload load {LengthBytes}b @ {NftNames.Of(Base)} header + {OffsetBytes} => reg {Destination} ]";
}

/// <summary>The header that payload offsets count from.</summary>
/// <remarks>enum nft_payload_bases.</remarks>
public enum PayloadHeader : uint
{
    /// <summary>The frame.</summary>
    Link = 0,

    /// <summary>The IP header.</summary>
    Network = 1,

    /// <summary>The header above IP.</summary>
    Transport = 2,

    /// <summary>What the header above IP carries.</summary>
    Inner = 3,
}
