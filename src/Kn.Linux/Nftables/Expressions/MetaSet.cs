using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Changes what the kernel knows about the packet: its mark or priority.</summary>
/// <param name="Key">What to set.</param>
/// <param name="Source">The register of the new value.</param>
/// <remarks>enum nft_meta_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record MetaSet(MetaKey Key, NftRegister Source) : NftExpression
{
    private const ushort NFTA_META_KEY = 2;
    private const ushort NFTA_META_SREG = 3;

    internal override ReadOnlySpan<byte> KernelName => "meta"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_META_KEY, (uint)Key);
        writer.PutUInt32BigEndian(NFTA_META_SREG, Source.Number);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_META_KEY, NFTA_META_SREG)
            ? new MetaSet((MetaKey)attributes.UInt32(NFTA_META_KEY), attributes.Register(NFTA_META_SREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ meta set {MetaKeys.Name(Key)} with reg {Source} ]";
}
