using System.Globalization;
using System.Text;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Adds, updates or deletes an element of a set from the packet path.</summary>
/// <param name="Operation">What to do.</param>
/// <param name="SetName">A set with <see cref="NftSetFlags.Dynamic"/>.</param>
/// <param name="Key">The first register of the key.</param>
/// <remarks>enum nft_dynset_attributes, uapi/linux/netfilter/nf_tables.h. A map wants <see cref="DataSource"/> even to delete
/// (EINVAL otherwise), though the value is ignored then.</remarks>
public sealed record DynamicSet(DynamicSetOperation Operation, string SetName, NftRegister Key) : NftExpression
{
    private const ushort NFTA_DYNSET_SET_NAME = 1;
    private const ushort NFTA_DYNSET_SET_ID = 2;
    private const ushort NFTA_DYNSET_OP = 3;
    private const ushort NFTA_DYNSET_SREG_KEY = 4;
    private const ushort NFTA_DYNSET_SREG_DATA = 5;
    private const ushort NFTA_DYNSET_TIMEOUT = 6;
    private const ushort NFTA_DYNSET_EXPR = 7;
    private const ushort NFTA_DYNSET_FLAGS = 9;
    private const ushort NFTA_DYNSET_EXPRESSIONS = 10;
    private const uint NFT_DYNSET_F_INV = 1;
    private const uint NFT_DYNSET_F_EXPR = 2;

    /// <summary>The first register of a map's data; null for a set.</summary>
    public NftRegister? DataSource { get; init; }

    /// <summary>How long the element lives from now on; zero for the set's own timeout.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>True to go on when the operation failed.</summary>
    public bool IsInverted { get; init; }

    /// <summary>Counters and limits that the element gets.</summary>
    public ValueList<NftExpression> Expressions { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "dynset"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_DYNSET_SREG_KEY, Key.Number);
        DataCodec.WriteRegister(ref writer, NFTA_DYNSET_SREG_DATA, DataSource);
        writer.PutUInt32BigEndian(NFTA_DYNSET_OP, (uint)Operation);
        if (Timeout > TimeSpan.Zero)
        {
            writer.PutUInt64BigEndian(NFTA_DYNSET_TIMEOUT, (ulong)Timeout.TotalMilliseconds);
        }

        writer.PutString(NFTA_DYNSET_SET_NAME, SetName);
        var flags = (IsInverted ? NFT_DYNSET_F_INV : 0) | (Expressions.Count > 1 ? NFT_DYNSET_F_EXPR : 0);
        if (flags != 0)
        {
            writer.PutUInt32BigEndian(NFTA_DYNSET_FLAGS, flags);
        }

        ExpressionCodec.WriteOneOrMany(ref writer, NFTA_DYNSET_EXPR, NFTA_DYNSET_EXPRESSIONS, Expressions);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes)
    {
        if (!attributes.Only(NFTA_DYNSET_SET_NAME, NFTA_DYNSET_SET_ID, NFTA_DYNSET_OP, NFTA_DYNSET_SREG_KEY, NFTA_DYNSET_SREG_DATA, NFTA_DYNSET_TIMEOUT, NFTA_DYNSET_EXPR, NFTA_DYNSET_FLAGS, NFTA_DYNSET_EXPRESSIONS)
            || attributes.UInt32(NFTA_DYNSET_FLAGS, 0) > (NFT_DYNSET_F_INV | NFT_DYNSET_F_EXPR))
        {
            return null;
        }

        return new DynamicSet(
            (DynamicSetOperation)attributes.UInt32(NFTA_DYNSET_OP), attributes.Text(NFTA_DYNSET_SET_NAME), attributes.Register(NFTA_DYNSET_SREG_KEY))
        {
            DataSource = attributes.OptionalRegister(NFTA_DYNSET_SREG_DATA),
            Timeout = attributes.Milliseconds(NFTA_DYNSET_TIMEOUT),
            IsInverted = (attributes.UInt32(NFTA_DYNSET_FLAGS, 0) & NFT_DYNSET_F_INV) != 0,
            Expressions = attributes.Has(NFTA_DYNSET_EXPRESSIONS)
                ? ExpressionCodec.ReadList(attributes.Bytes(NFTA_DYNSET_EXPRESSIONS))
                : attributes.Has(NFTA_DYNSET_EXPR) ? [ExpressionCodec.Read(attributes.Bytes(NFTA_DYNSET_EXPR))] : default,
        };
    }

    internal override NftExpression AsDeclared() => Expressions.IsEmpty
        ? this
        : this with { Expressions = Expressions.Select(static expression => expression.AsDeclared()).ToValueList() };

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder($"[ dynset {NftNames.Of(Operation)} reg_key {Key} set {SetName} ");
        text.Append(DataSource is { } data ? $"sreg_data {data} " : string.Empty);
        text.Append(CultureInfo.InvariantCulture, $"timeout {(long)Timeout.TotalMilliseconds}ms ");
        foreach (var expression in Expressions)
        {
            text.Append("expr ").Append(expression).Append(' ');
        }

        return text.Append(']').ToString();
    }
}

/// <summary>What <see cref="DynamicSet"/> does.</summary>
/// <remarks>enum nft_dynset_ops; delete since kernel 5.4.</remarks>
public enum DynamicSetOperation : uint
{
    /// <summary>Add when it is absent.</summary>
    Add = 0,

    /// <summary>Add, or start its timeout again.</summary>
    Update = 1,

    /// <summary>Delete when it is there.</summary>
    Delete = 2,
}
