using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Turns numbers in a register from host to network order, or back.</summary>
/// <param name="Source">The first register read.</param>
/// <param name="Destination">The first register written.</param>
/// <param name="ToNetwork">True for host to network.</param>
/// <param name="LengthBytes">How many bytes in all.</param>
/// <param name="SizeBytes">How many bytes a number has: 2, 4 or 8.</param>
/// <remarks>enum nft_byteorder_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record ByteOrder(NftRegister Source, NftRegister Destination, bool ToNetwork, uint LengthBytes, uint SizeBytes) : NftExpression
{
    private const ushort NFTA_BYTEORDER_SREG = 1;
    private const ushort NFTA_BYTEORDER_DREG = 2;
    private const ushort NFTA_BYTEORDER_OP = 3;
    private const ushort NFTA_BYTEORDER_LEN = 4;
    private const ushort NFTA_BYTEORDER_SIZE = 5;
    private const uint NFT_BYTEORDER_HTON = 1;

    internal override ReadOnlySpan<byte> KernelName => "byteorder"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_BYTEORDER_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_BYTEORDER_DREG, Destination.Number);
        writer.PutUInt32BigEndian(NFTA_BYTEORDER_OP, ToNetwork ? NFT_BYTEORDER_HTON : 0);
        writer.PutUInt32BigEndian(NFTA_BYTEORDER_LEN, LengthBytes);
        writer.PutUInt32BigEndian(NFTA_BYTEORDER_SIZE, SizeBytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_BYTEORDER_SREG, NFTA_BYTEORDER_DREG, NFTA_BYTEORDER_OP, NFTA_BYTEORDER_LEN, NFTA_BYTEORDER_SIZE)
        && attributes.UInt32(NFTA_BYTEORDER_OP) is var operation and <= NFT_BYTEORDER_HTON
            ? new ByteOrder(
                attributes.Register(NFTA_BYTEORDER_SREG),
                attributes.Register(NFTA_BYTEORDER_DREG),
                operation == NFT_BYTEORDER_HTON,
                attributes.UInt32(NFTA_BYTEORDER_LEN),
                attributes.UInt32(NFTA_BYTEORDER_SIZE))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ byteorder reg {Destination} = {(ToNetwork ? "hton" : "ntoh")}(reg {Source}, {SizeBytes}, {LengthBytes}) ]";
}
