using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Rules in netlink.</summary>
/// <remarks>enum nft_rule_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
internal static class RuleCodec
{
    private const ushort NFTA_RULE_TABLE = 1;
    private const ushort NFTA_RULE_CHAIN = 2;
    private const ushort NFTA_RULE_HANDLE = 3;
    private const ushort NFTA_RULE_EXPRESSIONS = 4;
    private const ushort NFTA_RULE_POSITION = 6;
    private const ushort NFTA_RULE_USERDATA = 7;
    private const ushort NFTA_RULE_PAD = 8;

    /// <summary>The operation's own handle names the rule to replace or delete; for a new rule it is its neighbour.</summary>
    internal static void Write(ref NetlinkWriter writer, RuleOperation operation)
    {
        writer.PutString(NFTA_RULE_TABLE, operation.Table.Name);
        writer.PutString(NFTA_RULE_CHAIN, operation.Chain);
        if (operation.Handle != 0)
        {
            var isNeighbour = operation.Verb is NftVerb.Add or NftVerb.Create or NftVerb.Insert;
            writer.PutUInt64BigEndian(isNeighbour ? NFTA_RULE_POSITION : NFTA_RULE_HANDLE, operation.Handle);
        }

        if (operation.Rule is { } rule)
        {
            ExpressionCodec.WriteList(ref writer, NFTA_RULE_EXPRESSIONS, rule.Expressions);
            UserDataCodec.PutComment(ref writer, NFTA_RULE_USERDATA, rule.Comment);
        }
    }

    /// <summary>All rules of a chain, or of a table where the chain is null.</summary>
    internal static void WriteChain(ref NetlinkWriter writer, NftTableId table, string? chain)
    {
        writer.PutString(NFTA_RULE_TABLE, table.Name);
        if (chain is not null)
        {
            writer.PutString(NFTA_RULE_CHAIN, chain);
        }
    }

    /// <summary>A rule, and the names of its table and chain.</summary>
    internal static (NftTableId Table, string Chain, NftRule Rule) Read(in NetlinkMessage message)
    {
        var family = (NftFamily)message.FixedHeader(NftMessages.GenericHeaderBytes)[0];
        var (table, chain) = (string.Empty, string.Empty);
        var rule = new NftRule([]);
        var unknown = new List<UnknownAttribute>();
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_RULE_TABLE:
                    table = reader.ReadString();
                    break;
                case NFTA_RULE_CHAIN:
                    chain = reader.ReadString();
                    break;
                case NFTA_RULE_HANDLE:
                    rule = rule with { Handle = reader.ReadUInt64BigEndian() };
                    break;
                case NFTA_RULE_EXPRESSIONS:
                    rule = rule with { Expressions = ExpressionCodec.ReadList(reader.Value) };
                    break;
                case NFTA_RULE_USERDATA:
                    rule = rule with { Comment = UserDataCodec.ReadComment(reader.Value, reader.Type, unknown) };
                    break;
                case NFTA_RULE_POSITION or NFTA_RULE_PAD:
                    break;
                default:
                    unknown.Add(new UnknownAttribute(reader.Type, NftValue.Of(reader.Value)));
                    break;
            }
        }

        return (new NftTableId(family, table), chain, rule with { Unknown = unknown.ToValueList() });
    }
}
