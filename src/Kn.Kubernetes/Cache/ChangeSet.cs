namespace Kn.Kubernetes.Cache;

/// <summary>What changed since the consumer last asked.</summary>
/// <param name="Snapshot">The cluster after exactly these changes.</param>
/// <param name="Changes">One for each object that changed, of the kinds subscribed to; in no particular order.</param>
/// <param name="ReceivedAt">When the first of them came in by a watch, as the clock's timestamp (<see cref="TimeProvider.GetTimestamp"/>); null
/// where none did.</param>
public sealed record ChangeSet(ClusterSnapshot Snapshot, IReadOnlyList<ObjectChange> Changes, long? ReceivedAt = null);
