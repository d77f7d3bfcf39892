using System.Diagnostics;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Drives the table <c>inet kn-proxy</c> to what the cluster's Services ask for.</summary>
/// <remarks>A restart reads the table, adopts every Service port that is whole, and changes only what differs. A table of another
/// layout, or one whose rules somebody changed, is replaced in one transaction: nobody ever sees a node without Services.</remarks>
internal sealed class ServiceProxyTarget : ITarget<ProxyKey, ProxyPiece>
{
    private readonly IProxyTable _table;
    private readonly ProxyTargetObserver _observer;
    private readonly string _layout;
    private ProxyNode _node;
    private ProxyNode? _plannedFor;
    private readonly StaleFlows _staleFlows = new();
    private TableState _state = TableState.Empty();
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;

    /// <summary>A target for a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="node">This node.</param>
    /// <param name="observer">Is told what was done.</param>
    public ServiceProxyTarget(IProxyTable table, ProxyNode node, ProxyTargetObserver observer)
    {
        _table = table;
        _node = node;
        _observer = observer;
        _layout = ProxyLayout.Version(node.Options);
    }

    /// <inheritdoc/>
    public string Name => "services";

    /// <summary>This node as plans see it; replaced when its links' addresses change. All keys have to be planned again then.</summary>
    public ProxyNode Node
    {
        get => Volatile.Read(ref _node);
        set => Volatile.Write(ref _node, value);
    }

    /// <summary>Reads the addresses of the node's links; null when the plan does not depend on them.</summary>
    public Func<ValueList<IpAddress>>? ReadLinkAddresses { get; init; }

    /// <summary>Is told of the state that is in the kernel now; null where nobody waits for it.</summary>
    public Action<ClusterSnapshot>? Programmed { get; init; }

    /// <summary>Deletes flows after a batch and says how many; null where nobody wants that.</summary>
    public Func<FlowVerdicts, int>? ForgetFlows { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ProxyKey> Keys(ClusterSnapshot cluster)
    {
        _cluster = cluster;
        var keys = ServiceProxyPlan.Keys(cluster).ToArray();
        _staleFlows.NoteAll(keys);
        _observer.Surveyed(cluster);
        return keys;
    }

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<ProxyKey> keys)
    {
        _cluster = cluster;
        var affected = new HashSet<ProxyKey>();
        ServiceProxyPlan.AddAffectedKeys(cluster, Node, change, affected);
        _staleFlows.Note(change, affected);
        _observer.Told(cluster, change, affected);
        keys.UnionWith(affected);
    }

    /// <inheritdoc/>
    public ProxyPiece? Plan(ClusterSnapshot cluster, ProxyKey key, Problems problems) => key.Kind switch
    {
        ProxyKeyKind.Table => new TablePiece(_layout),
        ProxyKeyKind.Node => ServiceProxyPlan.PlanNode(cluster, Node),
        ProxyKeyKind.ServicePort => ServiceProxyPlan.PlanServicePort(cluster, Node, key, problems),
        _ => null,
    };

    /// <inheritdoc/>
    public bool PlansMayDiffer => _plannedFor != Node;

    /// <inheritdoc/>
    public Task<ValueMap<ProxyKey, ProxyPiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Read());

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<ProxyKey, ProxyPiece> changes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var batch = _state.Change(changes);
        var start = Stopwatch.GetTimestamp();
        Send(batch);
        _observer.Applied(batch, _state, Stopwatch.GetElapsedTime(start));
        _observer.Changed(changes);
        _staleFlows.Note(changes);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Settled()
    {
        _plannedFor = Node;
        _observer.Settled();
        Programmed?.Invoke(_cluster);
        Forget();
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _table.Remove();
        _state = TableState.Empty();
        return Task.CompletedTask;
    }

    private void Send(ProxyBatch batch)
    {
        if (batch.IsEmpty)
        {
            return;
        }

        try
        {
            _table.Apply(batch);
        }
        catch (NftException)
        {
            _observer.Refused();
            throw;
        }
    }

    /// <summary>After the batch: what is deleted before it could come back by the old table.</summary>
    private void Forget()
    {
        if (_staleFlows.Take(_cluster, Node, _state) is not { } stale || ForgetFlows is null)
        {
            return;
        }

        try
        {
            var start = Stopwatch.GetTimestamp();
            _observer.FlowsForgotten(ForgetFlows(stale), Stopwatch.GetElapsedTime(start));
        }
        catch (LinuxException exception)
        {
            // The table is right; reading it again would not bring the flows' deletion back.
            _observer.FlowsKept(exception.Message);
        }
    }

    private ValueMap<ProxyKey, ProxyPiece> Read()
    {
        _observer.Reading();
        if (ReadLinkAddresses is not null)
        {
            Node = Node with { LinkAddresses = ReadLinkAddresses() };
        }

        var before = _state;
        _state = TableState.Empty();
        if (_table.Read() is not { } content)
        {
            return default;
        }

        if (!string.Equals(content.Layout, _layout, StringComparison.Ordinal))
        {
            _observer.WillReplace(content.Layout, _layout);
            return ValueMap.Of<ProxyKey, ProxyPiece>((ProxyKey.Table, new TablePiece(content.Layout)));
        }

        (_state, var pieces) = TableAdoption.Adopt(content, before);
        _observer.Adopted(_state, pieces);
        return pieces;
    }
}
