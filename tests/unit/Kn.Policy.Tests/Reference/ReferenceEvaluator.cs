using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Tests.Reference;

/// <summary>What the documentation of networking.k8s.io/v1 NetworkPolicy says, sentence by sentence, without thought of speed. It shares no code with the
/// module: selectors, ports and blocks are matched here once more.</summary>
/// <remarks>Sources: the API reference of NetworkPolicy (the Go documentation of its types) and the concept page "Network Policies".</remarks>
internal sealed class ReferenceEvaluator(ClusterSnapshot cluster, bool defaultDeny = false, params string[] exemptNamespaces)
{
    private const string OldAnnotation = "net.beta.kubernetes.io/network-policy";

    /// <summary>"For a connection from a source pod to a destination pod to be allowed, both the egress policy on the source pod and the ingress policy on
    /// the destination pod need to allow the connection."</summary>
    public ReferenceVerdict Evaluate(Flow flow)
    {
        var (source, destination) = (PodAt(flow.Source), PodAt(flow.Destination));

        // "A Pod cannot block access to itself."
        if (source is not null && source == destination)
        {
            return new ReferenceVerdict(ReferenceSide.Free("self"), ReferenceSide.Free("self"));
        }

        return new ReferenceVerdict(Egress(flow, source, destination), Ingress(flow, source, destination));
    }

    /// <summary>The pod that has the address. Pods of the node's network are the node: "hostNetwork pods … NetworkPolicy behaviour is undefined", and Kn
    /// takes them for the node. A pod that has finished no longer has an address.</summary>
    public Pod? PodAt(IpAddress address) => cluster.Pods
        .Where(static pod => !pod.HostNetwork && pod.Phase != "Succeeded" && pod.Phase != "Failed")
        .SingleOrDefault(pod => pod.PodIps.Contains(address));

    private ReferenceSide Egress(Flow flow, Pod? source, Pod? destination)
    {
        if (source is null)
        {
            return ReferenceSide.Free("no pod");
        }

        // "Traffic to and from the node where a Pod is running is always allowed, regardless of the IP address of the Pod or the node."
        if (IsNodeOf(source, flow.Destination))
        {
            return ReferenceSide.Free("own node");
        }

        var selecting = Policies(source).Where(static policy => policy.IsolatesEgress).ToArray();
        if (selecting.Length == 0 && !IsDeniedByDefault(source))
        {
            return ReferenceSide.Free("not isolated");
        }

        // "The effects of those egress lists combine additively."
        var allowing = new List<(ObjectKey, int)>();
        foreach (var policy in selecting)
        {
            for (var i = 0; i < policy.Egress.Count; i++)
            {
                if (AllowsTo(policy, policy.Egress[i], flow, destination))
                {
                    allowing.Add((policy.Key, i));
                }
            }
        }

        return ReferenceSide.Of(allowing);
    }

    private ReferenceSide Ingress(Flow flow, Pod? source, Pod? destination)
    {
        if (destination is null)
        {
            return ReferenceSide.Free("no pod");
        }

        if (IsNodeOf(destination, flow.Source))
        {
            return ReferenceSide.Free("own node");
        }

        var selecting = Policies(destination).Where(static policy => policy.IsolatesIngress).ToArray();
        if (selecting.Length == 0 && !IsDeniedByDefault(destination) && !HasOldAnnotation(destination))
        {
            return ReferenceSide.Free("not isolated");
        }

        var allowing = new List<(ObjectKey, int)>();
        foreach (var policy in selecting)
        {
            for (var i = 0; i < policy.Ingress.Count; i++)
            {
                if (AllowsFrom(policy, policy.Ingress[i], flow, source, destination))
                {
                    allowing.Add((policy.Key, i));
                }
            }
        }

        return ReferenceSide.Of(allowing);
    }

    /// <summary>"If this field is empty or missing, this rule matches all sources. … If this field is empty or missing, this rule matches all ports."
    /// "Traffic must match both ports and from."</summary>
    private bool AllowsFrom(NetworkPolicy policy, NetworkPolicyRule rule, Flow flow, Pod? source, Pod destination)
    {
        var isPeer = rule.Peers.Count == 0 || rule.Peers.Any(peer => IsPeer(policy, peer, flow.Source, source));
        var isPort = rule.Ports.Count == 0 || rule.Ports.Any(port => IsPort(port, flow, destination));
        return isPeer && isPort;
    }

