using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.Routes.FastPath;

namespace Kn.Routes.Guard;

/// <summary>Drives the table <c>inet kn-routes</c>. Its one piece is the whole table; what is sent is the difference.</summary>
/// <param name="socket">Opened in the node's network namespace; the caller disposes it.</param>
/// <param name="options">The module's.</param>
/// <param name="encapsulation">Tells whether a tunnel is in use.</param>
/// <param name="marksFlows">Whether the fast path is in use.</param>
internal sealed class TunnelGuard(NftSocket socket, RoutesOptions options, EncapsulationOverhead encapsulation, bool marksFlows = false) : ITarget<string, NftTable>
{
    private const string TheTable = "table";

    public string Name => "tunnelGuard";

    public IEnumerable<string> Keys(ClusterSnapshot cluster) => [TheTable];

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys)
    {
        if (change.Object is Node && (change.Before is not Node before || change.After is not Node after || before.InternalIps != after.InternalIps))
        {
            keys.Add(TheTable);
        }
    }

    public NftTable? Plan(ClusterSnapshot cluster, string key, Problems problems)
    {
        var table = encapsulation.Bytes == 0
            ? null
            : TunnelRules.Table(cluster.Nodes.SelectMany(static node => (IEnumerable<IpAddress>)node.InternalIps), options.Vxlan);
        return (marksFlows ? FlowRules.AddTo(table ?? new NftTable(TunnelRules.Id.Family, TunnelRules.Id.Name)) : table)?.AsDeclared();
    }

    public Task<ValueMap<string, NftTable>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(socket.ReadTable(TunnelRules.Id.Family, TunnelRules.Id.Name)?.AsDeclared() is { } present ? ValueMap.Of((TheTable, present)) : default);

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
        socket.Apply(Batch(null, null));
        return Task.CompletedTask;
    }

    /// <summary>Pure: elements alone where the frame is as it should be, else the table anew, in one transaction.</summary>
    internal static NftBatch Batch(NftTable? before, NftTable? after)
    {
        var batch = new NftBatch();
        if (after is null)
        {
            return batch.RemoveTable(TunnelRules.Id);
        }

        if (before is null || TunnelRules.Frame(before) != TunnelRules.Frame(after))
        {
            return batch.RemoveTable(TunnelRules.Id).AddWhole(after);
        }

        foreach (var (old, set) in before.Sets.Zip(after.Sets))
        {
            batch.AddElements(TunnelRules.Id, set, set.Elements.Except(old.Elements).ToValueList());
            batch.DeleteElements(TunnelRules.Id, set, old.Elements.Except(set.Elements).ToValueList());
        }

        return batch;
    }
}
