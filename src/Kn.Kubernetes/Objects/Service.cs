using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>core/v1 Service.</summary>
public sealed record Service : KubernetesObject
{
    /// <summary>ClusterIP, NodePort, LoadBalancer or ExternalName.</summary>
    public string Type { get; init; } = "ClusterIP";

    /// <summary>spec.clusterIPs (else spec.clusterIP) that are addresses; empty for headless and ExternalName.</summary>
    public ValueList<IpAddress> ClusterIps { get; init; }

    /// <summary>True when spec.clusterIP is "None".</summary>
    public bool Headless { get; init; }

    /// <summary>spec.ipFamilies.</summary>
    public ValueList<IpFamily> IpFamilies { get; init; }

    /// <summary>spec.ports.</summary>
    public ValueList<ServicePort> Ports { get; init; }

    /// <summary>spec.selector; null when absent (endpoints are somebody else's).</summary>
    public ValueMap<string, string>? Selector { get; init; }

    /// <summary>spec.externalIPs.</summary>
    public ValueList<IpAddress> ExternalIps { get; init; }

    /// <summary>spec.externalName.</summary>
    public string ExternalName { get; init; } = "";

    /// <summary>spec.externalTrafficPolicy is Local.</summary>
    public bool ExternalTrafficPolicyLocal { get; init; }

    /// <summary>spec.internalTrafficPolicy is Local.</summary>
    public bool InternalTrafficPolicyLocal { get; init; }

    /// <summary>Seconds of sessionAffinity ClientIP; null for None. The API's default is 10800.</summary>
    public int? ClientIpAffinitySeconds { get; init; }

    /// <summary>spec.healthCheckNodePort, 0 when none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    /// <summary>spec.publishNotReadyAddresses.</summary>
    public bool PublishNotReadyAddresses { get; init; }

    /// <summary>spec.loadBalancerSourceRanges.</summary>
    public ValueList<IpPrefix> LoadBalancerSourceRanges { get; init; }

    /// <summary>spec.loadBalancerClass.</summary>
    public string? LoadBalancerClass { get; init; }

    /// <summary>spec.loadBalancerIP: the address that is wanted; deprecated, and still how many ask for one.</summary>
    public IpAddress? LoadBalancerIp { get; init; }

    /// <summary>spec.ipFamilyPolicy is RequireDualStack: an address of one family alone is not enough.</summary>
    public bool RequiresDualStack { get; init; }

    /// <summary>spec.trafficDistribution.</summary>
    public string? TrafficDistribution { get; init; }

    /// <summary>status.loadBalancer.ingress entries that have an address.</summary>
    public ValueList<LoadBalancerIngress> LoadBalancerIngress { get; init; }
}

/// <summary>One of a Service's ports.</summary>
/// <param name="Name">Empty when the Service has a single, unnamed port.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">Port of the Service's addresses.</param>
/// <param name="NodePort">Port of the nodes' addresses, 0 when none.</param>
/// <param name="AppProtocol">spec.ports[].appProtocol.</param>
public readonly record struct ServicePort(string Name, IpProtocol Protocol, ushort Port, ushort NodePort, string? AppProtocol = null);

/// <summary>An address that a load balancer gave to a Service.</summary>
/// <param name="Ip">The address.</param>
/// <param name="ProxyMode">ipMode is Proxy: the node must not short-circuit the address.</param>
public readonly record struct LoadBalancerIngress(IpAddress Ip, bool ProxyMode);

/// <summary>Transport protocols of Services and policies; the values are the IP protocol numbers.</summary>
public enum IpProtocol : byte
{
    /// <summary>TCP, the API's default.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}
