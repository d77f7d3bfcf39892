using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Loads what the kernel knows about the packet.</summary>
/// <param name="Key">What to load.</param>
/// <param name="Destination">The first register.</param>
/// <remarks>enum nft_meta_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record MetaLoad(MetaKey Key, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_META_DREG = 1;
    private const ushort NFTA_META_KEY = 2;

    internal override ReadOnlySpan<byte> KernelName => "meta"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_META_KEY, (uint)Key);
        writer.PutUInt32BigEndian(NFTA_META_DREG, Destination.Number);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_META_DREG, NFTA_META_KEY)
            ? new MetaLoad((MetaKey)attributes.UInt32(NFTA_META_KEY), attributes.Register(NFTA_META_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ meta load {MetaKeys.Name(Key)} => reg {Destination} ]";
}
