using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Health;

/// <summary>Opens and closes health check ports. One that somebody else has is an Event and is tried again with each pass; the others
/// do not suffer.</summary>
internal sealed class HealthCheckTarget(HealthSockets sockets, Func<ProxyNode> node, HealthCheckObserver observer) : ITarget<ObjectKey, HealthCheckPiece>
{
    private readonly Dictionary<ObjectKey, HealthCheckPiece> _pieces = [];
    private readonly ConcurrentDictionary<ushort, (ObjectKey Service, HealthCheckPiece Piece)> _byPort = [];
    private readonly HashSet<IPEndPoint> _failing = [];

    /// <inheritdoc/>
    public string Name => "healthChecks";

    /// <summary>Where the node's own health is asked for; null for nowhere.</summary>
    public IPEndPoint? NodeEndPoint { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ObjectKey> Keys(ClusterSnapshot cluster) =>
        cluster.Services.Where(static service => service.HealthCheckNodePort != 0).Select(static service => service.Key);

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<ObjectKey> keys)
    {
        switch (change.Object)
        {
            case Service service:
                keys.Add(service.Key);
                break;
            case EndpointSlice:
                Add(keys, (change.Before as EndpointSlice)?.Service);
                Add(keys, (change.After as EndpointSlice)?.Service);
                break;
            case Node changed when changed.Metadata.Name == node().Name:
                keys.UnionWith(Keys(cluster));
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public HealthCheckPiece? Plan(ClusterSnapshot cluster, ObjectKey key, Problems problems) => HealthCheckPlan.Plan(cluster, node(), key);

    /// <inheritdoc/>
    public Task<ValueMap<ObjectKey, HealthCheckPiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(_pieces.ToValueMap());

    /// <inheritdoc/>
    public async Task ApplyAsync(Changes<ObjectKey, HealthCheckPiece> changes, CancellationToken cancellationToken)
    {
        foreach (var (key, before, after) in changes.All)
        {
            if (before is not null)
            {
                _byPort.TryRemove(KeyValuePair.Create(before.Port, (key, before)));
            }

            _pieces.Remove(key);
            if (after is not null)
            {
                _pieces[key] = after;
                _byPort[after.Port] = (key, after);
            }
        }

        foreach (var endPoint in sockets.Open.Except(Wanted()).ToArray())
        {
            await sockets.RemoveAsync(endPoint);
        }
    }

    /// <summary>Opens what is not open: new ports, and those that failed.</summary>
    public void Settled()
    {
        _failing.IntersectWith(Wanted().ToArray());
        foreach (var endPoint in Wanted().Except(sockets.Open).ToArray())
        {
            try
            {
                sockets.Add(endPoint);
                _failing.Remove(endPoint);
            }
            catch (SocketException exception)
            {
                if (_failing.Add(endPoint))
                {
                    observer.Failed(ServiceOf(endPoint), endPoint, exception.Message);
                }
            }
        }

        observer.FailingPorts(_failing.Count);
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var endPoint in sockets.Open.ToArray())
        {
            await sockets.RemoveAsync(endPoint);
        }
    }

    /// <summary>The Service of a port, and how many endpoints of the family are ready on this node; null for no Service's port. Thread-safe.</summary>
    public (ObjectKey Service, int LocalEndpoints)? Find(IPEndPoint asked) => _byPort.TryGetValue((ushort)asked.Port, out var found)
        ? (found.Service, asked.AddressFamily == AddressFamily.InterNetwork ? found.Piece.LocalEndpoints4 : found.Piece.LocalEndpoints6)
        : null;

    private IEnumerable<IPEndPoint> Wanted()
    {
        var wanted = _byPort.Values.SelectMany(static entry => entry.Piece.EndPoints());
        return NodeEndPoint is null ? wanted : wanted.Prepend(NodeEndPoint);
    }

    private ObjectKey? ServiceOf(IPEndPoint endPoint) => _byPort.TryGetValue((ushort)endPoint.Port, out var found) ? found.Service : null;

    private static void Add(ISet<ObjectKey> keys, ObjectKey? key)
    {
        if (key is { } known)
        {
            keys.Add(known);
        }
    }
}

/// <summary>Is told of ports that cannot be opened. This one ignores it.</summary>
internal class HealthCheckObserver
{
    /// <summary>A port could not be opened, told once while it lasts.</summary>
    /// <param name="service">Whose port; null for the node's own.</param>
    /// <param name="endPoint">Where.</param>
    /// <param name="error">Why not.</param>
    public virtual void Failed(ObjectKey? service, IPEndPoint endPoint, string error)
    {
    }

    /// <summary>How many ports are not open that should be.</summary>
    public virtual void FailingPorts(int count)
    {
    }
}
