using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Register := (register AND mask) XOR value.</summary>
/// <param name="Source">The first register read.</param>
/// <param name="Destination">The first register written.</param>
/// <param name="Mask">Bits to keep.</param>
/// <param name="Xor">Bits to flip afterwards; as long as the mask.</param>
/// <remarks>enum nft_bitwise_attributes, uapi/linux/netfilter/nf_tables.h. An OR with a value is: clear its bits in the mask, flip them.</remarks>
public sealed record Bitwise(NftRegister Source, NftRegister Destination, NftValue Mask, NftValue Xor) : NftExpression
{
    private const ushort NFTA_BITWISE_SREG = 1;
    private const ushort NFTA_BITWISE_DREG = 2;
    private const ushort NFTA_BITWISE_LEN = 3;
    private const ushort NFTA_BITWISE_MASK = 4;
    private const ushort NFTA_BITWISE_XOR = 5;
    private const ushort NFTA_BITWISE_OP = 6;
    private const uint NFT_BITWISE_MASK_XOR = 0;

    internal override ReadOnlySpan<byte> KernelName => "bitwise"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_BITWISE_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_BITWISE_DREG, Destination.Number);
        writer.PutUInt32BigEndian(NFTA_BITWISE_OP, NFT_BITWISE_MASK_XOR);
        writer.PutUInt32BigEndian(NFTA_BITWISE_LEN, (uint)Mask.Length);
        DataCodec.Write(ref writer, NFTA_BITWISE_MASK, Mask.Bytes);
        DataCodec.Write(ref writer, NFTA_BITWISE_XOR, Xor.Bytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes)
    {
        if (!attributes.Only(NFTA_BITWISE_SREG, NFTA_BITWISE_DREG, NFTA_BITWISE_LEN, NFTA_BITWISE_MASK, NFTA_BITWISE_XOR, NFTA_BITWISE_OP)
            || attributes.UInt32(NFTA_BITWISE_OP, NFT_BITWISE_MASK_XOR) != NFT_BITWISE_MASK_XOR)
        {
            return null;
        }

        var mask = attributes.Value(NFTA_BITWISE_MASK);
        var xor = attributes.Value(NFTA_BITWISE_XOR);
        var length = attributes.UInt32(NFTA_BITWISE_LEN);
        return mask.Length == length && xor.Length == length
            ? new Bitwise(attributes.Register(NFTA_BITWISE_SREG), attributes.Register(NFTA_BITWISE_DREG), mask, xor)
            : throw new WireFormatException($"nftables bitwise: {length} bytes, but a mask of {mask.Length} and a value of {xor.Length}");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ bitwise reg {Destination} = ( reg {Source} & {NftNames.Words(Mask)} ) ^ {NftNames.Words(Xor)} ]";
}
