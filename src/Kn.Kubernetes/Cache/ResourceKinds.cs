using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Cache;

/// <summary>The kinds that Kn can watch.</summary>
public static class ResourceKinds
{
    /// <summary>core/v1 Node.</summary>
    public static ResourceKind<Node> Nodes { get; } =
        new(0, ("", "v1", "nodes", "Node", false), static s => s.Nodes, NodeJson.Read, NodeJson.Write);

    /// <summary>core/v1 Pod.</summary>
    public static ResourceKind<Pod> Pods { get; } =
        new(1, ("", "v1", "pods", "Pod", true), static s => s.Pods, PodJson.Read, PodJson.Write);

    /// <summary>core/v1 Service.</summary>
    public static ResourceKind<Service> Services { get; } =
        new(2, ("", "v1", "services", "Service", true), static s => s.Services, ServiceJson.Read, ServiceJson.Write);

    /// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
    public static ResourceKind<EndpointSlice> EndpointSlices { get; } =
        new(3, ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true), static s => s.EndpointSlices, EndpointSliceJson.Read, EndpointSliceJson.Write);

    /// <summary>core/v1 Namespace.</summary>
    public static ResourceKind<Namespace> Namespaces { get; } =
        new(4, ("", "v1", "namespaces", "Namespace", false), static s => s.Namespaces, NamespaceJson.Read, NamespaceJson.Write);

    /// <summary>networking.k8s.io/v1 ServiceCIDR; servers before 1.33 do not have it by default.</summary>
    public static ResourceKind<ServiceCidr> ServiceCidrs { get; } =
        new(5, ("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false), static s => s.ServiceCidrs, ServiceCidrJson.Read, ServiceCidrJson.Write) { IsOptional = true };

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static ResourceKind<NetworkPolicy> NetworkPolicies { get; } =
        new(6, ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true), static s => s.NetworkPolicies, NetworkPolicyJson.Read, NetworkPolicyJson.Write);

    /// <summary>networking.k8s.io/v1 Ingress.</summary>
    public static ResourceKind<Ingress> Ingresses { get; } =
        new(7, ("networking.k8s.io", "v1", "ingresses", "Ingress", true), static s => s.Ingresses, IngressJson.Read, IngressJson.Write);

    /// <summary>networking.k8s.io/v1 IngressClass.</summary>
    public static ResourceKind<IngressClass> IngressClasses { get; } =
        new(8, ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false), static s => s.IngressClasses, IngressClassJson.Read, IngressClassJson.Write);

    /// <summary>core/v1 Secret; ask for one type of them only.</summary>
    public static ResourceKind<Secret> Secrets { get; } =
        new(9, ("", "v1", "secrets", "Secret", true), static s => s.Secrets, SecretJson.Read, SecretJson.Write) { IsConfidential = true };

    /// <summary>All of them, by <see cref="ResourceKind.Index"/>.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } = [Nodes, Pods, Services, EndpointSlices, Namespaces, ServiceCidrs, NetworkPolicies, Ingresses, IngressClasses, Secrets];

    /// <summary>The kind of an object.</summary>
    /// <exception cref="ArgumentException">An object of a kind that is not among <see cref="All"/>.</exception>
    public static ResourceKind Of(KubernetesObject item) => item switch
    {
        Node => Nodes,
        Pod => Pods,
        Service => Services,
        EndpointSlice => EndpointSlices,
        Namespace => Namespaces,
        ServiceCidr => ServiceCidrs,
        NetworkPolicy => NetworkPolicies,
        Ingress => Ingresses,
        IngressClass => IngressClasses,
        Secret => Secrets,
        _ => throw new ArgumentException($"no kind for {item.GetType().Name}", nameof(item)),
    };
}
