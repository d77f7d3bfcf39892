using Kn.Ingress.Routing;

namespace Kn.Ingress.Proxying;

/// <summary>One thread's connections to backends that wait for a request. The one that was used last is used next: the others may age away.</summary>
internal sealed class UpstreamPool(ProxySettings settings)
{
    private readonly Dictionary<UpstreamEndpoint, List<UpstreamConnection>> _kept = [];

    /// <summary>How many are kept.</summary>
    public int Count { get; private set; }

    /// <summary>A connection that is there.</summary>
    /// <param name="endpoint">Whom to.</param>
    /// <param name="since">Only one that was used at this time or later.</param>
    public UpstreamConnection? Take(UpstreamEndpoint endpoint, long since)
    {
        if (!_kept.TryGetValue(endpoint, out var connections) || connections.Count == 0 || connections[^1].KeptSince < since)
        {
            return null;
        }

        var connection = connections[^1];
        connections.RemoveAt(connections.Count - 1);
        Count--;
        connection.IsReused = true;
        connection.Deadline = long.MaxValue;
        return connection;
    }

    /// <summary>Keeps a connection whose request is answered.</summary>
    public void Keep(UpstreamConnection connection, long now)
    {
        connection.Owner = null;
        if (!_kept.TryGetValue(connection.Endpoint, out var connections))
        {
            _kept.Add(connection.Endpoint, connections = []);
        }

        if (connections.Count >= settings.KeptPerEndpoint || connection.Endpoint.IsRetired || connection.HasEnded)
        {
            connection.Close();
            return;
        }

        connection.KeptSince = now;
        connection.Deadline = now + settings.KeepTimeout;
        connections.Add(connection);
        Count++;
    }

    /// <summary>Closes a connection that is kept.</summary>
    public void Drop(UpstreamConnection connection)
    {
        if (_kept.TryGetValue(connection.Endpoint, out var connections) && connections.Remove(connection))
        {
            Count--;
        }

        connection.Close();
    }

    /// <summary>Closes connections to endpoints that no route leads to any more.</summary>
    public void Sweep()
    {
        List<UpstreamEndpoint>? gone = null;
        foreach (var (endpoint, connections) in _kept)
        {
            if (endpoint.IsRetired)
            {
                Count -= connections.Count;
                connections.ForEach(static connection => connection.Close());
                connections.Clear();
            }

            if (connections.Count == 0)
            {
                (gone ??= []).Add(endpoint);
            }
        }

        gone?.ForEach(endpoint => _kept.Remove(endpoint));
    }
}
