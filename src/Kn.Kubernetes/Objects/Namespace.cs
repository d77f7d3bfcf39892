namespace Kn.Kubernetes.Objects;

/// <summary>core/v1 Namespace: its labels and annotations are all that matters.</summary>
public sealed record Namespace : KubernetesObject;
