namespace Kn.Kubernetes.Cache;

/// <summary>What changed since the consumer last asked.</summary>
/// <param name="Snapshot">The cluster after exactly these changes.</param>
/// <param name="Changes">One for each object that changed, of the kinds subscribed to; in no particular order.</param>
public sealed record ChangeSet(ClusterSnapshot Snapshot, IReadOnlyList<ObjectChange> Changes);
