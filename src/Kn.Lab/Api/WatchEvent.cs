using System.Text.Json.Nodes;

namespace Kn.Lab.Api;

/// <summary>What a watch says about one object.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED or BOOKMARK; ERROR is thrown as <see cref="ApiException"/>.</param>
/// <param name="Object">The object after the change, or its last state when it was deleted.</param>
public readonly record struct WatchEvent(string Type, JsonObject Object);

/// <summary>The whole of a list at one resourceVersion.</summary>
/// <param name="ResourceVersion">Where a watch goes on from.</param>
/// <param name="Items">The objects, with apiVersion and kind filled in.</param>
public sealed record ApiList(string ResourceVersion, IReadOnlyList<JsonObject> Items);

/// <summary>How a PATCH body is to be read.</summary>
public enum PatchKind
{
    /// <summary>RFC 7386.</summary>
    Merge,

    /// <summary>RFC 6902.</summary>
    Json,

    /// <summary>Kubernetes' merge that knows the keys of lists.</summary>
    Strategic,
}
