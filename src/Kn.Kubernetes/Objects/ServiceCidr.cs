using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>networking.k8s.io/v1 ServiceCIDR: where ClusterIPs are taken from.</summary>
public sealed record ServiceCidr : KubernetesObject
{
    /// <summary>spec.cidrs.</summary>
    public ValueList<IpPrefix> Cidrs { get; init; }
}