    /// <summary>A named port is "a port on a pod": where the receiver is meant by its address only, no name is known.</summary>
    private bool AllowsTo(NetworkPolicy policy, NetworkPolicyRule rule, Flow flow, Pod? destination)
    {
        if (rule.Peers.Count == 0)
        {
            return rule.Ports.Count == 0 || rule.Ports.Any(port => IsPort(port, flow, destination));
        }

        foreach (var peer in rule.Peers)
        {
            if (IsPeer(policy, peer, flow.Destination, destination)
                && (rule.Ports.Count == 0 || rule.Ports.Any(port => IsPort(port, flow, peer.IpBlock is null ? destination : null))))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsPeer(NetworkPolicy policy, NetworkPolicyPeer peer, IpAddress address, Pod? pod)
    {
        if (peer.IpBlock is not null)
        {
            // "If this field is set then neither of the other fields can be."
            return peer.PodSelector is null && peer.NamespaceSelector is null
                && IsIn(peer.IpBlock.Cidr, address) && !peer.IpBlock.Except.Any(except => IsIn(except, address));
        }

        if (pod is null)
        {
            return false;
        }

        if (peer.NamespaceSelector is null)
        {
            // "Otherwise it selects the pods matching podSelector in the policy's own namespace."
            return peer.PodSelector is not null
                && pod.Metadata.Namespace == policy.Metadata.Namespace
                && Selects(peer.PodSelector, pod.Metadata.Labels);
        }

        // "If podSelector is also set, then … the pods matching podSelector in the namespaces selected by namespaceSelector. Otherwise it selects all pods in
        // the namespaces selected by namespaceSelector."
        return cluster.Namespaces.Find(pod.Metadata.Namespace) is { } own
            && Selects(peer.NamespaceSelector, own.Metadata.Labels)
            && (peer.PodSelector is null || Selects(peer.PodSelector, pod.Metadata.Labels));
    }

    /// <summary>"If not specified, this field defaults to TCP." "If this field is not provided, this matches all port names and numbers." "endPort indicates that
    /// the range of ports from port to endPort if set, inclusive, should be allowed. Cannot be defined if the port field is not defined or if the port field
    /// is defined as a named (string) port. Must be equal or greater than port."</summary>
    private static bool IsPort(NetworkPolicyPort port, Flow flow, Pod? receiver)
    {
        if (port.Protocol is null || port.Protocol != flow.Protocol)
        {
            return false;
        }

        if (port.Name is not null)
        {
            return port.EndPort is null && receiver is not null
                && receiver.Ports.Any(own => own.Name == port.Name && own.Protocol == port.Protocol && own.Port == flow.Port);
        }

        if (port.Port is null)
        {
            return port.EndPort is null;
        }

        return port.EndPort is null ? flow.Port == port.Port : port.Port <= flow.Port && flow.Port <= port.EndPort;
    }

    /// <summary>"podSelector selects the pods to which this NetworkPolicy object applies … in the policy's namespace. An empty selector matches all pods."</summary>
    private IEnumerable<NetworkPolicy> Policies(Pod pod) => cluster.NetworkPolicies
        .Where(policy => policy.Metadata.Namespace == pod.Metadata.Namespace && Selects(policy.PodSelector, pod.Metadata.Labels))
        .OrderBy(static policy => policy.Metadata.Name, StringComparer.Ordinal);

    private bool IsDeniedByDefault(Pod pod) => defaultDeny && !exemptNamespaces.Contains(pod.Metadata.Namespace);

    private bool HasOldAnnotation(Pod pod) =>
        cluster.Namespaces.Find(pod.Metadata.Namespace)?.Metadata.Annotations.Find(OldAnnotation)?.Replace(" ", "", StringComparison.Ordinal) == """{"ingress":{"isolation":"DefaultDeny"}}""";

    private bool IsNodeOf(Pod pod, IpAddress address) => cluster.Nodes.Find(pod.NodeName)?.InternalIps.Contains(address) == true;

    /// <summary>"The requirements are ANDed." "NotIn: … the label key has none of the values, or is absent."</summary>
    private static bool Selects(LabelSelector selector, ValueMap<string, string> labels) =>
        selector.MatchLabels.All(wanted => labels.ContainsKey(wanted.Key) && labels[wanted.Key] == wanted.Value)
        && selector.MatchExpressions.All(requirement =>
        {
            var value = labels.ContainsKey(requirement.Key) ? labels[requirement.Key] : null;
            return requirement.Operator switch
            {
                LabelOperator.In => value is not null && requirement.Values.Contains(value),
                LabelOperator.NotIn => value is null || !requirement.Values.Contains(value),
                LabelOperator.Exists => value is not null,
                LabelOperator.DoesNotExist => value is null,
                _ => false,
            };
        });

    private static bool IsIn(IpPrefix prefix, IpAddress address)
    {
        if (prefix.Family != address.Family)
        {
            return false;
        }

        var (network, asked) = (prefix.Address.ToBytes(), address.ToBytes());
        for (var bit = 0; bit < prefix.Length; bit++)
        {
            var mask = 0x80 >> (bit % 8);
            if ((network[bit / 8] & mask) != (asked[bit / 8] & mask))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A connection as it is after a Service's translation; without a protocol, one that has no ports (ICMP).</summary>
internal sealed record Flow(IpAddress Source, IpAddress Destination, IpProtocol? Protocol, ushort Port);

/// <summary>What the documentation says of a connection.</summary>
internal sealed record ReferenceVerdict(ReferenceSide Egress, ReferenceSide Ingress)
{
    public bool IsAllowed => Egress.IsAllowed && Ingress.IsAllowed;
}

/// <summary>What it says of one end, and which rules of which policies allow it.</summary>
internal sealed record ReferenceSide(bool IsAllowed, string Because, ValueList<(ObjectKey Policy, int Rule)> Allowing)
{
    public static ReferenceSide Free(string because) => new(true, because, default);

    public static ReferenceSide Of(List<(ObjectKey, int)> allowing) => new(allowing.Count > 0, allowing.Count > 0 ? "rule" : "isolated", allowing.ToValueList());
}
