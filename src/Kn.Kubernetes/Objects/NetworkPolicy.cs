using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
public sealed record NetworkPolicy : KubernetesObject
{
    /// <summary>spec.podSelector: the pods of the policy's namespace that it is about.</summary>
    public LabelSelector PodSelector { get; init; } = LabelSelector.Everything;

    /// <summary>Whether it isolates its pods for ingress: spec.policyTypes says so, or is absent.</summary>
    public bool IsolatesIngress { get; init; } = true;

    /// <summary>Whether it isolates its pods for egress: spec.policyTypes says so, or is absent and there is an egress rule.</summary>
    public bool IsolatesEgress { get; init; }

    /// <summary>spec.ingress; means nothing unless <see cref="IsolatesIngress"/>.</summary>
    public ValueList<NetworkPolicyRule> Ingress { get; init; }

    /// <summary>spec.egress; means nothing unless <see cref="IsolatesEgress"/>.</summary>
    public ValueList<NetworkPolicyRule> Egress { get; init; }
}

/// <summary>An ingress or egress rule: it allows what comes from, or goes to, one of its peers by one of its ports.</summary>
/// <param name="Peers"><c>from</c> or <c>to</c>; empty for everybody.</param>
/// <param name="Ports"><c>ports</c>; empty for all ports of all protocols.</param>
public sealed record NetworkPolicyRule(ValueList<NetworkPolicyPeer> Peers = default, ValueList<NetworkPolicyPort> Ports = default);

/// <summary>A peer: pods by selectors, or addresses. One that has neither, as this version does not know what it says, matches nothing.</summary>
/// <param name="PodSelector">Pods with these labels; null for all pods of the namespaces selected.</param>
/// <param name="NamespaceSelector">In namespaces with these labels; null for the policy's own.</param>
/// <param name="IpBlock">Addresses; excludes the other two.</param>
public sealed record NetworkPolicyPeer(LabelSelector? PodSelector = null, LabelSelector? NamespaceSelector = null, IpBlock? IpBlock = null);

/// <summary>Addresses of a prefix without those of others inside of it.</summary>
/// <param name="Cidr">The prefix.</param>
/// <param name="Except">What is left out.</param>
public sealed record IpBlock(IpPrefix Cidr, ValueList<IpPrefix> Except = default)
{
    /// <summary>Whether the address is one of the block's.</summary>
    public bool Contains(IpAddress address)
    {
        if (!Cidr.Contains(address))
        {
            return false;
        }

        foreach (var prefix in Except)
        {
            if (prefix.Contains(address))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>As <c>10.0.0.0/8 except 10.1.0.0/16</c>.</summary>
    public override string ToString() => Except.IsEmpty ? Cidr.ToString() : $"{Cidr} except {string.Join(", ", (IEnumerable<IpPrefix>)Except)}";
}

/// <summary>Ports that a rule allows.</summary>
/// <param name="Protocol">The protocol, TCP where the object does not say; null for one that this version does not know, which allows nothing.</param>
/// <param name="Port">A port; null with <paramref name="Name"/>, or for all ports of the protocol.</param>
/// <param name="EndPort">The last port of a range that starts at <paramref name="Port"/>; null for one port.</param>
/// <param name="Name">The name of a container's port at the receiving pod; null for none.</param>
public sealed record NetworkPolicyPort(IpProtocol? Protocol = IpProtocol.Tcp, ushort? Port = null, ushort? EndPort = null, string? Name = null);
