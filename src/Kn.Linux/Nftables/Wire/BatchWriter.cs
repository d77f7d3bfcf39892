using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>Turns a batch into the messages of a transaction, and remembers which message came from which operation.</summary>
internal sealed class BatchWriter
{
    // Attribute lengths are 16 bits; nft, too, stays well below. The slack holds one more element with all it can carry.
    private const int MaxElementListBytes = 60_000;

    private readonly List<Origin> _origins = [];
    private uint _setIds;

    /// <summary>Writes begin, the operations, and end.</summary>
    internal void Write(ref NetlinkWriter writer, NftBatch batch)
    {
        NftMessages.PutBatchBegin(ref writer, batch.ExpectedGeneration);
        _origins.Add(default);
        foreach (var operation in batch.Operations)
        {
            Write(ref writer, operation);
        }

        NftMessages.PutBatchEnd(ref writer);
        _origins.Add(default);
    }

    /// <summary>What the message at a position does; the batch as a whole for its first and last.</summary>
    internal string Describe(int index) => index >= 0 && index < _origins.Count && _origins[index].Operation is { } operation
        ? operation.ToString()
        : "apply an nftables batch";

    /// <summary>The operation behind a message, and the first of the elements that the message holds.</summary>
    internal Origin OriginOf(int index) => index >= 0 && index < _origins.Count ? _origins[index] : default;

    private void Write(ref NetlinkWriter writer, NftOperation operation)
    {
        if (operation is ElementsOperation elements)
        {
            WriteElements(ref writer, elements);
            return;
        }

        _origins.Add(new Origin(operation, 0));
        var (number, flags) = NumberOf(operation);
        var message = NftMessages.Begin(ref writer, number, flags, operation.Table.Family);
        switch (operation)
        {
            case TableOperation { Verb: NftVerb.Flush } table:
                RuleCodec.WriteChain(ref writer, table.Table, null);
                break;
            case TableOperation table:
                TableCodec.Write(ref writer, table.Declaration, IsNew(operation));
                break;
            case ChainOperation { Verb: NftVerb.Flush } chain:
                RuleCodec.WriteChain(ref writer, chain.Table, chain.Declaration.Name);
                break;
            case ChainOperation chain:
                ChainCodec.Write(ref writer, chain.Table, chain.Declaration, IsNew(operation));
                break;
            case RuleOperation rule:
                RuleCodec.Write(ref writer, rule);
                break;
            case SetOperation { Verb: NftVerb.Flush } set:
                writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_TABLE, set.Table.Name);
                writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_SET, set.Declaration.Name);
                break;
            case SetOperation set when IsNew(operation):
                SetCodec.Write(ref writer, set.Table, set.Declaration, ++_setIds);
                break;
            case SetOperation set:
                SetCodec.WriteName(ref writer, set.Table, set.Declaration.Name);
                break;
        }

        writer.EndMessage(message);
    }

    /// <summary>As many messages as it takes for no list to outgrow its 16-bit length.</summary>
    private void WriteElements(ref NetlinkWriter writer, ElementsOperation operation)
    {
        var (number, flags) = NumberOf(operation);
        var elements = operation.Elements.AsSpan();
        var withContent = IsNew(operation);
        var next = 0;
        while (next < elements.Length)
        {
            _origins.Add(new Origin(operation, next));
            var message = NftMessages.Begin(ref writer, number, flags, operation.Table.Family);
            writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_TABLE, operation.Table.Name);
            writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_SET, operation.Set.Name);
            var list = writer.BeginNest(ElementCodec.NFTA_SET_ELEM_LIST_ELEMENTS);
            var start = writer.Length;
            while (next < elements.Length && writer.Length - start < MaxElementListBytes)
            {
                ElementCodec.Write(ref writer, operation.Set, elements[next], withContent);
                next++;
            }

            writer.EndNest(list);
            writer.EndMessage(message);
        }
    }

    private static bool IsNew(NftOperation operation) => operation.Verb is NftVerb.Add or NftVerb.Create or NftVerb.Insert or NftVerb.Replace;

    private static (ushort Number, NetlinkFlags Flags) NumberOf(NftOperation operation)
    {
        (ushort New, ushort Delete, ushort Destroy, ushort Flush) numbers = operation switch
        {
            TableOperation => (NftMessages.NFT_MSG_NEWTABLE, NftMessages.NFT_MSG_DELTABLE, NftMessages.NFT_MSG_DESTROYTABLE, NftMessages.NFT_MSG_DELRULE),
            ChainOperation => (NftMessages.NFT_MSG_NEWCHAIN, NftMessages.NFT_MSG_DELCHAIN, NftMessages.NFT_MSG_DESTROYCHAIN, NftMessages.NFT_MSG_DELRULE),
            RuleOperation => (NftMessages.NFT_MSG_NEWRULE, NftMessages.NFT_MSG_DELRULE, NftMessages.NFT_MSG_DESTROYRULE, NftMessages.NFT_MSG_DELRULE),
            SetOperation => (NftMessages.NFT_MSG_NEWSET, NftMessages.NFT_MSG_DELSET, NftMessages.NFT_MSG_DESTROYSET, NftMessages.NFT_MSG_DELSETELEM),
            _ => (NftMessages.NFT_MSG_NEWSETELEM, NftMessages.NFT_MSG_DELSETELEM, NftMessages.NFT_MSG_DESTROYSETELEM, NftMessages.NFT_MSG_DELSETELEM),
        };
        return operation.Verb switch
        {
            NftVerb.Add => (numbers.New, NetlinkFlags.Create | (operation is RuleOperation ? NetlinkFlags.Append : NetlinkFlags.None)),
            NftVerb.Create => (numbers.New, NetlinkFlags.Create | NetlinkFlags.Exclusive),
            NftVerb.Insert => (numbers.New, NetlinkFlags.Create),
            NftVerb.Replace => (numbers.New, NetlinkFlags.Replace),
            NftVerb.Delete => (numbers.Delete, NetlinkFlags.None),
            NftVerb.Destroy => (numbers.Destroy, NetlinkFlags.None),
            NftVerb.Flush => (numbers.Flush, NetlinkFlags.None),
            _ => throw new ArgumentException($"no verb {operation.Verb}", nameof(operation)),
        };
    }

    /// <summary>Where a message came from.</summary>
    internal readonly record struct Origin(NftOperation? Operation, int FirstElement);
}
