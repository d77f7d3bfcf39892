using System.Text;

namespace Kn.Ingress.Routing;

/// <summary>One host's routes, ready to be found; never changed once they are made.</summary>
/// <remarks>A path is looked up whole among the exact ones, and then with each of its first elements among the prefixes: as many look-ups as the
/// longest prefix has elements, whatever the number of routes.</remarks>
internal sealed class HostRoutes
{
    private readonly ByteTable<Route> _exact;
    private readonly ByteTable<Route> _prefixes;
    private readonly int _deepest;

    /// <summary>Routes of a host.</summary>
    /// <param name="piece">What they are.</param>
    /// <param name="find">Finds where a rule leads.</param>
    public HostRoutes(HostPiece piece, Func<BackendRef, Upstream> find)
    {
        var exact = new List<KeyValuePair<byte[], Route>>();
        var prefixes = new List<KeyValuePair<byte[], Route>>();
        foreach (var rule in piece.Rules)
        {
            var path = Encoding.UTF8.GetBytes(rule.Path);
            (rule.Match == PathMatch.Exact ? exact : prefixes).Add(new(path, ToRoute(rule, find)));
            _deepest = Math.Max(_deepest, rule.Match == PathMatch.Exact ? 0 : path.AsSpan().Count((byte)'/'));
        }

        _exact = new ByteTable<Route>(exact);
        _prefixes = new ByteTable<Route>(prefixes);
        Fallback = piece.Fallback is { } fallback ? ToRoute(fallback, find) : null;
    }

    /// <summary>Where requests go that no rule matches.</summary>
    public Route? Fallback { get; }

    /// <summary>The route of a path as <see cref="Http.RequestPath.Normalize"/> spells it: exact before prefix, the longest prefix first; null where none
    /// matches.</summary>
    public Route? Find(ReadOnlySpan<byte> path)
    {
        if (_exact.Count > 0 && _exact.Find(path) is { } exact)
        {
            return exact;
        }

        if (_prefixes.Count == 0)
        {
            return null;
        }

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

    private static Route ToRoute(RouteRule rule, Func<BackendRef, Upstream> find) => new(rule, rule.Backend is { } backend ? find(backend) : null);
}
