using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Leases;

/// <summary>coordination.k8s.io/v1 Lease, as leader election uses it. It is read and written one by one, and never cached.</summary>
public sealed record Lease : KubernetesObject
{
    /// <summary>spec.holderIdentity; empty when nobody leads.</summary>
    public string Holder { get; init; } = "";

    /// <summary>spec.leaseDurationSeconds: others wait this long after the last change that they saw.</summary>
    public int DurationSeconds { get; init; }

    /// <summary>spec.acquireTime: when the holder began to lead, by its own clock.</summary>
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>spec.renewTime: when the holder last renewed, by its own clock.</summary>
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary>spec.leaseTransitions: how often the holder has changed.</summary>
    public int Transitions { get; init; }
}
