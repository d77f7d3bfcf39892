using Kn.Kubernetes.Cache;

namespace Kn.Kubernetes.Informers;

/// <summary>One watch a kind, wide enough for everybody who asked.</summary>
internal static class WatchUnion
{
    /// <summary>A kind that was asked for with different selectors is watched without one.</summary>
    public static IReadOnlyList<WatchRequest> Of(IEnumerable<WatchRequest> requests) =>
        [.. requests
            .GroupBy(static request => request.Kind)
            .Select(static group => new WatchRequest(group.Key, group.Select(static request => request.FieldSelector).Distinct().Count() == 1 ? group.First().FieldSelector : null))
            .OrderBy(static request => request.Kind.Index)];
}
