using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Writes a register into the packet and mends its checksums.</summary>
/// <param name="Base">The header that the offset counts from.</param>
/// <param name="OffsetBytes">From the start of <paramref name="Base"/>.</param>
/// <param name="LengthBytes">How much is written.</param>
/// <param name="Source">The first register.</param>
/// <remarks>enum nft_payload_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record PayloadSet(PayloadHeader Base, uint OffsetBytes, uint LengthBytes, NftRegister Source) : NftExpression
{
    private const ushort NFTA_PAYLOAD_BASE = 2;
    private const ushort NFTA_PAYLOAD_OFFSET = 3;
    private const ushort NFTA_PAYLOAD_LEN = 4;
    private const ushort NFTA_PAYLOAD_SREG = 5;
    private const ushort NFTA_PAYLOAD_CSUM_TYPE = 6;
    private const ushort NFTA_PAYLOAD_CSUM_OFFSET = 7;
    private const ushort NFTA_PAYLOAD_CSUM_FLAGS = 8;

    /// <summary>The kind of checksum that covers the bytes.</summary>
    public PayloadChecksum Checksum { get; init; }

    /// <summary>Where the checksum is, from the start of <see cref="Base"/>.</summary>
    public uint ChecksumOffsetBytes { get; init; }

    /// <summary>1 where the bytes are also part of the pseudo header that TCP and UDP sum up.</summary>
    public uint ChecksumFlags { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "payload"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_BASE, (uint)Base);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_OFFSET, OffsetBytes);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_LEN, LengthBytes);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_CSUM_TYPE, (uint)Checksum);
        writer.PutUInt32BigEndian(NFTA_PAYLOAD_CSUM_OFFSET, ChecksumOffsetBytes);
        if (ChecksumFlags != 0)
        {
            writer.PutUInt32BigEndian(NFTA_PAYLOAD_CSUM_FLAGS, ChecksumFlags);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_PAYLOAD_SREG, NFTA_PAYLOAD_BASE, NFTA_PAYLOAD_OFFSET, NFTA_PAYLOAD_LEN, NFTA_PAYLOAD_CSUM_TYPE, NFTA_PAYLOAD_CSUM_OFFSET, NFTA_PAYLOAD_CSUM_FLAGS)
            ? new PayloadSet(
                (PayloadHeader)attributes.UInt32(NFTA_PAYLOAD_BASE),
                attributes.UInt32(NFTA_PAYLOAD_OFFSET),
                attributes.UInt32(NFTA_PAYLOAD_LEN),
                attributes.Register(NFTA_PAYLOAD_SREG))
            {
                Checksum = (PayloadChecksum)attributes.UInt32(NFTA_PAYLOAD_CSUM_TYPE, 0),
                ChecksumOffsetBytes = attributes.UInt32(NFTA_PAYLOAD_CSUM_OFFSET, 0),
                ChecksumFlags = attributes.UInt32(NFTA_PAYLOAD_CSUM_FLAGS, 0),
            }
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ payload write reg {Source} => {LengthBytes}b @ {NftNames.Of(Base)} header + {OffsetBytes} csum_type {(uint)Checksum} csum_off {ChecksumOffsetBytes} csum_flags 0x{ChecksumFlags:x} ]";
}

/// <summary>The checksum that covers written bytes.</summary>
/// <remarks>enum nft_payload_csum_types.</remarks>
public enum PayloadChecksum : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The one's complement sum of IP, TCP and UDP.</summary>
    Internet = 1,

    /// <summary>SCTP's CRC32c.</summary>
    Sctp = 2,
}
