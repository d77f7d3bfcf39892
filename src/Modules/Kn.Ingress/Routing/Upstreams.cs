using Kn.Ingress.Planning;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Routing;

/// <summary>All upstreams and endpoints, each once, so that what is known of one (connections, failures, requests that wait) outlives the routes
/// and lists that it is in. For one thread; what it hands out is for all.</summary>
internal sealed class Upstreams
{
    private readonly Dictionary<ObjectKey, Dictionary<BackendRef, Upstream>> _byService = [];
    private readonly Dictionary<ObjectKey, ServicePiece> _pieces = [];
    private readonly Dictionary<(IpAddress Address, ushort Port, UpstreamTls? Tls), Held> _endpoints = [];

    /// <summary>How many endpoints there are.</summary>
    public int EndpointCount => _endpoints.Count;

    /// <summary>The upstream of a name; made when there is none yet.</summary>
    public Upstream Get(BackendRef name)
    {
        if (!_byService.TryGetValue(name.Service, out var ports))
        {
            _byService.Add(name.Service, ports = []);
        }

        if (!ports.TryGetValue(name, out var upstream))
        {
            upstream = new Upstream(name);
            ports.Add(name, upstream);
            Fill(upstream, _pieces.GetValueOrDefault(name.Service));
        }

        return upstream;
    }

    /// <summary>A Service's endpoints are these from now on; null for a Service that there is not.</summary>
    public void Set(ObjectKey service, ServicePiece? piece)
    {
        if (piece is null)
        {
            _pieces.Remove(service);
        }
        else
        {
            _pieces[service] = piece;
        }

        if (_byService.TryGetValue(service, out var ports))
        {
            foreach (var upstream in ports.Values)
            {
                Fill(upstream, piece);
            }
        }
    }

    /// <summary>Forgets upstreams that no route leads to.</summary>
    /// <param name="isUsed">Whether one is led to.</param>
    public void Forget(Func<Upstream, bool> isUsed)
    {
        List<ObjectKey> empty = [];
        foreach (var (service, ports) in _byService)
        {
            foreach (var upstream in ports.Values.ToList())
            {
                if (!isUsed(upstream))
                {
                    Fill(upstream, null);
                    ports.Remove(upstream.Name);
                }
            }

            if (ports.Count == 0)
            {
                empty.Add(service);
            }
        }

        empty.ForEach(service => _byService.Remove(service));
    }

    private void Fill(Upstream upstream, ServicePiece? piece)
    {
        var before = upstream.Endpoints;
        var after = piece is null ? default : piece.Find(upstream.Name);
        var endpoints = new UpstreamEndpoint[after.Count];
        for (var index = 0; index < endpoints.Length; index++)
        {
            endpoints[index] = Take(after[index], upstream.Name.Tls);
        }

        upstream.Set(endpoints);
        foreach (var endpoint in before)
        {
            GiveBack(endpoint);
        }
    }

    private UpstreamEndpoint Take(EndpointAddress address, UpstreamTls? tls)
    {
        var key = (address.Address, address.Port, tls);
        if (!_endpoints.TryGetValue(key, out var held))
        {
            held = new Held(new UpstreamEndpoint(address.Address, address.Port, tls));
            _endpoints.Add(key, held);
        }

        held.Users++;
        return held.Endpoint;
    }

    private void GiveBack(UpstreamEndpoint endpoint)
    {
        var key = (endpoint.Address, endpoint.Port, endpoint.Tls);
        if (_endpoints.TryGetValue(key, out var held) && --held.Users == 0)
        {
            endpoint.IsRetired = true;
            _endpoints.Remove(key);
        }
    }

    private sealed class Held(UpstreamEndpoint endpoint)
    {
        public UpstreamEndpoint Endpoint => endpoint;

        public int Users { get; set; }
    }
}
