using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Http;

/// <summary>What a URL path names: /apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE and its shorter forms.</summary>
/// <param name="Kind">The kind of PLURAL.</param>
/// <param name="Namespace">Empty for all namespaces and for objects of the cluster.</param>
/// <param name="Name">Null for the collection.</param>
/// <param name="Subresource">Null for the object itself.</param>
internal sealed record ResourcePath(ResourceKind Kind, string Namespace, string? Name, string? Subresource)
{
    /// <summary>Reads the segments after the leading slash; null when they name no kind that is served.</summary>
    public static ResourcePath? Parse(ReadOnlySpan<string> segments, KindCatalog kinds)
    {
        if (segments is ["api", var coreVersion, .. var core])
        {
            return Parse("", coreVersion, core, kinds);
        }

        return segments is ["apis", var group, var version, .. var rest] ? Parse(group, version, rest, kinds) : null;
    }

    private static ResourcePath? Parse(string group, string version, ReadOnlySpan<string> rest, KindCatalog kinds)
    {
        var @namespace = "";
        if (rest is ["namespaces", var scope, var inside, ..] && inside is not ("status" or "finalize"))
        {
            @namespace = scope;
            rest = rest[2..];
        }

        if (rest is [] or { Length: > 3 } || kinds.Find(group, version, rest[0]) is not { } kind || (@namespace.Length > 0 && !kind.Resource.Namespaced))
        {
            return null;
        }

        return new ResourcePath(kind, @namespace, rest.Length > 1 ? rest[1] : null, rest.Length > 2 ? rest[2] : null);
    }
}
