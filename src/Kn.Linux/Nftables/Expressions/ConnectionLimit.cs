using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Goes on while there are at most so many connections, or, inverted, only beyond that.</summary>
/// <param name="Count">How many.</param>
/// <param name="IsInverted">True to go on only beyond the count.</param>
/// <remarks>enum nft_connlimit_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record ConnectionLimit(uint Count, bool IsInverted) : NftExpression
{
    private const ushort NFTA_CONNLIMIT_COUNT = 1;
    private const ushort NFTA_CONNLIMIT_FLAGS = 2;
    private const uint NFT_CONNLIMIT_F_INV = 1;

    internal override ReadOnlySpan<byte> KernelName => "connlimit"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_CONNLIMIT_COUNT, Count);
        writer.PutUInt32BigEndian(NFTA_CONNLIMIT_FLAGS, IsInverted ? NFT_CONNLIMIT_F_INV : 0);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_CONNLIMIT_COUNT, NFTA_CONNLIMIT_FLAGS)
        && attributes.UInt32(NFTA_CONNLIMIT_FLAGS, 0) is var flags and <= NFT_CONNLIMIT_F_INV
            ? new ConnectionLimit(attributes.UInt32(NFTA_CONNLIMIT_COUNT), flags == NFT_CONNLIMIT_F_INV)
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ connlimit count {Count} flags {(IsInverted ? NFT_CONNLIMIT_F_INV : 0):x} ]";
}
