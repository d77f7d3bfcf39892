namespace Kn.Kubernetes.Cache;

/// <summary>A kind that a consumer of the cache needs.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="FieldSelector">Only objects that match, such as spec.nodeName=n1; null for all.</param>
public sealed record WatchRequest(ResourceKind Kind, string? FieldSelector = null);
