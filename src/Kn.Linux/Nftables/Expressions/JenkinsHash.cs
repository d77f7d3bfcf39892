using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Hashes registers to a number below a modulus, in host order.</summary>
/// <param name="Source">The first register read.</param>
/// <param name="LengthBytes">How many bytes are read.</param>
/// <param name="Modulus">How many numbers there are.</param>
/// <param name="Seed">The same seed gives the same numbers on every node; without one (0) the kernel draws its own.</param>
/// <param name="Offset">Added to the number.</param>
/// <param name="Destination">The register written.</param>
/// <remarks>enum nft_hash_attributes, uapi/linux/netfilter/nf_tables.h, type jenkins.</remarks>
public sealed record JenkinsHash(NftRegister Source, uint LengthBytes, uint Modulus, uint Seed, uint Offset, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_HASH_SREG = 1;
    private const ushort NFTA_HASH_DREG = 2;
    private const ushort NFTA_HASH_LEN = 3;
    private const ushort NFTA_HASH_MODULUS = 4;
    private const ushort NFTA_HASH_SEED = 5;
    private const ushort NFTA_HASH_OFFSET = 6;
    private const ushort NFTA_HASH_TYPE = 7;
    private const uint NFT_HASH_JENKINS = 0;

    internal override ReadOnlySpan<byte> KernelName => "hash"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_HASH_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_HASH_DREG, Destination.Number);
        writer.PutUInt32BigEndian(NFTA_HASH_LEN, LengthBytes);
        writer.PutUInt32BigEndian(NFTA_HASH_MODULUS, Modulus);
        if (Seed != 0)
        {
            writer.PutUInt32BigEndian(NFTA_HASH_SEED, Seed);
        }

        if (Offset != 0)
        {
            writer.PutUInt32BigEndian(NFTA_HASH_OFFSET, Offset);
        }

        writer.PutUInt32BigEndian(NFTA_HASH_TYPE, NFT_HASH_JENKINS);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_HASH_SREG, NFTA_HASH_DREG, NFTA_HASH_LEN, NFTA_HASH_MODULUS, NFTA_HASH_SEED, NFTA_HASH_OFFSET, NFTA_HASH_TYPE)
        && attributes.UInt32(NFTA_HASH_TYPE, NFT_HASH_JENKINS) == NFT_HASH_JENKINS
            ? new JenkinsHash(
                attributes.Register(NFTA_HASH_SREG),
                attributes.UInt32(NFTA_HASH_LEN),
                attributes.UInt32(NFTA_HASH_MODULUS),
                attributes.UInt32(NFTA_HASH_SEED, 0),
                attributes.UInt32(NFTA_HASH_OFFSET, 0),
                attributes.Register(NFTA_HASH_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ hash reg {Destination} = jhash(reg {Source}, {LengthBytes}, 0x{Seed:x}) % mod {Modulus}{(Offset == 0 ? string.Empty : $" offset {Offset}")} ]";
}
