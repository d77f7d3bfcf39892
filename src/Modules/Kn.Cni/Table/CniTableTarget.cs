using Kn.Cni.Masquerade;
using Kn.Hosting.Options;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Table;

/// <summary>Drives the table <c>inet kn-cni</c>. Its one piece is the whole table; what is sent is the difference.</summary>
/// <remarks>Port mappings come from attachments, not from the cluster: ADD and DEL write theirs at once (<see cref="CniTable"/>), and a plan
/// takes in those of its moment, so that a repair puts them back too.</remarks>
internal sealed class CniTableTarget(CniTable table, NodeOptions node, CniOptions options) : ITarget<string, NftTable>
{
    private const string TheTable = "table";

    public string Name => "table";

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

    public NftTable Plan(ClusterSnapshot cluster, string key, Problems problems) =>
        CniTableRules.Table(MasqueradePlan.Of(cluster, node, options), table.PortMaps).AsDeclared();

    public Task<ValueMap<string, NftTable>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(table.Read() is { } present ? ValueMap.Of((TheTable, present)) : default);

    public Task ApplyAsync(Changes<string, NftTable> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes.All)
        {
            if (change.After is { } after)
            {
                table.Apply(change.Before, after);
            }
            else
            {
                table.Remove();
            }
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        table.Remove();
        return Task.CompletedTask;
    }
}
