namespace Kn.Lab.Api;

/// <summary>The kinds that the lab itself reads or writes.</summary>
public static class ApiResources
{
    /// <summary>core/v1 Namespace.</summary>
    public static ApiResource Namespaces { get; } = new("", "v1", "namespaces", "Namespace", Namespaced: false);

    /// <summary>core/v1 Node.</summary>
    public static ApiResource Nodes { get; } = new("", "v1", "nodes", "Node", Namespaced: false);

    /// <summary>core/v1 Pod.</summary>
    public static ApiResource Pods { get; } = new("", "v1", "pods", "Pod");

    /// <summary>core/v1 Service.</summary>
    public static ApiResource Services { get; } = new("", "v1", "services", "Service");

    /// <summary>core/v1 Endpoints, the predecessor of EndpointSlice.</summary>
    public static ApiResource Endpoints { get; } = new("", "v1", "endpoints", "Endpoints");

    /// <summary>core/v1 ConfigMap.</summary>
    public static ApiResource ConfigMaps { get; } = new("", "v1", "configmaps", "ConfigMap");

    /// <summary>core/v1 Secret.</summary>
    public static ApiResource Secrets { get; } = new("", "v1", "secrets", "Secret");

    /// <summary>core/v1 Event.</summary>
    public static ApiResource Events { get; } = new("", "v1", "events", "Event");

    /// <summary>apps/v1 Deployment.</summary>
    public static ApiResource Deployments { get; } = new("apps", "v1", "deployments", "Deployment");

    /// <summary>apps/v1 ReplicaSet.</summary>
    public static ApiResource ReplicaSets { get; } = new("apps", "v1", "replicasets", "ReplicaSet");

    /// <summary>apps/v1 DaemonSet.</summary>
    public static ApiResource DaemonSets { get; } = new("apps", "v1", "daemonsets", "DaemonSet");

    /// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
    public static ApiResource EndpointSlices { get; } = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");

    /// <summary>networking.k8s.io/v1 ServiceCIDR.</summary>
    public static ApiResource ServiceCidrs { get; } = new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", Namespaced: false);

    /// <summary>networking.k8s.io/v1 Ingress.</summary>
    public static ApiResource Ingresses { get; } = new("networking.k8s.io", "v1", "ingresses", "Ingress");

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static ApiResource NetworkPolicies { get; } = new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");

    /// <summary>coordination.k8s.io/v1 Lease.</summary>
    public static ApiResource Leases { get; } = new("coordination.k8s.io", "v1", "leases", "Lease");
}
