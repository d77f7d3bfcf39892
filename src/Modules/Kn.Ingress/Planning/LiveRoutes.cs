using Kn.Hosting.Metrics;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>The routes that requests follow now. Written by the control plane, one change at a time; read by every thread without a lock.</summary>
internal sealed class LiveRoutes
{
    /// <summary>From so many changes on the table is made anew: each single one copies its array.</summary>
    private const int BulkFrom = 64;

    private readonly Lock _lock = new();
    private readonly Upstreams _upstreams = new();
    private readonly Dictionary<string, HostPiece> _hosts = [];
    private readonly Dictionary<string, HostRoutes> _routes = [];
    private readonly Dictionary<ObjectKey, ServicePiece> _services = [];
    private readonly Dictionary<string, ValueList<IpAddress>> _resolved = [];
    private readonly RouteMaker _maker;
    private RouteTable _current = RouteTable.Empty;

    /// <summary>No routes.</summary>
    /// <param name="registry">Gets what is counted of hosts and Services; null for nobody who reads it.</param>
    /// <param name="most">How many of each are told of by themselves.</param>
    public LiveRoutes(MetricRegistry? registry = null, int most = 0) => _maker = new RouteMaker(_upstreams.Get, registry, most);

    /// <summary>The table now.</summary>
    public RouteTable Current => Volatile.Read(ref _current);

    /// <summary>What the routes were made of.</summary>
    public ValueMap<RouteKey, RoutePiece> Pieces
    {
        get
        {
            lock (_lock)
            {
                var pieces = new Dictionary<RouteKey, RoutePiece>(_hosts.Count + _services.Count);
                foreach (var (host, piece) in _hosts)
                {
                    pieces.Add(RouteKey.Of(host), piece);
                }

                foreach (var (service, piece) in _services)
                {
                    pieces.Add(RouteKey.Of(service), piece);
                }

                return pieces.ToValueMap();
            }
        }
    }

    /// <summary>How many endpoints requests can go to.</summary>
    public int EndpointCount
    {
        get
        {
            lock (_lock)
            {
                return _upstreams.EndpointCount;
            }
        }
    }

    /// <summary>A host's routes, as they were planned; null where there are none.</summary>
    public HostPiece? PieceOf(string host)
    {
        lock (_lock)
        {
            return _hosts.GetValueOrDefault(host);
        }
    }

    /// <summary>Where a backend's requests go, in text.</summary>
    public IReadOnlyList<string> EndpointsOf(BackendRef backend)
    {
        lock (_lock)
        {
            return _services.TryGetValue(backend.Service, out var piece)
                ? [.. WithAddresses(piece).Find(backend).Select(static endpoint => new UpstreamEndpoint(endpoint.Address, endpoint.Port).ToString())]
                : [];
        }
    }

    /// <summary>Names outside that Services stand for.</summary>
    public IReadOnlySet<string> ExternalNames
    {
        get
        {
            lock (_lock)
            {
                return _services.Values.Where(static piece => piece.ExternalName.Length > 0).Select(static piece => piece.ExternalName).ToHashSet();
            }
        }
    }

    /// <summary>Is called when Services may stand for other names than before.</summary>
    public Action? OnNames { get; set; }

    /// <summary>A name outside has these addresses from now on.</summary>
    public void Resolved(string name, ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            if (_resolved.TryGetValue(name, out var known) && known == addresses)
            {
                return;
            }

            _resolved[name] = addresses;
            foreach (var (service, piece) in _services)
            {
                if (piece.ExternalName == name)
                {
                    _upstreams.Set(service, WithAddresses(piece));
                }
            }
        }
    }

    /// <summary>Makes changes: Services get their endpoints before routes lead to them, and lose them after.</summary>
    public void Apply(IReadOnlyList<Change<RouteKey, RoutePiece>> changes)
    {
        lock (_lock)
        {
            foreach (var change in changes)
            {
                if (change is { Key.Host: null, After: ServicePiece piece })
                {
                    _services[change.Key.Service] = piece;
                    _upstreams.Set(change.Key.Service, WithAddresses(piece));
                }
            }

            ApplyHosts([.. changes.Where(static change => change.Key.Host is not null)]);
            foreach (var change in changes)
            {
                if (change is { Key.Host: null, After: null })
                {
                    _services.Remove(change.Key.Service);
                    _upstreams.Set(change.Key.Service, null);
                }
            }
        }

        if (changes.Any(static change => change.Before is ServicePiece { ExternalName.Length: > 0 } || change.After is ServicePiece { ExternalName.Length: > 0 }))
        {
            OnNames?.Invoke();
        }
    }

    private ServicePiece WithAddresses(ServicePiece piece) =>
        piece.ExternalName.Length == 0 ? piece : piece with { Addresses = _resolved.GetValueOrDefault(piece.ExternalName) };

    private void ApplyHosts(List<Change<RouteKey, RoutePiece>> changes)
    {
        var table = _current;
        foreach (var change in changes)
        {
            var host = change.Key.Host ?? "";
            var routes = default(HostRoutes);
            if (change.After is HostPiece piece)
            {
                routes = new HostRoutes(piece, rule => _maker.Make(rule, host));
                _hosts[host] = piece;
                _routes[host] = routes;
            }
            else
            {
                _hosts.Remove(host);
                _routes.Remove(host);
            }

            table = changes.Count < BulkFrom ? table.With(host, routes) : table;
        }

        Volatile.Write(ref _current, changes.Count < BulkFrom ? table : RouteTable.Of(_routes));
        _maker.Forget(_hosts.Values);
        Forget(changes);
    }

    /// <summary>Only where something was led to before can there be something that is no longer led to.</summary>
    private void Forget(List<Change<RouteKey, RoutePiece>> changes)
    {
        var candidates = new HashSet<BackendRef>();
        foreach (var change in changes)
        {
            AddBackends(change.Before as HostPiece, candidates);
        }

        foreach (var change in changes)
        {
            var kept = new HashSet<BackendRef>();
            AddBackends(change.After as HostPiece, kept);
            candidates.ExceptWith(kept);
        }

        if (candidates.Count == 0)
        {
            return;
        }

        var used = new HashSet<BackendRef>();
        foreach (var piece in _hosts.Values)
        {
            AddBackends(piece, used);
        }

        _upstreams.Forget(upstream => used.Contains(upstream.Name));
    }

    private static void AddBackends(HostPiece? piece, HashSet<BackendRef> backends)
    {
        foreach (var rule in piece?.AllRules ?? [])
        {
            foreach (var backend in (BackendRef?[])[rule.Backend, rule.Canary?.Backend, rule.Settings.ForwardAuth?.Service])
            {
                if (backend is { } named)
                {
                    backends.Add(named);
                }
            }
        }
    }
}
