using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Goes on when a register compares with a value, otherwise the rule does not match.</summary>
/// <param name="Source">The first register.</param>
/// <param name="Operator">How to compare; order is that of bytes, so numbers in host order need <see cref="ByteOrder"/> first.</param>
/// <param name="Value">As many bytes as are compared.</param>
/// <remarks>enum nft_cmp_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record Compare(NftRegister Source, CompareOperator Operator, NftValue Value) : NftExpression
{
    private const ushort NFTA_CMP_SREG = 1;
    private const ushort NFTA_CMP_OP = 2;
    private const ushort NFTA_CMP_DATA = 3;

    internal override ReadOnlySpan<byte> KernelName => "cmp"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_CMP_SREG, Source.Number);
        writer.PutUInt32BigEndian(NFTA_CMP_OP, (uint)Operator);
        DataCodec.Write(ref writer, NFTA_CMP_DATA, Value.Bytes);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_CMP_SREG, NFTA_CMP_OP, NFTA_CMP_DATA)
            ? new Compare(attributes.Register(NFTA_CMP_SREG), (CompareOperator)attributes.UInt32(NFTA_CMP_OP), attributes.Value(NFTA_CMP_DATA))
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"[ cmp {NftNames.Of(Operator)} reg {Source} {NftNames.Words(Value)} ]";
}

/// <summary>How <see cref="Compare"/> compares.</summary>
/// <remarks>enum nft_cmp_ops.</remarks>
public enum CompareOperator : uint
{
    /// <summary>Equal.</summary>
    Equal = 0,

    /// <summary>Not equal.</summary>
    NotEqual = 1,

    /// <summary>Less.</summary>
    Less = 2,

    /// <summary>Less or equal.</summary>
    LessOrEqual = 3,

    /// <summary>Greater.</summary>
    Greater = 4,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual = 5,
}
