using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Looks a key up in a set or map.</summary>
/// <param name="SetName">The set, in the same table.</param>
/// <param name="Source">The first register of the key.</param>
/// <remarks>enum nft_lookup_attributes, uapi/linux/netfilter/nf_tables.h. The rule goes on when the key is there
/// (or, inverted, when it is not).</remarks>
public sealed record Lookup(string SetName, NftRegister Source) : NftExpression
{
    private const ushort NFTA_LOOKUP_SET = 1;
    private const ushort NFTA_LOOKUP_SREG = 2;
    private const ushort NFTA_LOOKUP_DREG = 3;
    private const ushort NFTA_LOOKUP_SET_ID = 4;
    private const ushort NFTA_LOOKUP_FLAGS = 5;
    private const uint NFT_LOOKUP_F_INV = 1;

    /// <summary>Where the map's data goes (<see cref="NftRegister.Verdict"/> for a verdict map); null to ask only whether the key is there.</summary>
    public NftRegister? Destination { get; init; }

    /// <summary>True to go on when the key is absent.</summary>
    public bool IsInverted { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "lookup"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_LOOKUP_SREG, Source.Number);
        if (Destination is { } destination)
        {
            writer.PutUInt32BigEndian(NFTA_LOOKUP_DREG, destination.Number);
        }

        writer.PutString(NFTA_LOOKUP_SET, SetName);
        if (IsInverted)
        {
            writer.PutUInt32BigEndian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_LOOKUP_SET, NFTA_LOOKUP_SREG, NFTA_LOOKUP_DREG, NFTA_LOOKUP_SET_ID, NFTA_LOOKUP_FLAGS)
        && attributes.UInt32(NFTA_LOOKUP_FLAGS, 0) is var flags and <= NFT_LOOKUP_F_INV
            ? new Lookup(attributes.Text(NFTA_LOOKUP_SET), attributes.Register(NFTA_LOOKUP_SREG))
            {
                Destination = attributes.Has(NFTA_LOOKUP_DREG) ? attributes.Register(NFTA_LOOKUP_DREG) : null,
                IsInverted = flags == NFT_LOOKUP_F_INV,
            }
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ lookup reg {Source} set {SetName} {(Destination is { } destination ? $"dreg {destination} " : string.Empty)}0x{(IsInverted ? NFT_LOOKUP_F_INV : 0):x} ]";
}
