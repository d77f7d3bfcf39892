namespace Kn.Lab.Api;

/// <summary>One kind that an API server serves, and where: group and version, the plural in its path, its kind, its scope.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Version">v1.</param>
/// <param name="Plural">The word in the path: pods.</param>
/// <param name="Kind">The word in the object: Pod.</param>
/// <param name="Namespaced">False for objects of the whole cluster.</param>
public sealed record ApiResource(string Group, string Version, string Plural, string Kind, bool Namespaced = true)
{
    /// <summary>What objects of this kind say as apiVersion: v1, apps/v1.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>How messages name the resource: pods, deployments.apps.</summary>
    public string GroupResource { get; } = Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The URL path of the group and version: /api/v1, /apis/apps/v1.</summary>
    public string GroupPath { get; } = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";

    /// <summary>The URL path of a collection, an object or a subresource; no namespace means all of them.</summary>
    public string Path(string? @namespace, string? name = null, string? subresource = null)
    {
        var scope = Namespaced && !string.IsNullOrEmpty(@namespace) ? $"/namespaces/{@namespace}" : "";
        var item = name is null ? "" : "/" + name;
        return $"{GroupPath}{scope}/{Plural}{item}{(subresource is null ? "" : "/" + subresource)}";
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Plural}.{ApiVersion}";
}
