using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Http2;

/// <summary>One thread's connections to backends that speak HTTP/2. Each carries many requests, so there are few.</summary>
internal sealed class Http2Upstreams(Worker worker)
{
    private readonly Dictionary<UpstreamEndpoint, List<Http2UpstreamConnection>> _connections = [];

    /// <summary>A stream to an endpoint: of a connection that has room, or of a new one.</summary>
    /// <returns>Null when none can be begun.</returns>
    public Http2UpstreamStream? Begin(UpstreamEndpoint endpoint)
    {
        if (!_connections.TryGetValue(endpoint, out var connections))
        {
            _connections.Add(endpoint, connections = []);
        }

        var limit = Http2UpstreamConnection.MaxStreams;
        foreach (var connection in connections)
        {
            limit = Math.Min(limit, connection.Limit);
            if (connection.HasRoom)
            {
                return connection.BeginStream();
            }
        }

        if (Http2UpstreamConnection.Begin(worker, endpoint, limit) is not { } made)
        {
            return null;
        }

        connections.Add(made);
        return made.BeginStream();
    }

    /// <summary>No more streams go to a connection. Safe to repeat.</summary>
    public void Remove(Http2UpstreamConnection connection)
    {
        if (_connections.TryGetValue(connection.Endpoint, out var connections) && connections.Remove(connection) && connections.Count == 0)
        {
            _connections.Remove(connection.Endpoint);
        }
    }
}
