using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy.Tests;

/// <summary>The reconcile loop, one step at a time, on whatever table.</summary>
internal sealed class TestLoop(IProxyTable table, ProxyNode? node = null, Func<FlowVerdicts, int>? forgetFlows = null, ProxyTargetObserver? observer = null)
{
    private readonly Dictionary<ProxyKey, ProxyPiece> _applied = [];

    public ServiceProxyTarget Target { get; } = new(table, node ?? Build.ThisNode, observer ?? new ProxyTargetObserver()) { ForgetFlows = forgetFlows };

    public ClusterSnapshot Cluster { get; private set; } = ClusterSnapshot.Empty;

    public IReadOnlyDictionary<ProxyKey, ProxyPiece> Applied => _applied;

    /// <summary>A start or a resync; returns how many pieces differed.</summary>
    public async Task<int> ResyncAsync(ClusterSnapshot cluster)
    {
        Cluster = cluster;
        _applied.Clear();
        foreach (var (key, piece) in await Target.ReadAsync(default))
        {
            _applied.Add(key, piece);
        }

        return await ApplyAsync(Target.Keys(cluster).Concat(_applied.Keys));
    }

    /// <summary>The changes that lead from the cluster that is applied to another one; returns how many pieces differed.</summary>
    public Task<int> ChangeAsync(ClusterSnapshot cluster)
    {
        var changes = Differences(Cluster.Services, cluster.Services)
            .Concat(Differences(Cluster.EndpointSlices, cluster.EndpointSlices))
            .Concat(Differences(Cluster.Nodes, cluster.Nodes))
            .Concat(Differences(Cluster.ServiceCidrs, cluster.ServiceCidrs));
        Cluster = cluster;
        var keys = new HashSet<ProxyKey>();
        foreach (var change in changes)
        {
            Target.AddAffectedKeys(cluster, change, keys);
        }

        return ApplyAsync(keys);
    }

    private static IEnumerable<ObjectChange> Differences<T>(ObjectTable<T> before, ObjectTable<T> after)
        where T : Kubernetes.Objects.KubernetesObject =>
        before.Where(item => after.Find(item.Key) is null).Select(static item => new ObjectChange(item, null))
            .Concat(after.Where(item => !item.Equals(before.Find(item.Key))).Select(item => new ObjectChange(before.Find(item.Key), item)));

    private async Task<int> ApplyAsync(IEnumerable<ProxyKey> keys)
    {
        var changes = new List<Change<ProxyKey, ProxyPiece>>();
        foreach (var key in keys.Distinct().Order())
        {
            var before = _applied.GetValueOrDefault(key);
            var after = Target.Plan(Cluster, key, new Problems());
            if (!Equals(before, after))
            {
                changes.Add(new Change<ProxyKey, ProxyPiece>(key, before, after));
            }
        }

        if (changes.Count > 0)
        {
            await Target.ApplyAsync(new Changes<ProxyKey, ProxyPiece>(changes), default);
        }

        foreach (var change in changes)
        {
            if (change.After is null)
            {
                _applied.Remove(change.Key);
            }
            else
            {
                _applied[change.Key] = change.After;
            }
        }

        Target.Settled();
        return changes.Count;
    }
}
