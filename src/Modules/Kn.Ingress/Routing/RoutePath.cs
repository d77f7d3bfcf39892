using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Routing;

/// <summary>Spells the paths of rules so that they can be compared byte by byte.</summary>
internal static class RoutePath
{
    /// <summary>The spelling; null for what no request can have: a path that does not begin with a slash, that climbs, or has a query.</summary>
    public static string? Spell(string path, PathMatch match)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        if (bytes.Length == 0 || bytes[0] != '/' || path.Contains('?', StringComparison.Ordinal) || !RequestPath.IsSound(bytes))
        {
            return null;
        }

        var length = RequestPath.Normalize(bytes, bytes);
        while (match == PathMatch.Prefix && length > 0 && bytes[length - 1] == '/')
        {
            length--;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
