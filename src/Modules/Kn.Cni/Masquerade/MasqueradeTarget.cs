using Kn.Hosting.Options;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Masquerade;

/// <summary>Drives the table <c>inet kn-cni</c>. Its one piece is the whole table; what is sent is the difference.</summary>
internal sealed class MasqueradeTarget(NftSocket socket, NodeOptions node, CniOptions options) : ITarget<string, NftTable>
{
    private const string TheTable = "table";

    public string Name => "masquerade";

    public IEnumerable<string> Keys(ClusterSnapshot cluster) => [TheTable];

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys)
    {
        if (change.Object is Node
            && (change.Before is not Node before || change.After is not Node after
                || before.PodCidrs != after.PodCidrs || before.InternalIps != after.InternalIps))
        {
            keys.Add(TheTable);
        }
    }

    public NftTable? Plan(ClusterSnapshot cluster, string key, Problems problems) =>
        MasqueradePlan.Of(cluster, node, options) is { } sets ? MasqueradeRules.Table(sets).AsDeclared() : null;

    public Task<ValueMap<string, NftTable>> ReadAsync(CancellationToken cancellationToken)
    {
        var table = socket.ReadTable(MasqueradeRules.Id.Family, MasqueradeRules.Id.Name);
        return Task.FromResult(table is null ? default : ValueMap.Of((TheTable, table.AsDeclared())));
    }

    public Task ApplyAsync(Changes<string, NftTable> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.All)
        {
            socket.Apply(Batch(change.Before, change.After));
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        socket.Apply(new NftBatch().RemoveTable(MasqueradeRules.Id));
        return Task.CompletedTask;
    }

    /// <summary>Pure: elements alone where the frame is as it should be, else the table anew, in one transaction.</summary>
    internal static NftBatch Batch(NftTable? before, NftTable? after)
    {
        if (after is null)
        {
            return new NftBatch().RemoveTable(MasqueradeRules.Id);
        }

        if (before is null || MasqueradeRules.Frame(before) != MasqueradeRules.Frame(after))
        {
            return new NftBatch().RemoveTable(MasqueradeRules.Id).AddWhole(after);
        }

        var batch = new NftBatch();
        foreach (var (old, set) in before.Sets.Zip(after.Sets))
        {
            // Deletions first: a wider prefix may take the place of those inside it.
            batch.DeleteElements(MasqueradeRules.Id, set, old.Elements.Except(set.Elements).ToValueList());
            batch.AddElements(MasqueradeRules.Id, set, set.Elements.Except(old.Elements).ToValueList());
        }

        return batch;
    }
}
