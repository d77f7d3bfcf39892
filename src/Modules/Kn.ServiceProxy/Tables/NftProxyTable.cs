using Kn.Hosting.Reconciling;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>The table in the kernel.</summary>
/// <param name="socket">Opened in the node's network namespace; the caller disposes it.</param>
/// <param name="options">The options that change rules.</param>
/// <param name="bulk">Keeps listeners away from large batches; null where nobody listens.</param>
internal sealed class NftProxyTable(NftSocket socket, ServiceProxyOptions options, BulkChanges? bulk = null) : IProxyTable
{
    /// <summary>From here on it costs less to ask whether somebody else changed something meanwhile.</summary>
    private const int LargeBatch = 1000;

    private readonly NftTable _static = ProxyRules.Static(ProxyLayout.Version(options), options);

    /// <inheritdoc/>
    public ProxyTableContent? Read() => ReadTable() is { } table ? StaticCheck.ToContent(table, _static) : null;

    /// <inheritdoc/>
    public void Apply(ProxyBatch batch)
    {
        if (bulk is null || batch.ElementCount < LargeBatch)
        {
            socket.Apply(ToNft(batch, _static));
            return;
        }

        // Each transaction counts the generation up by one.
        bulk.Run(() => socket.Apply(ToNft(batch, _static)), () => socket.GenerationId);
    }

    /// <inheritdoc/>
    public void Remove() => socket.Apply(new NftBatch().RemoveTable(ProxyRules.TableId));

    /// <summary>The table without what affinity remembers: packets fill those maps with up to a million clients, and nothing here asks
    /// for them.</summary>
    internal NftTable? ReadTable() =>
        socket.ReadTable(ProxyRules.TableId.Family, ProxyRules.TableId.Name, static set => !set.Flags.HasFlag(NftSetFlags.Dynamic));

    /// <summary>The batch as nftables operations.</summary>
    internal static NftBatch ToNft(ProxyBatch batch, NftTable whole)
    {
        var table = ProxyRules.TableId;
        var operations = new NftBatch();
        if (batch.ReplacesTable)
        {
            operations.RemoveTable(table).AddWhole(whole);
        }

        foreach (var added in batch.Classes)
        {
            var chain = ClassChain.Of(added.Class);
            operations.CreateChain(table, chain).AddRules(table, chain.Name, chain.Rules.AsSpan());
        }

        operations.AddElements(table, ProxySchema.Dispatch, batch.Classes.Select(ProxyRules.DispatchOf).ToValueList());
        foreach (var (set, elements) in batch.Deletes)
        {
            operations.DeleteElements(table, ProxySchema.Of(set), elements.ToValueList());
        }

        foreach (var (set, elements) in batch.Adds)
        {
            operations.AddElements(table, ProxySchema.Of(set), elements.ToValueList());
        }

        return operations;
    }
}
