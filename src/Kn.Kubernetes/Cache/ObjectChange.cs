using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>What became of one object between two snapshots. Several events of one object are folded into one change.</summary>
/// <param name="Before">The object as the earlier snapshot had it; null when it is new.</param>
/// <param name="After">The object as the later snapshot has it; null when it is gone.</param>
public readonly record struct ObjectChange(KubernetesObject? Before, KubernetesObject? After)
{
    /// <summary>The state after the change, or before it for a deleted object.</summary>
    /// <exception cref="InvalidOperationException">Neither is there.</exception>
    public KubernetesObject Object => After ?? Before ?? throw new InvalidOperationException("a change of nothing");
}
