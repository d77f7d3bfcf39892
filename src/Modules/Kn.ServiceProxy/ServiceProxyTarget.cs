using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
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
    private TableState _state = TableState.Empty();

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

    /// <inheritdoc/>
    public IEnumerable<ProxyKey> Keys(ClusterSnapshot cluster) => ServiceProxyPlan.Keys(cluster);

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<ProxyKey> keys) =>
        ServiceProxyPlan.AddAffectedKeys(cluster, Node, change, keys);

    /// <inheritdoc/>
    public ProxyPiece? Plan(ClusterSnapshot cluster, ProxyKey key, Problems problems) => key.Kind switch
    {
        ProxyKeyKind.Table => new TablePiece(_layout),
        ProxyKeyKind.Node => ServiceProxyPlan.PlanNode(cluster, Node),
        ProxyKeyKind.ServicePort => ServiceProxyPlan.PlanServicePort(cluster, Node, key, problems),
        _ => null,
    };

    /// <inheritdoc/>
    public Task<ValueMap<ProxyKey, ProxyPiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Read());

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<ProxyKey, ProxyPiece> changes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var batch = _state.Change(changes);
        if (!batch.IsEmpty)
        {
            _table.Apply(batch);
        }

        _observer.Applied(batch, _state);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        _table.Remove();
        _state = TableState.Empty();
        return Task.CompletedTask;
    }

    private ValueMap<ProxyKey, ProxyPiece> Read()
    {
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
        _observer.Adopted(_state, pieces.Find(ProxyKey.Strays) as StrayPiece);
        return pieces;
    }
}
