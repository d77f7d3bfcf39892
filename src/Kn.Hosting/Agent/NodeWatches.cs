using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Agent;

/// <summary>Fills the node's name into what modules ask to watch.</summary>
public static class NodeWatches
{
    /// <summary>Stands for the node's name in a module's field selector, which the module cannot know when it names its watches:
    /// <c>spec.nodeName={node}</c>.</summary>
    public const string NodeName = "{node}";

    /// <summary>The requests as they are meant on this node.</summary>
    public static IReadOnlyList<WatchRequest> Of(IEnumerable<WatchRequest> requests, string node) =>
        [.. requests.Select(request => request with { FieldSelector = request.FieldSelector?.Replace(NodeName, node, StringComparison.Ordinal) })];
}
