using Kn.Kubernetes.Cache;

namespace Kn.Kubernetes.Storage;

/// <summary>What a snapshot file held.</summary>
/// <param name="Snapshot">The objects.</param>
/// <param name="Kinds">The kinds that were complete when it was written; one without objects is among them too.</param>
/// <param name="Skipped">Objects that this version could not decode.</param>
public sealed record SavedSnapshot(ClusterSnapshot Snapshot, IReadOnlySet<ResourceKind> Kinds, int Skipped);
