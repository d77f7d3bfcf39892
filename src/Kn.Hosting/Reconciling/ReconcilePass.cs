using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Reconciling;

/// <summary>One pass of a reconcile loop: plan, compare with what is applied, apply the difference. Holds what is applied.</summary>
internal sealed class ReconcilePass<TKey, TPiece>(ITarget<TKey, TPiece> target, ILogger logger, ReconcileMetrics metrics, TimeProvider time)
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>
{
    private readonly HashSet<TKey> _keys = [];
    private readonly HashSet<TKey> _unplanned = [];
    private Dictionary<TKey, TPiece> _applied = [];
    private Dictionary<TKey, TPiece> _before = [];
    private long? _receivedAt;

    /// <summary>How many pieces are in place.</summary>
    internal int AppliedCount => _applied.Count;

    /// <summary>What was asked for and could not be honoured.</summary>
    internal ProblemLedger<TKey> Problems { get; } = new();

    /// <summary>Keys to plan for other reasons than a change of the cluster.</summary>
    internal TouchedKeys<TKey> Touched { get; } = new();

    /// <summary>Plans the keys that the changes affect.</summary>
    internal async Task ApplyChangesAsync(IChangeFeed feed, CancellationToken cancellationToken)
    {
        _keys.Clear();
        Touched.TakeInto(_keys);
        var batch = feed.Drain();
        foreach (var change in batch.Changes)
        {
            target.AddAffectedKeys(batch.Cluster, change, _keys);
        }

        await PlanAndApplyAsync(batch, arePlansKnown: false, cancellationToken);
    }

    /// <summary>Reads what is there and plans every key; returns how many pieces had to be changed.</summary>
    /// <param name="feed">The changes.</param>
    /// <param name="afterSuccess">The last pass ended well: what it left applied is what was planned, and need not be planned again where nothing
    /// that plans hang on has changed.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    internal async Task<int> ReadAndApplyAsync(IChangeFeed feed, bool afterSuccess, CancellationToken cancellationToken)
    {
        metrics.Resyncs.Increment();
        var start = time.GetTimestamp();
        var read = await target.ReadAsync(cancellationToken);
        (_before, _applied) = (_applied, _before);
        _applied.Clear();
        foreach (var (key, piece) in read)
        {
            _applied.Add(key, piece);
        }

        // Drained after the read: what the changes say is in the snapshot.
        _keys.Clear();
        Touched.TakeInto(_keys);
        var batch = feed.Drain();
        var arePlansKnown = afterSuccess && batch.Changes.Count == 0 && _keys.Count == 0 && !target.PlansMayDiffer;
        _keys.UnionWith(target.Keys(batch.Cluster));
        _keys.UnionWith(_applied.Keys);
        var changed = await PlanAndApplyAsync(batch, arePlansKnown, cancellationToken);
        _before.Clear();
        Problems.Keep(_keys);
        metrics.FullPassSeconds.Observe(time.GetElapsedTime(start));
        return changed;
    }

    private async Task<int> PlanAndApplyAsync(ChangeBatch batch, bool arePlansKnown, CancellationToken cancellationToken)
    {
        // What a failed pass was to bring is as old when the next one brings it.
        _receivedAt ??= batch.ReceivedAt;
        metrics.DirtyKeys.Set(_keys.Count);
        List<Change<TKey, TPiece>> changes = [];
        foreach (var key in _keys)
        {
            var before = _applied.GetValueOrDefault(key);
            var after = _before.GetValueOrDefault(key);
            var isPlanned = (arePlansKnown && !_unplanned.Contains(key)) || TryPlan(batch.Cluster, key, out after);
            if (isPlanned && !Equals(before, after))
            {
                changes.Add(new Change<TKey, TPiece>(key, before, after));
            }
        }

        if (changes.Count > 0)
        {
            var start = time.GetTimestamp();
            await target.ApplyAsync(new Changes<TKey, TPiece>(changes), cancellationToken);
            metrics.ApplySeconds.Observe(time.GetElapsedTime(start));
            if (_receivedAt is { } receivedAt)
            {
                metrics.LatencySeconds.Observe(time.GetElapsedTime(receivedAt));
            }

            metrics.Changes.Add(changes.Count);
            ReconcileLog.Applied(logger, target.Name, changes.Count, _keys.Count);
            Remember(changes);
        }

        _receivedAt = null;
        metrics.Pieces.Set(_applied.Count);
        target.Settled();
        Touched.Complete();
        return changes.Count;
    }

    private void Remember(List<Change<TKey, TPiece>> changes)
    {
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
    }

    /// <summary>False when the plan threw: then the key keeps what it has.</summary>
    private bool TryPlan(ClusterSnapshot cluster, TKey key, out TPiece? piece)
    {
        var problems = new Problems();
        try
        {
            piece = target.Plan(cluster, key, problems);
            Problems.Set(key, problems.All.ToValueList());
            _unplanned.Remove(key);
            return true;
        }
#pragma warning disable CA1031 // The supervisor boundary of one key: a fault in one object's plan must not stop the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            metrics.PlanExceptions.Increment();
            _unplanned.Add(key);
            var problem = new Problem(target.Name, new ObjectKey("", key.ToString() ?? ""), $"could not be planned: {exception.Message}");
            ReconcileLog.PlanFailed(logger, exception, target.Name, problem.Key.Name);
            Problems.Set(key, [problem]);
            piece = null;
            return false;
        }
    }
}
