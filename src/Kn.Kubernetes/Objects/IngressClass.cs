namespace Kn.Kubernetes.Objects;

/// <summary>networking.k8s.io/v1 IngressClass.</summary>
public sealed record IngressClass : KubernetesObject
{
    /// <summary>The annotation that marks the class of Ingresses that name none.</summary>
    public const string DefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";

    /// <summary>spec.controller: who serves the class, such as kn.internal/ingress.</summary>
    public string Controller { get; init; } = "";

    /// <summary>Whether Ingresses that name no class are of this one.</summary>
    public bool IsDefault => Metadata.Annotations.TryGetValue(DefaultAnnotation, out var value) && value == "true";
}
