using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>A rule of a policy, made plain: absent and empty fields are told apart, the policy's own namespace is named, what matches nothing is gone.</summary>
/// <param name="Number">Its place in the policy, from 0.</param>
/// <param name="AnyPeer">Whether it is for everybody; then there are no peers.</param>
/// <param name="Pods">Pods that it is for.</param>
/// <param name="Blocks">Addresses that it is for.</param>
/// <param name="AnyPort">Whether it is for every packet whatever its protocol; then there are no ports.</param>
/// <param name="Ports">Ports that it allows.</param>
internal sealed record AllowRule(
    int Number, bool AnyPeer, ValueList<PodPeer> Pods, ValueList<IpBlock> Blocks, bool AnyPort, ValueList<PortSpec> Ports);

/// <summary>Pods by selectors.</summary>
/// <param name="Namespace">The only namespace they may be in; null where <paramref name="NamespaceSelector"/> says it, or any will do.</param>
/// <param name="NamespaceSelector">The namespaces they may be in; null where <paramref name="Namespace"/> says it, or any will do.</param>
/// <param name="PodSelector">Their labels.</param>
internal sealed record PodPeer(string? Namespace, LabelSelector? NamespaceSelector, LabelSelector PodSelector)
{
    /// <summary>Every pod of the cluster, those of namespaces that are not known too.</summary>
    public static PodPeer Everybody { get; } = new(null, null, LabelSelector.Everything);

    /// <summary>Whether it means all pods of all namespaces that are known: an empty namespaceSelector by itself.</summary>
    public bool IsEveryPod => NamespaceSelector == LabelSelector.Everything && PodSelector == LabelSelector.Everything;

    /// <summary>Whether a pod is one of them. Of a namespace that is not known nothing is assumed: no selector matches it.</summary>
    public bool Matches(PeerIdentity pod) => IsInNamespace(pod) && PodSelector.Matches(pod.PodLabels);

    private bool IsInNamespace(PeerIdentity pod) => NamespaceSelector is null
        ? Namespace is null || string.Equals(pod.Namespace, Namespace, StringComparison.Ordinal)
        : pod.NamespaceLabels is { } labels && NamespaceSelector.Matches(labels);
}

/// <summary>Ports of a protocol: by number, or by the name that the receiving pod gives them.</summary>
/// <param name="Protocol">The protocol.</param>
/// <param name="First">The first port.</param>
/// <param name="Last">The last port.</param>
/// <param name="Name">The name in place of the numbers; null for numbers.</param>
internal readonly record struct PortSpec(IpProtocol Protocol, ushort First, ushort Last, string? Name = null);

/// <summary>A port that a container declares by name.</summary>
internal readonly record struct NamedPort(string Name, IpProtocol Protocol, ushort Port) : IComparable<NamedPort>
{
    /// <inheritdoc/>
    public int CompareTo(NamedPort other)
    {
        var byName = string.CompareOrdinal(Name, other.Name);
        var byProtocol = byName != 0 ? byName : Protocol.CompareTo(other.Protocol);
        return byProtocol != 0 ? byProtocol : Port.CompareTo(other.Port);
    }
}
