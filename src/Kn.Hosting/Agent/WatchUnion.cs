using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Agent;

/// <summary>One watch a kind, whatever is enabled.</summary>
public static class WatchUnion
{
    /// <summary>Stands for the node's name in a module's field selector, which the module cannot know when it names its watches.</summary>
    public const string NodeName = "{node}";

    /// <summary>What covers all requests: where two of a kind differ, all objects of the kind.</summary>
    public static IReadOnlyList<WatchRequest> Of(IEnumerable<WatchRequest> requests, string node) =>
    [
        .. requests
            .Select(request => request with { FieldSelector = request.FieldSelector?.Replace(NodeName, node, StringComparison.Ordinal) })
            .GroupBy(static request => request.Kind)
            .Select(static group => new WatchRequest(group.Key, group.Select(static request => request.FieldSelector).Distinct().Count() == 1 ? group.First().FieldSelector : null)),
    ];
}
