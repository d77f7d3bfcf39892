using Kn.Hosting.Reconciling;
using Kn.Ingress.Patterns;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>A host's routes while Ingresses add to them, the oldest first.</summary>
internal sealed class HostDraft(string host, TlsRedirect redirect, Problems problems)
{
    private readonly Dictionary<(string Path, PathMatch Match), (RouteRule Rule, IngressObject From)> _rules = [];
    private RouteRule? _fallback;
    private RouteRule? _redirect;

    /// <summary>What an Ingress asks for this host.</summary>
    public void Add(IngressPlan plan)
    {
        var ingress = plan.Ingress;
        foreach (var rule in ingress.Rules)
        {
            if (!IsMeant(plan, rule))
            {
                continue;
            }

            foreach (var path in rule.Paths)
            {
                Add(plan, path);
            }
        }

        _fallback ??= ingress.DefaultBackend is { } backend && IsMeantAtAll(plan)
            ? new RouteRule("", PathMatch.Prefix, BackendOf(plan, backend), plan.Origin) { Settings = plan.Settings, TlsRedirect = redirect.IsWantedBy(ingress) }
            : null;
        foreach (var (from, to) in plan.WwwHosts)
        {
            if (from == host)
            {
                _redirect ??= new RouteRule("", PathMatch.Prefix, null, plan.Origin) { Settings = RouteSettings.None with { Redirect = new RedirectSettings(308, $"$scheme://{to}$request_uri") } };
            }
        }
    }

    /// <summary>What a canary asks: some requests of rules that others have.</summary>
    public void AddCanary(IngressPlan plan)
    {
        foreach (var rule in plan.Ingress.Rules)
        {
            foreach (var path in IsMeant(plan, rule) ? rule.Paths : default)
            {
                if (SpellOf(plan, path) is { } key)
                {
                    AddCanary(plan, path, key);
                }
            }
        }
    }

    /// <summary>The routes. In the same order each time: pieces are compared.</summary>
    /// <param name="last">Where requests go that nobody else takes; null for nowhere.</param>
    public HostPiece ToPiece(RouteRule? last)
    {
        var fallback = _fallback ?? (_rules.Count == 0 ? _redirect : null) ?? last;
        return new HostPiece(
            _rules.Values.Select(static entry => entry.Rule).OrderBy(static rule => rule.Path, StringComparer.Ordinal).ThenBy(static rule => (int)rule.Match).ToValueList(),
            fallback);
    }

    private void AddCanary(IngressPlan plan, IngressPath path, (string Path, PathMatch Match) key)
    {
        if (!_rules.TryGetValue(key, out var main) && !_rules.TryGetValue(key with { Match = key.Match == PathMatch.Pattern ? PathMatch.Prefix : PathMatch.Pattern }, out main))
        {
            problems.Add(plan.Ingress, $"path '{path.Path}' is a canary of nothing: no other Ingress has it for {(host.Length == 0 ? "every host" : host)}");
        }
        else if (main.Rule.Canary is { } taken)
        {
            problems.Add(plan.Ingress, $"path '{path.Path}' has a canary already, of {taken.Origin}");
        }
        else
        {
            _rules[(main.Rule.Path, main.Rule.Match)] = (main.Rule with { Canary = new CanaryRule(BackendOf(plan, path.Backend), plan.Canary!, plan.Origin) }, main.From);
        }
    }

    private void Add(IngressPlan plan, IngressPath path)
    {
        if (SpellOf(plan, path) is not { } key)
        {
            return;
        }

        if (_rules.TryGetValue(key, out var taken))
        {
            if (taken.From.Key != plan.Ingress.Key)
            {
                problems.Add(plan.Ingress, $"path '{path.Path}' is not served: the older {IngressPlan.OriginOf(taken.From)} has it");
            }

            return;
        }

        _rules.Add(key, (new RouteRule(key.Path, key.Match, BackendOf(plan, path.Backend), plan.Origin) { Settings = plan.Settings, TlsRedirect = redirect.IsWantedBy(plan.Ingress) }, plan.Ingress));
    }

    /// <summary>The path as requests are compared with it; null for one that no request can have.</summary>
    private (string Path, PathMatch Match)? SpellOf(IngressPlan plan, IngressPath path)
    {
        if (path.Type != IngressPathType.Exact && plan.UsesPatterns && path.Path.Length > 0)
        {
            try
            {
                // Made to be read; requests get one of their own.
                _ = Pattern.ForStart(path.Path, ignoresCase: true);
                return (path.Path, PathMatch.Pattern);
            }
            catch (PatternException exception)
            {
                problems.Add(plan.Ingress, exception.Message);
                return null;
            }
        }

        var match = path.Type == IngressPathType.Exact ? PathMatch.Exact : PathMatch.Prefix;
        if (RoutePath.Spell(path.Path.Length == 0 ? "/" : path.Path, match) is { } spelt)
        {
            return (spelt, match);
        }

        problems.Add(plan.Ingress, $"path '{path.Path}' can match no request: it must begin with a slash and have no '..', query or half percent-encoding");
        return null;
    }

    private BackendRef? BackendOf(IngressPlan plan, IngressBackend backend)
    {
        if (backend.Resource is { } resource)
        {
            problems.Add(plan.Ingress, $"backend {resource} is no Service: requests for it get 503");
            return null;
        }

        if (backend.Service.Length == 0 || (backend.PortNumber is null && backend.PortName is null))
        {
            problems.Add(plan.Ingress, "a backend names no Service, or none of its ports: requests for it get 503");
            return null;
        }

        return new BackendRef(new ObjectKey(plan.Ingress.Metadata.Namespace, backend.Service), backend.PortNumber ?? 0, backend.PortName ?? "")
        {
            Protocol = plan.Settings.Protocol,
            Tls = BackendScheme.TlsOf(plan.Ingress, backend.Service),
        };
    }

    private bool IsMeant(IngressPlan plan, IngressRule rule) => string.Equals(rule.Host, host, StringComparison.OrdinalIgnoreCase) || (rule.Host.Length > 0 && plan.Aliases.Contains(host));

    /// <summary>Whether it has rules for the host, or none at all; a host that only redirects gets no default backend.</summary>
    private bool IsMeantAtAll(IngressPlan plan) => plan.Ingress.Rules.IsEmpty || plan.Ingress.Rules.Any(rule => IsMeant(plan, rule));
}
