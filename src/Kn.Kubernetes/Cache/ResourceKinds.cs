namespace Kn.Kubernetes.Cache;

/// <summary>The kinds that Kn can watch.</summary>
public static class ResourceKinds
{
    /// <summary>core/v1 nodes.</summary>
    public static ResourceKind Nodes { get; } = new("", "v1", "nodes");

    /// <summary>core/v1 pods.</summary>
    public static ResourceKind Pods { get; } = new("", "v1", "pods");

    /// <summary>core/v1 services.</summary>
    public static ResourceKind Services { get; } = new("", "v1", "services");

    /// <summary>core/v1 namespaces.</summary>
    public static ResourceKind Namespaces { get; } = new("", "v1", "namespaces");

    /// <summary>discovery.k8s.io/v1 endpointslices.</summary>
    public static ResourceKind EndpointSlices { get; } = new("discovery.k8s.io", "v1", "endpointslices");

    /// <summary>networking.k8s.io/v1 servicecidrs.</summary>
    public static ResourceKind ServiceCidrs { get; } = new("networking.k8s.io", "v1", "servicecidrs");
}
