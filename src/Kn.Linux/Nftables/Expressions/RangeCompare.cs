using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Goes on when a register is inside an inclusive range, or outside of it.</summary>
/// <param name="Source">The first register.</param>
/// <param name="IsInverted">True to match outside of the range.</param>
/// <param name="From">The first value, in network order.</param>
/// <param name="To">The last value, in network order.</param>
/// <remarks>enum nft_range_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record RangeCompare(NftRegister Source, bool IsInverted, NftValue From, NftValue To) : NftExpression
{
    private const ushort NFTA_RANGE_SREG = 1;
    private const ushort NFTA_RANGE_OP = 2;
    private const ushort NFTA_RANGE_FROM_DATA = 3;
    private const ushort NFTA_RANGE_TO_DATA = 4;
    private const uint NFT_RANGE_EQ = 0;
    private const uint NFT_RANGE_NEQ = 1;

    internal override ReadOnlySpan<byte> KernelName => "range"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_RANGE_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_RANGE_OP, IsInverted ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
        DataCodec.Write(ref writer, NFTA_RANGE_FROM_DATA, From.Bytes);
        DataCodec.Write(ref writer, NFTA_RANGE_TO_DATA, To.Bytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_RANGE_SREG, NFTA_RANGE_OP, NFTA_RANGE_FROM_DATA, NFTA_RANGE_TO_DATA)
        && attributes.UInt32(NFTA_RANGE_OP) is var operation and <= NFT_RANGE_NEQ
            ? new RangeCompare(
                attributes.Register(NFTA_RANGE_SREG),
                operation == NFT_RANGE_NEQ,
                attributes.Value(NFTA_RANGE_FROM_DATA),
                attributes.Value(NFTA_RANGE_TO_DATA))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ range {(IsInverted ? "neq" : "eq")} reg {Source} {NftNames.Words(From)} {NftNames.Words(To)} ]";
}
