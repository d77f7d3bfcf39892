using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>core/v1 Node.</summary>
public sealed record Node : KubernetesObject
{
    /// <summary>spec.podCIDRs, else spec.podCIDR: at most one of each family.</summary>
    public ValueList<IpPrefix> PodCidrs { get; init; }

    /// <summary>status.addresses of type InternalIP, in the API's order.</summary>
    public ValueList<IpAddress> InternalIps { get; init; }

    /// <summary>status.addresses of type ExternalIP, in the API's order.</summary>
    public ValueList<IpAddress> ExternalIps { get; init; }

    /// <summary>spec.unschedulable.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>The keys of spec.taints.</summary>
    public ValueList<string> TaintKeys { get; init; }

    /// <summary>True when the condition Ready is "True".</summary>
    public bool Ready { get; init; }
}
