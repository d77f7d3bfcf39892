using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Kn.Primitives;

namespace Kn.Policy;

/// <summary>Drives the table <c>inet kn-policy</c> to what the cluster's NetworkPolicies ask for.</summary>
/// <remarks>A restart plans everything, reads the table, and changes what differs: numbers come from content, so they are the same as before. A
/// table of another layout, or one whose rules somebody changed, is replaced in one transaction: no packet ever meets a node without policies.</remarks>
internal sealed class PolicyTarget : ITarget<PolicyKey, PolicyPiece>
{
    private readonly IPolicyTable _table;
    private readonly PolicyReporter _reporter;
    private readonly string _layout;
    private readonly Dictionary<string, HashSet<ObjectKey>> _podsByNamespace = new(StringComparer.Ordinal);
    private PolicyNode _node;
    private PolicyIndex _index = PolicyIndex.Empty;
    private PolicyState _state;
    private bool _isCurrent;
    private bool _tookAway;

    /// <summary>A target for a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="node">This node.</param>
    /// <param name="reporter">Is told what was done.</param>
    public PolicyTarget(IPolicyTable table, PolicyNode node, PolicyReporter reporter)
    {
        _table = table;
        _node = node;
        _reporter = reporter;
        _layout = PolicyLayout.Version(node.Options);
        _state = new PolicyState(node.Options);
    }

    /// <inheritdoc/>
    public string Name => "policies";

    /// <summary>This node as plans see it; the pods whose addresses changed have to be planned again when it is replaced.</summary>
    public PolicyNode Node
    {
        get => Volatile.Read(ref _node);
        set => Volatile.Write(ref _node, value);
    }

    /// <summary>Called when what may have taken permissions away is in the kernel: whoever remembers how packets fared has to forget it.</summary>
    public Action TookAway { get; init; } = static () => { };

