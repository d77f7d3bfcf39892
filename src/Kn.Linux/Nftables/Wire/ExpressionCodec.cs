using System.Text;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Expressions in netlink: a nest of name and attributes.</summary>
/// <remarks>NFTA_LIST_ELEM { NFTA_EXPR_NAME, NFTA_EXPR_DATA { … } }, uapi/linux/netfilter/nf_tables.h.</remarks>
internal static class ExpressionCodec
{
    private const ushort NFTA_LIST_ELEM = 1;
    private const ushort NFTA_EXPR_NAME = 1;
    private const ushort NFTA_EXPR_DATA = 2;

    // NFT_RULE_MAXEXPRS of the kernel.
    private const int MaxExpressions = 128;

    internal static void WriteList(ref NetlinkWriter writer, ushort type, ValueList<NftExpression> expressions)
    {
        var list = writer.BeginNest(type);
        foreach (var expression in expressions)
        {
            Write(ref writer, NFTA_LIST_ELEM, expression);
        }

        writer.EndNest(list);
    }

    /// <summary>One expression has an attribute of its own, several have another, in sets, elements and dynset.</summary>
    internal static void WriteOneOrMany(ref NetlinkWriter writer, ushort one, ushort many, ValueList<NftExpression> expressions)
    {
        if (expressions.Count == 1)
        {
            Write(ref writer, one, expressions[0]);
        }
        else if (expressions.Count > 1)
        {
            WriteList(ref writer, many, expressions);
        }
    }

    internal static void Write(ref NetlinkWriter writer, ushort type, NftExpression expression)
    {
        var nest = writer.BeginNest(type);
        writer.PutString(NFTA_EXPR_NAME, expression.KernelName);
        var data = writer.BeginNest(NFTA_EXPR_DATA);
        expression.WriteData(ref writer);
        writer.EndNest(data);
        writer.EndNest(nest);
    }

    internal static ValueList<NftExpression> ReadList(ReadOnlySpan<byte> list)
    {
        var expressions = new List<NftExpression>();
        var reader = new AttributeReader(list);
        while (reader.MoveNext())
        {
            if (reader.Type != NFTA_LIST_ELEM || expressions.Count == MaxExpressions)
            {
                throw new WireFormatException($"nftables expressions: attribute {reader.Type} as number {expressions.Count} of a list");
            }

            expressions.Add(Read(reader.Value));
        }

        return expressions.ToValueList();
    }

    internal static NftExpression Read(ReadOnlySpan<byte> nest)
    {
        var reader = new AttributeReader(nest);
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_EXPR_NAME:
                    name = reader.ReadStringBytes();
                    break;
                case NFTA_EXPR_DATA:
                    data = reader.Value;
                    break;
                default:
                    throw new WireFormatException($"nftables expression: unknown attribute {reader.Type}");
            }
        }

        var text = name.IsEmpty ? throw new WireFormatException("nftables expression: no name") : Encoding.UTF8.GetString(name);
        return ReadNamed(new ExpressionAttributes(text, data)) ?? new UnknownExpression(text, NftValue.Of(data));
    }

    private static NftExpression? ReadNamed(in ExpressionAttributes attributes) => attributes.Expression switch
    {
        "payload" => PayloadLoad.Read(attributes) ?? PayloadSet.Read(attributes),
        "meta" => MetaLoad.Read(attributes) ?? MetaSet.Read(attributes),
        "cmp" => Compare.Read(attributes),
        "range" => RangeCompare.Read(attributes),
        "bitwise" => Bitwise.Read(attributes),
        "byteorder" => Expressions.ByteOrder.Read(attributes),
        "lookup" => Lookup.Read(attributes),
        "dynset" => DynamicSet.Read(attributes),
        "immediate" => Immediate.Read(attributes),
        "nat" => Nat.Read(attributes),
        "masq" => Masquerade.Read(attributes),
        "reject" => Reject.Read(attributes),
        "ct" => CtLoad.Read(attributes) ?? CtSet.Read(attributes),
        "fib" => FibLoad.Read(attributes),
        "numgen" => NumberGenerator.Read(attributes),
        "hash" => JenkinsHash.Read(attributes),
        "counter" => Counter.Read(attributes),
        "limit" => Limit.Read(attributes),
        "log" => LogPacket.Read(attributes),
        "notrack" => NoTrack.Read(attributes),
        "objref" => ObjectReference.Read(attributes),
        "connlimit" => ConnectionLimit.Read(attributes),
        _ => null,
    };
}
