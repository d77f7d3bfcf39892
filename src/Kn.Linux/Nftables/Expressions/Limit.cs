using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Goes on while packets (or bytes) are within a rate, or, inverted, only beyond it.</summary>
/// <param name="Rate">How many in a unit.</param>
/// <param name="UnitSeconds">The unit: 1, 60, 3600, 86400, 604800.</param>
/// <param name="Burst">How many more may come at once.</param>
/// <remarks>enum nft_limit_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Limit(ulong Rate, ulong UnitSeconds, uint Burst) : NftExpression
{
    private const ushort NFTA_LIMIT_RATE = 1;
    private const ushort NFTA_LIMIT_UNIT = 2;
    private const ushort NFTA_LIMIT_BURST = 3;
    private const ushort NFTA_LIMIT_TYPE = 4;
    private const ushort NFTA_LIMIT_FLAGS = 5;
    private const ushort NFTA_LIMIT_PAD = 6;
    private const uint NFT_LIMIT_PKT_BYTES = 1;
    private const uint NFT_LIMIT_F_INV = 1;

    /// <summary>True to count bytes.</summary>
    public bool CountsBytes { get; init; }

    /// <summary>True to go on only beyond the rate.</summary>
    public bool IsInverted { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "limit"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt64BigEndian(NFTA_LIMIT_RATE, Rate);
        writer.PutUInt64BigEndian(NFTA_LIMIT_UNIT, UnitSeconds);
        if (Burst != 0)
        {
            writer.PutUInt32BigEndian(NFTA_LIMIT_BURST, Burst);
        }

        writer.PutUInt32BigEndian(NFTA_LIMIT_TYPE, CountsBytes ? NFT_LIMIT_PKT_BYTES : 0);
        writer.PutUInt32BigEndian(NFTA_LIMIT_FLAGS, IsInverted ? NFT_LIMIT_F_INV : 0);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_LIMIT_RATE, NFTA_LIMIT_UNIT, NFTA_LIMIT_BURST, NFTA_LIMIT_TYPE, NFTA_LIMIT_FLAGS, NFTA_LIMIT_PAD)
        && attributes.UInt32(NFTA_LIMIT_TYPE, 0) is var kind and <= NFT_LIMIT_PKT_BYTES
        && attributes.UInt32(NFTA_LIMIT_FLAGS, 0) is var flags and <= NFT_LIMIT_F_INV
            ? new Limit(attributes.UInt64(NFTA_LIMIT_RATE), attributes.UInt64(NFTA_LIMIT_UNIT), attributes.UInt32(NFTA_LIMIT_BURST, 0))
            {
                CountsBytes = kind == NFT_LIMIT_PKT_BYTES,
                IsInverted = flags == NFT_LIMIT_F_INV,
            }
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ limit rate {Rate}/{NftNames.OfUnit(UnitSeconds)} burst {Burst} type {(CountsBytes ? "bytes" : "packets")} flags 0x{(IsInverted ? NFT_LIMIT_F_INV : 0):x} ]";
}