    /// <inheritdoc/>
    public IEnumerable<PolicyKey> Keys(ClusterSnapshot cluster)
    {
        _reporter.SeesAll(cluster);
        _index = PolicyIndex.Of(cluster.NetworkPolicies, _index);
        _podsByNamespace.Clear();
        foreach (var pod in cluster.Pods)
        {
            Note(pod.Key);
        }

        return PolicyPlan.Keys(cluster, Node);
    }

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<PolicyKey> keys)
    {
        switch (change.Object)
        {
            case Pod pod:
                Note(pod.Key, isThere: change.After is not null);
                keys.Add(PolicyKey.OfPod(pod.Key));
                break;
            case Namespace item:
                keys.Add(PolicyKey.Table);
                AddPods(keys, item.Metadata.Name, cluster: null);
                AddAttached(keys, item.Metadata.Name);
                _reporter.Sees(cluster, item.Metadata.Name);
                break;
            case NetworkPolicy policy:
                keys.Add(PolicyKey.Table);
                keys.Add(PolicyKey.OfPolicy(policy.Key));
                Reindex(cluster, keys);
                AddPods(keys, policy.Metadata.Namespace, cluster);
                AddAttached(keys, policy.Metadata.Namespace);
                break;
        }
    }

    /// <inheritdoc/>
    public PolicyPiece? Plan(ClusterSnapshot cluster, PolicyKey key, Problems problems)
    {
        // Only where a caller plans without having asked for keys: then everything is made of this snapshot.
        _index = PolicyIndex.Of(cluster.NetworkPolicies, _index);
        return key.Kind switch
        {
            PolicyKeyKind.Table => new TablePiece(_layout, PolicyPlan.IsHooked(cluster, Node.Options)),
            PolicyKeyKind.Policy => PolicyPlan.PlanPolicy(_index, key.Object),
            _ => PolicyPlan.PlanPod(cluster, _index, Node, key.Object),
        };
    }

    /// <inheritdoc/>
    public Task<ValueMap<PolicyKey, PolicyPiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Read());

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<PolicyKey, PolicyPiece> changes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (generation, wasHooked) = (_state.Generation, _state.IsHooked);
        var batch = _state.Change(changes, hasElements: _isCurrent);
        _tookAway |= _state.Generation != generation || (_state.IsHooked && !wasHooked);
        if (!_isCurrent)
        {
            Adopt();
        }
        else if (!batch.IsEmpty)
        {
            _isCurrent = false;
            _reporter.Send(_table, batch);
            _isCurrent = true;
        }

        if (_tookAway)
        {
            TookAway();
            _tookAway = false;
        }

        _reporter.Tell(_state);
        return Task.CompletedTask;
    }

    /// <summary>Whether the pod of these addresses, or whoever CNI gave them to, has them in the table, with its classes. Only for the loop's own thread, when a
    /// pass has ended well.</summary>
    public bool Guards(AttachedPod pod)
    {
        foreach (var address in pod.Addresses)
        {
            if (_state.OwnerOf(address) is not { } owner || (pod.Pod is { } key && (owner.Pod != key || owner.Source != ClaimSource.Cni)))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _table.Remove();
        _state = new PolicyState(Node.Options);
        _isCurrent = false;
        return Task.CompletedTask;
    }

    /// <summary>Makes the table what the state is, from whatever is there.</summary>
    private void Adopt()
    {
        var found = _table.Read();
        if (found is not null && PolicyRuleset.GenerationOf(found) is { } generation and > 0)
        {
            _state.Continue(generation);
        }

        var difference = TableDifference.Of(found, _state.ToTable());
        if (difference.Count > 0)
        {
            _tookAway = true;
            if (difference.IsReplacement)
            {
                _reporter.Replaces(found?.Comment, _layout);
                RaiseAbove(found);
                difference = TableDifference.Of(null, _state.ToTable());
            }
            else
            {
                _state.Raise(difference.Batch);
            }

            _reporter.Send(_table, difference.Batch);
        }

        _isCurrent = true;
        _reporter.Adopted(difference.Count);
    }

    /// <summary>A table that is made anew names its generation itself; what another layout decided is judged again.</summary>
    private void RaiseAbove(NftTable? found)
    {
        if (found is not null)
        {
            _state.Raise(new NftBatch());
        }
    }

    /// <summary>At the start nothing is known: everything is planned, and compared with the table then. Later on the table must be what it was left as.</summary>
    private ValueMap<PolicyKey, PolicyPiece> Read()
    {
        if (!_isCurrent)
        {
            // Apply is called in any case: the table's own key has no piece here.
            return _state.Pieces.ToValueMap();
        }

        var difference = TableDifference.Of(_table.Read(), _state.ToTable());
        _isCurrent = difference.Count == 0;
        var table = new TablePiece(_isCurrent ? _layout : PolicyLayout.Damaged(difference.Count), _state.IsHooked);
        return _state.Pieces.Append(KeyValuePair.Create(PolicyKey.Table, (PolicyPiece)table)).ToValueMap();
    }

    private void Note(ObjectKey pod, bool isThere = true)
    {
        if (!_podsByNamespace.TryGetValue(pod.Namespace, out var pods))
        {
            _podsByNamespace.Add(pod.Namespace, pods = []);
        }

        if (isThere)
        {
            pods.Add(pod);
        }
        else if (pods.Remove(pod) && pods.Count == 0)
        {
            _podsByNamespace.Remove(pod.Namespace);
        }
    }

    /// <summary>Where policies ask for other labels than before, every pod may look different to them.</summary>
    private void Reindex(ClusterSnapshot cluster, ISet<PolicyKey> keys)
    {
        var before = _index;
        _index = PolicyIndex.Of(cluster.NetworkPolicies, before);
        if (!_index.SeesAs(before))
        {
            foreach (var @namespace in _podsByNamespace.Keys)
            {
                AddPods(keys, @namespace, cluster: null);
            }
        }
    }

    /// <summary>Pods of this node that the API may not have told of.</summary>
    private void AddAttached(ISet<PolicyKey> keys, string @namespace)
    {
        foreach (var pod in Node.Attached.Keys)
        {
            if (string.Equals(pod.Namespace, @namespace, StringComparison.Ordinal))
            {
                keys.Add(PolicyKey.OfPod(pod));
            }
        }
    }

    /// <summary>The pods of a namespace; where a cluster is given, those of this node.</summary>
    private void AddPods(ISet<PolicyKey> keys, string @namespace, ClusterSnapshot? cluster)
    {
        if (!_podsByNamespace.TryGetValue(@namespace, out var pods))
        {
            return;
        }

        foreach (var pod in pods)
        {
            if (cluster is null || string.Equals(cluster.Pods.Find(pod)?.NodeName, Node.Name, StringComparison.Ordinal))
            {
                keys.Add(PolicyKey.OfPod(pod));
            }
        }
    }
}
