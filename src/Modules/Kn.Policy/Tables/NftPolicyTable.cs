using Kn.Hosting.Reconciling;
using Kn.Linux.Nftables;

namespace Kn.Policy.Tables;

/// <summary>The table in the kernel.</summary>
/// <param name="socket">Opened in the node's network namespace; the caller disposes it.</param>
/// <param name="bulk">Keeps listeners away from large batches; null where nobody listens.</param>
internal sealed class NftPolicyTable(NftSocket socket, BulkChanges? bulk = null) : IPolicyTable
{
    /// <summary>From here on it costs less to ask whether somebody else changed something meanwhile.</summary>
    private const int LargeBatch = 1000;

    /// <inheritdoc/>
    public NftTable? Read() =>
        socket.ReadTable(PolicyRuleset.TableId.Family, PolicyRuleset.TableId.Name, static set => !set.Flags.HasFlag(NftSetFlags.Dynamic));

    /// <inheritdoc/>
    public void Apply(NftBatch batch)
    {
        if (bulk is null || Count(batch) < LargeBatch)
        {
            socket.Apply(batch);
            return;
        }

        // Each transaction counts the generation up by one.
        bulk.Run(() => socket.Apply(batch), () => socket.GenerationId);
    }

    /// <inheritdoc/>
    public void Remove() => socket.Apply(new NftBatch().RemoveTable(PolicyRuleset.TableId));

    private static int Count(NftBatch batch)
    {
        var count = 0;
        foreach (var operation in batch.Operations)
        {
            count += operation is ElementsOperation elements ? elements.Elements.Count : 1;
        }

        return count;
    }
}
