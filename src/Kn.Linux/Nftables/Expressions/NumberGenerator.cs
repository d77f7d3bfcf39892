using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Makes a number below a modulus, in host order.</summary>
/// <param name="Kind">Random, or one after another for each rule.</param>
/// <param name="Modulus">How many numbers there are.</param>
/// <param name="Offset">Added to the number.</param>
/// <param name="Destination">The register.</param>
/// <remarks>enum nft_ng_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record NumberGenerator(NumberGeneratorKind Kind, uint Modulus, uint Offset, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_NG_DREG = 1;
    private const ushort NFTA_NG_MODULUS = 2;
    private const ushort NFTA_NG_TYPE = 3;
    private const ushort NFTA_NG_OFFSET = 4;

    internal override ReadOnlySpan<byte> KernelName => "numgen"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_NG_DREG, Destination.Number);
        writer.PutUInt32BigEndian(NFTA_NG_MODULUS, Modulus);
        writer.PutUInt32BigEndian(NFTA_NG_TYPE, (uint)Kind);
        writer.PutUInt32BigEndian(NFTA_NG_OFFSET, Offset);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_NG_DREG, NFTA_NG_MODULUS, NFTA_NG_TYPE, NFTA_NG_OFFSET)
            ? new NumberGenerator(
                (NumberGeneratorKind)attributes.UInt32(NFTA_NG_TYPE),
                attributes.UInt32(NFTA_NG_MODULUS),
                attributes.UInt32(NFTA_NG_OFFSET, 0),
                attributes.Register(NFTA_NG_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ numgen reg {Destination} = {NftNames.Of(Kind)} mod {Modulus}{(Offset == 0 ? string.Empty : $" offset {Offset}")} ]";
}

/// <summary>How <see cref="NumberGenerator"/> makes numbers.</summary>
/// <remarks>enum nft_ng_types.</remarks>
public enum NumberGeneratorKind : uint
{
    /// <summary>One after another; the count belongs to the rule.</summary>
    Incremental = 0,

    /// <summary>Random.</summary>
    Random = 1,
}
