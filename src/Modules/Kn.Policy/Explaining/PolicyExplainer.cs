using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>Says whether policies allow a connection, and which of their rules does: what <c>kn policy explain</c> answers. Pure; reads policies, not the table.</summary>
internal sealed class PolicyExplainer
{
    private readonly ClusterSnapshot _cluster;
    private readonly PolicyOptions _options;
    private readonly PolicyIndex _index;
    private readonly Dictionary<IpAddress, Pod> _pods = [];

    /// <summary>An explainer for a state of the cluster.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="options">The module's options.</param>
    /// <param name="before">An explainer of an earlier state: what has not changed is taken from it.</param>
    public PolicyExplainer(ClusterSnapshot cluster, PolicyOptions options, PolicyExplainer? before = null)
    {
        _cluster = cluster;
        _options = options;
        _index = PolicyIndex.Of(cluster.NetworkPolicies, before?._index ?? PolicyIndex.Empty);
        foreach (var pod in cluster.Pods)
        {
            if (!PolicyPlan.IsSubject(pod))
            {
                continue;
            }

            foreach (var address in pod.PodIps)
            {
                if (!_pods.TryGetValue(address, out var other) || ClaimOf(pod).CompareTo(ClaimOf(other)) < 0)
                {
                    _pods[address] = pod;
                }
            }
        }
    }

    /// <summary>Whether this is its state of the cluster, as far as it matters here.</summary>
    public bool IsOf(ClusterSnapshot cluster) =>
        ReferenceEquals(cluster.Pods, _cluster.Pods) && ReferenceEquals(cluster.NetworkPolicies, _cluster.NetworkPolicies)
        && ReferenceEquals(cluster.Namespaces, _cluster.Namespaces) && ReferenceEquals(cluster.Nodes, _cluster.Nodes);

    /// <summary>What isolates a pod in a direction: policies, the config's default, its namespace's annotation.</summary>
    public (ValueList<ObjectKey> Policies, bool ByConfig, bool ByAnnotation) Isolation(Pod pod, PolicyDirection direction)
    {
        var policies = new List<ObjectKey>();
        foreach (var policy in _index.In(pod.Metadata.Namespace))
        {
            if (policy.Of(direction) is not null && policy.Source.PodSelector.Matches(pod.Metadata.Labels))
            {
                policies.Add(policy.Key);
            }
        }

        return (
            policies.ToValueList(),
            NamespaceIsolation.ByConfig(_options, pod.Metadata.Namespace),
            direction == PolicyDirection.Ingress && NamespaceIsolation.ByAnnotation(_cluster.Namespaces.Find(pod.Metadata.Namespace)));
    }

    /// <summary>The pod that has an address; null where none has.</summary>
    public Pod? PodAt(IpAddress address) => _pods.GetValueOrDefault(address);

    /// <summary>Explains one connection, in both directions.</summary>
    public PolicyExplanation Explain(FlowQuestion question)
    {
        var (source, destination) = (PodAt(question.Source), PodAt(question.Destination));
        var isSelf = source is not null && ReferenceEquals(source, destination);
        return new PolicyExplanation(
            question,
            isSelf ? SideExplanation.Free(SideCause.Self, source!.Key) : Side(PolicyDirection.Egress, source, destination, question.Destination, question),
            isSelf ? SideExplanation.Free(SideCause.Self, source!.Key) : Side(PolicyDirection.Ingress, destination, source, question.Source, question));
    }

    private static AddressClaim ClaimOf(Pod pod) =>
        new(pod.Metadata.DeletionTimestamp is not null, pod.Metadata.CreationTimestamp?.UtcTicks ?? 0, pod.Key);

    private SideExplanation Side(PolicyDirection direction, Pod? subject, Pod? peer, IpAddress peerAddress, FlowQuestion question)
    {
        if (subject is null)
        {
            return SideExplanation.Free(SideCause.NoPod, null);
        }

        if (IsNodeOf(subject, peerAddress) && !(direction == PolicyDirection.Egress && _options.GuardOwnNode))
        {
            return SideExplanation.Free(SideCause.OwnNode, subject.Key);
        }

        var (isolating, byConfig, byAnnotation) = Isolation(subject, direction);
        var allowing = new List<AllowingRule>();
        foreach (var key in isolating)
        {
            foreach (var rule in _index.Find(key)?.Of(direction) ?? default)
            {
                if (Allows(rule, direction, subject, peer, peerAddress, question))
                {
                    allowing.Add(new AllowingRule(key, rule.Number));
                }
            }
        }

        var byNamespace = byConfig || byAnnotation;
        var cause = allowing.Count > 0 ? SideCause.Rule : isolating.Count > 0 || byNamespace ? SideCause.Isolated : SideCause.NotIsolated;
        return new SideExplanation(cause, subject.Key, byNamespace, isolating, allowing.ToValueList());
    }

    private bool IsNodeOf(Pod pod, IpAddress address) =>
        _cluster.Nodes.Find(pod.NodeName) is { } node && (node.InternalIps.Contains(address) || node.ExternalIps.Contains(address));

    private bool Allows(AllowRule rule, PolicyDirection direction, Pod subject, Pod? peer, IpAddress peerAddress, FlowQuestion question)
    {
        var receiver = direction == PolicyDirection.Ingress ? subject : peer;
        if (rule.AnyPeer || IsAmong(rule, peer))
        {
            return rule.AnyPort || HasPort(rule, receiver, question);
        }

        foreach (var block in rule.Blocks)
        {
            if (block.Contains(peerAddress))
            {
                // A name is the receiving pod's: addresses by themselves have none.
                return rule.AnyPort || HasPort(rule, direction == PolicyDirection.Ingress ? subject : null, question);
            }
        }

        return false;
    }

    private bool IsAmong(AllowRule rule, Pod? peer)
    {
        if (peer is null)
        {
            return false;
        }

        var identity = new PeerIdentity(
            peer.Metadata.Namespace, peer.Metadata.Labels, _cluster.Namespaces.Find(peer.Metadata.Namespace)?.Metadata.Labels, default);
        foreach (var pods in rule.Pods)
        {
            if (pods.Matches(identity))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasPort(AllowRule rule, Pod? receiver, FlowQuestion question)
    {
        foreach (var spec in rule.Ports)
        {
            if (spec.Protocol == question.Protocol && (spec.Name is null
                ? spec.First <= question.Port && question.Port <= spec.Last
                : receiver is not null && receiver.Ports.Contains(port => port.Name == spec.Name && port.Protocol == spec.Protocol && port.Port == question.Port)))
            {
                return true;
            }
        }

        return false;
    }
}

file static class PortSearch
{
    internal static bool Contains(this ValueList<ContainerPort> ports, Func<ContainerPort, bool> predicate)
    {
        foreach (var port in ports)
        {
            if (predicate(port))
            {
                return true;
            }
        }

        return false;
    }
}
