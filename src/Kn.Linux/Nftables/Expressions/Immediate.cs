using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Loads a constant.</summary>
/// <param name="Destination">The first register.</param>
/// <param name="Value">The bytes.</param>
/// <remarks>enum nft_immediate_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Immediate(NftRegister Destination, NftValue Value) : NftExpression
{
    internal const ushort NFTA_IMMEDIATE_DREG = 1;
    internal const ushort NFTA_IMMEDIATE_DATA = 2;

    internal override ReadOnlySpan<byte> KernelName => "immediate"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_IMMEDIATE_DREG, Destination.Number);
        DataCodec.Write(ref writer, NFTA_IMMEDIATE_DATA, Value.Bytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes)
    {
        if (!attributes.Only(NFTA_IMMEDIATE_DREG, NFTA_IMMEDIATE_DATA))
        {
            return null;
        }

        var data = DataCodec.Read(attributes.Bytes(NFTA_IMMEDIATE_DATA));
        var destination = attributes.Register(NFTA_IMMEDIATE_DREG);
        if (destination.IsVerdict != data.Verdict is not null)
        {
            throw new WireFormatException($"nftables immediate: register {destination} and {(data.Verdict is null ? "a value" : "a verdict")}");
        }

        return data.Verdict is { } verdict ? new ImmediateVerdict(verdict) : new Immediate(destination, data.Value);
    }

    /// <inheritdoc/>
    public override string ToString() => $"[ immediate reg {Destination} {NftNames.Words(Value)} ]";
}
