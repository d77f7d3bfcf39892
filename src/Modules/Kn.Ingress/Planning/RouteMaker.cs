using Kn.Hosting.Metrics;
using Kn.Ingress.Features;
using Kn.Ingress.Patterns;
using Kn.Ingress.Routing;
using Kn.Ingress.Traffic;

namespace Kn.Ingress.Planning;

/// <summary>Makes routes of rules. What is the same is made once, and outlives changes of everything else: counts of clients, passwords that were right.
/// For one thread.</summary>
/// <param name="upstreams">Finds where a backend's requests go.</param>
/// <param name="registry">Gets what is counted of hosts and Services; null for nobody who reads it.</param>
/// <param name="most">How many hosts, and Services, are told of each by itself.</param>
internal sealed class RouteMaker(Func<BackendRef, Upstream> upstreams, MetricRegistry? registry = null, int most = 0)
{
    private const int FewFeatures = 64;
    private readonly Dictionary<(string Origin, RouteSettings Settings), RouteFeatures> _features = [];
    private readonly Dictionary<(string Origin, LimitSettings Settings), ClientLimits> _limits = [];
    private readonly TrafficLedger _hosts = new("host", registry, most);
    private readonly TrafficLedger _services = new("service", registry, most);
    private int _forgetAt = FewFeatures;

    /// <summary>A rule's route, of any host.</summary>
    public Route Make(RouteRule rule) => Make(rule, "");

    /// <summary>A rule's route.</summary>
    public Route Make(RouteRule rule, string host) => new(rule, rule.Backend is { } backend ? Find(backend) : null)
    {
        Traffic = registry is null ? null : _hosts.Of(host.Length == 0 ? "*" : host),
        Features = rule.Settings == RouteSettings.None ? null : FeaturesOf(rule.Origin, rule.Settings),
        Pattern = rule.Match == PathMatch.Pattern ? Pattern.ForStart(rule.Path, ignoresCase: true) : null,
        Canary = rule.Canary is { } canary ? new RouteCanary(new CanaryRules(canary.Settings), canary.Backend is { } other ? Find(other) : null) : null,
    };

    /// <summary>Forgets what no host has any more, now and then.</summary>
    public void Forget(IEnumerable<HostPiece> hosts)
    {
        if (_features.Count < _forgetAt)
        {
            return;
        }

        var used = new HashSet<(string Origin, RouteSettings Settings)>();
        foreach (var host in hosts)
        {
            used.UnionWith(host.AllRules.Select(static rule => (rule.Origin, rule.Settings)));
        }

        foreach (var key in _features.Keys.Where(key => !used.Contains(key)).ToList())
        {
            _features.Remove(key);
        }

        var limited = new HashSet<(string Origin, LimitSettings Settings)>();
        foreach (var (origin, settings) in _features.Keys)
        {
            if (settings.Limits is { } limits)
            {
                limited.Add((origin, limits));
            }
        }

        foreach (var key in _limits.Keys.Where(key => !limited.Contains(key)).ToList())
        {
            _limits.Remove(key);
        }

        _forgetAt = Math.Max(FewFeatures, _features.Count * 2);
    }

    private Upstream Find(BackendRef backend)
    {
        var upstream = upstreams(backend);
        upstream.Traffic ??= registry is null ? null : _services.Of(backend.Service.ToString());
        return upstream;
    }

    private RouteFeatures FeaturesOf(string origin, RouteSettings settings)
    {
        if (!_features.TryGetValue((origin, settings), out var features))
        {
            features = new RouteFeatures(settings, settings.Limits is { } limits ? LimitsOf(origin, limits) : null, settings.ForwardAuth?.Service is { } service ? Find(service) : null);
            _features.Add((origin, settings), features);
        }

        return features;
    }

    private ClientLimits LimitsOf(string origin, LimitSettings settings)
    {
        if (!_limits.TryGetValue((origin, settings), out var limits))
        {
            _limits.Add((origin, settings), limits = new ClientLimits(settings));
        }

        return limits;
    }
}
