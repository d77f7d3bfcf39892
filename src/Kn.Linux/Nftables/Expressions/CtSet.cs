using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Changes the connection: its mark.</summary>
/// <param name="Key">What to set.</param>
/// <param name="Source">The register of the new value.</param>
/// <remarks>enum nft_ct_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record CtSet(CtKey Key, NftRegister Source) : NftExpression
{
    private const ushort NFTA_CT_KEY = 2;
    private const ushort NFTA_CT_SREG = 4;

    internal override ReadOnlySpan<byte> KernelName => "ct"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_CT_KEY, (uint)Key);
        writer.PutUInt32BigEndian(NFTA_CT_SREG, Source.Number);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_CT_KEY, NFTA_CT_SREG)
            ? new CtSet((CtKey)attributes.UInt32(NFTA_CT_KEY), attributes.Register(NFTA_CT_SREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ ct set {CtKeys.Name(Key)} with reg {Source} ]";
}
