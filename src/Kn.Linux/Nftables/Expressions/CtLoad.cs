using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Loads what the kernel knows about the connection; the rule does not match when there is none.</summary>
/// <param name="Key">What to load.</param>
/// <param name="Direction">Which of the two tuples; null where the key has no direction.</param>
/// <param name="Destination">The first register.</param>
/// <remarks>enum nft_ct_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record CtLoad(CtKey Key, ConnectionDirection? Direction, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_CT_DREG = 1;
    private const ushort NFTA_CT_KEY = 2;
    private const ushort NFTA_CT_DIRECTION = 3;

    internal override ReadOnlySpan<byte> KernelName => "ct"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_CT_KEY, (uint)Key);
        writer.PutUInt32BigEndian(NFTA_CT_DREG, Destination.Number);
        if (Direction is { } direction)
        {
            writer.PutUInt8(NFTA_CT_DIRECTION, (byte)direction);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_CT_DREG, NFTA_CT_KEY, NFTA_CT_DIRECTION)
            ? new CtLoad(
                (CtKey)attributes.UInt32(NFTA_CT_KEY),
                attributes.Has(NFTA_CT_DIRECTION) ? (ConnectionDirection)attributes.UInt8(NFTA_CT_DIRECTION) : null,
                attributes.Register(NFTA_CT_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ ct load {CtKeys.Name(Key)} => reg {Destination} {(Direction is { } direction ? $", dir {NftNames.Of(direction)} " : string.Empty)}]";
}
