using Kn.Ingress.Routing;

namespace Kn.Ingress.Tests.Routing;

/// <summary>Finds routes by reading the documentation's sentences one after another, over plain lists.</summary>
internal static class ReferenceRoutes
{
    public static RouteRule? Find(IReadOnlyDictionary<string, HostPiece> hosts, string host, string path)
    {
        // Exact host, else the wildcard of one label, else no host.
        var piece = hosts.GetValueOrDefault(host);
        var labels = host.Split('.');
        if (piece is null && labels.Length > 1 && labels[0].Length > 0)
        {
            piece = hosts.GetValueOrDefault("*." + string.Join('.', labels[1..]));
        }

        var any = hosts.GetValueOrDefault("");
        piece = host.Length == 0 ? any : piece ?? any;
        return FindPath(piece, path) ?? piece?.Fallback ?? any?.Fallback;
    }

    private static RouteRule? FindPath(HostPiece? piece, string path)
    {
        // Longest first, and Exact before Prefix.
        IEnumerable<RouteRule> rules = piece?.Rules ?? default;
        return rules.Where(rule => Matches(rule, path))
            .OrderBy(static rule => rule.Match == PathMatch.Exact ? 0 : 1)
            .ThenByDescending(static rule => rule.Path.Length)
            .FirstOrDefault();
    }

    private static bool Matches(RouteRule rule, string path)
    {
        if (rule.Match == PathMatch.Exact)
        {
            return rule.Path == path;
        }

        var wanted = Elements(rule.Path);
        var has = Elements(path);
        return wanted.Length <= has.Length && wanted.SequenceEqual(has[..wanted.Length]);
    }

    private static string[] Elements(string path) => path.Length == 0 ? [] : path[1..].Split('/');
}
