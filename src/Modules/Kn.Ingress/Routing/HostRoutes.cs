using System.Text;
using Kn.Ingress.Patterns;

namespace Kn.Ingress.Routing;

/// <summary>A host's routes, ready to be found; never changed once they are made.</summary>
/// <remarks>A path is looked up whole among the exact ones, and then with each of its first elements among the prefixes: as many look-ups as the
/// longest prefix has elements, whatever the number of routes. Patterns are tried one after another, the longest text first; a prefix that is longer
/// than a pattern's text comes before it.</remarks>
internal sealed class HostRoutes
{
    private readonly ByteTable<Route> _exact;
    private readonly ByteTable<Route> _prefixes;
    private readonly Route[] _patterns;
    private readonly int _deepest;

    /// <summary>Routes of a host.</summary>
    /// <param name="piece">What they are.</param>
    /// <param name="make">Makes a route of a rule.</param>
    public HostRoutes(HostPiece piece, Func<RouteRule, Route> make)
    {
        var exact = new List<KeyValuePair<byte[], Route>>();
        var prefixes = new List<KeyValuePair<byte[], Route>>();
        var patterns = new List<Route>();
        foreach (var rule in piece.Rules)
        {
            var path = Encoding.UTF8.GetBytes(rule.Path);
            switch (rule.Match)
            {
                case PathMatch.Exact:
                    exact.Add(new(path, make(rule)));
                    break;
                case PathMatch.Prefix:
                    prefixes.Add(new(path, make(rule)));
                    _deepest = Math.Max(_deepest, path.AsSpan().Count((byte)'/'));
                    break;
                default:
                    patterns.Add(make(rule));
                    break;
            }
        }

        _exact = new ByteTable<Route>(exact);
        _prefixes = new ByteTable<Route>(prefixes);
        _patterns = [.. patterns.OrderByDescending(static route => route.Rule.Path.Length).ThenBy(static route => route.Rule.Path, StringComparer.Ordinal)];
        Fallback = piece.Fallback is { } fallback ? make(fallback) : null;
    }

    /// <summary>Where requests go that no rule matches.</summary>
    public Route? Fallback { get; }

    /// <summary>The route of a path as <see cref="Http.RequestPath.Normalize"/> spells it: exact first, then the longest; null where none matches.</summary>
    /// <param name="path">The path.</param>
    /// <param name="scratch">Room for patterns.</param>
    /// <param name="places">Gets the captures of the route's pattern, where it has one.</param>
    public Route? Find(ReadOnlySpan<byte> path, PatternScratch scratch, Span<int> places)
    {
        if (_exact.Count > 0 && _exact.Find(path) is { } exact)
        {
            return exact;
        }

        var prefix = _prefixes.Count == 0 ? null : FindPrefix(path);
        foreach (var route in _patterns)
        {
            if (prefix is not null && prefix.Rule.Path.Length > route.Rule.Path.Length)
            {
                break;
            }

            if (route.Pattern!.IsMatch(path, scratch, places))
            {
                return route;
            }
        }

        return prefix;
    }

    private Route? FindPrefix(ReadOnlySpan<byte> path)
    {
        var hash = ByteTable<Route>.Seed;
        var longest = _prefixes.Find(default, hash);
        var depth = 0;
        for (var index = 0; index < path.Length; index++)
        {
            if (path[index] == '/' && index > 0)
            {
                longest = _prefixes.Find(path[..index], hash) ?? longest;
                if (++depth >= _deepest)
                {
                    return longest;
                }
            }

            hash = ByteTable<Route>.Step(hash, path[index]);
        }

        return _prefixes.Find(path, hash) ?? longest;
    }
}
