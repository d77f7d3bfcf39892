using Kn.Hosting.Metrics;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Policy.Tests;

/// <summary>The reconcile loop, one step at a time, on whatever table.</summary>
internal sealed class TestLoop(IPolicyTable table, string node = "n1", PolicyOptions? options = null)
{
    private readonly Dictionary<PolicyKey, PolicyPiece> _applied = [];
    private PolicyTarget? _target;

    public PolicyTarget Target => _target ??= new PolicyTarget(
        table, new PolicyNode { Name = node, Options = options ?? new PolicyOptions() }, new PolicyReporter(new PolicyMetrics(new MetricRegistry()), NullLogger.Instance))
    {
        TookAway = () => Forgotten++,
    };

    /// <summary>How often what was remembered of packets had to be forgotten.</summary>
    public int Forgotten { get; private set; }

    public ClusterSnapshot Cluster { get; private set; } = ClusterSnapshot.Empty;

    /// <summary>The table that a cluster makes from nothing.</summary>
    public static async Task<NftTable> FromNothingAsync(ClusterSnapshot cluster, string node = "n1", PolicyOptions? options = null)
    {
        var table = new StrictTable();
        await new TestLoop(table, node, options).ResyncAsync(cluster);
        return table.Read()!;
    }

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
        var changes = Differences(Cluster.Pods, cluster.Pods)
            .Concat(Differences(Cluster.Namespaces, cluster.Namespaces))
            .Concat(Differences(Cluster.NetworkPolicies, cluster.NetworkPolicies));
        Cluster = cluster;
        var keys = new HashSet<PolicyKey>();
        foreach (var change in changes)
        {
            Target.AddAffectedKeys(cluster, change, keys);
        }

        return ApplyAsync(keys);
    }

    /// <summary>The first time a start, then a change.</summary>
    public Task<int> ResyncOrChangeAsync(ClusterSnapshot cluster) => ReferenceEquals(Cluster, ClusterSnapshot.Empty) ? ResyncAsync(cluster) : ChangeAsync(cluster);

    private static IEnumerable<ObjectChange> Differences<T>(ObjectTable<T> before, ObjectTable<T> after)
        where T : KubernetesObject =>
        before.Where(item => after.Find(item.Key) is null).Select(static item => new ObjectChange(item, null))
            .Concat(after.Where(item => !item.Equals(before.Find(item.Key))).Select(item => new ObjectChange(before.Find(item.Key), item)));

    private async Task<int> ApplyAsync(IEnumerable<PolicyKey> keys)
    {
        var changes = new List<Change<PolicyKey, PolicyPiece>>();
        foreach (var key in keys.Distinct().Order().ToArray())
        {
            var before = _applied.GetValueOrDefault(key);
            var after = Target.Plan(Cluster, key, new Problems());
            if (!Equals(before, after))
            {
                changes.Add(new Change<PolicyKey, PolicyPiece>(key, before, after));
            }
        }

        if (changes.Count > 0)
        {
            await Target.ApplyAsync(new Changes<PolicyKey, PolicyPiece>(changes), default);
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

        return changes.Count;
    }
}
