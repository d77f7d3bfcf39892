using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Decides: the end of most rules.</summary>
/// <param name="Verdict">What becomes of the packet.</param>
/// <remarks>enum nft_immediate_attributes, uapi/linux/netfilter/nf_tables.h; the verdict goes to register 0.</remarks>
public sealed record ImmediateVerdict(NftVerdict Verdict) : NftExpression
{
    internal override ReadOnlySpan<byte> KernelName => "immediate"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(Immediate.NFTA_IMMEDIATE_DREG, NftRegister.Verdict.Number);
        DataCodec.Write(ref writer, Immediate.NFTA_IMMEDIATE_DATA, Verdict);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ immediate reg 0 {(Verdict.Chain is { } chain ? $"{NftNames.Of(Verdict.Kind)} -> {chain}" : NftNames.Of(Verdict.Kind))} ]";
}
