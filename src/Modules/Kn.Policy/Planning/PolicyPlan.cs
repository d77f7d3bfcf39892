using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>What each policy and each pod asks of the table. Pure.</summary>
internal static class PolicyPlan
{
    /// <summary>Every key that may have a piece.</summary>
    public static IEnumerable<PolicyKey> Keys(ClusterSnapshot cluster, PolicyNode node)
    {
        yield return PolicyKey.Table;
        foreach (var key in node.Attached.Keys)
        {
            if (cluster.Pods.Find(key) is null)
            {
                yield return PolicyKey.OfPod(key);
            }
        }

        foreach (var policy in cluster.NetworkPolicies)
        {
            yield return PolicyKey.OfPolicy(policy.Key);
        }

        foreach (var pod in cluster.Pods)
        {
            yield return PolicyKey.OfPod(pod.Key);
        }
    }

    /// <summary>Whether policies apply to the pod at all, as subject or as peer: it has a network of its own, and has not finished.</summary>
    /// <remarks>A pod that is being deleted runs on until it has stopped, and so do its policies. Pods in the node's network are the node, which
    /// policies know by its address only.</remarks>
    public static bool IsSubject(Pod pod) => !pod.HostNetwork && pod.Phase is not ("Succeeded" or "Failed");

    /// <summary>Whether packets have to be looked at: a policy exists, or something else isolates pods. Where connections may outlive their permission, it
    /// must be known of each when it began.</summary>
    public static bool IsHooked(ClusterSnapshot cluster, PolicyOptions options) =>
        cluster.NetworkPolicies.Count > 0 || options.DefaultDeny.Enabled || !options.CutConnections || cluster.Namespaces.Any(NamespaceIsolation.ByAnnotation);

    /// <summary>The rules of a policy; null where it has none, or is gone.</summary>
    public static RulesPiece? PlanPolicy(PolicyIndex index, ObjectKey key) =>
        index.Find(key) is { } policy && (policy.Ingress ?? default, policy.Egress ?? default) is var (ingress, egress) && !(ingress.IsEmpty && egress.IsEmpty)
            ? new RulesPiece(ingress, egress)
            : null;

    /// <summary>A pod; null where policies do not apply to it, or it has no address yet.</summary>
    public static PodPiece? PlanPod(ClusterSnapshot cluster, PolicyIndex index, PolicyNode node, ObjectKey key)
    {
        if (key.Namespace.Length == 0)
        {
            return PlanStranger(node, key);
        }

        if (cluster.Pods.Find(key) is not { } pod)
        {
            return PlanUnheard(cluster, index, node, key);
        }

        if (!IsSubject(pod))
        {
            return null;
        }

        var isLocal = string.Equals(pod.NodeName, node.Name, StringComparison.Ordinal);
        var attached = isLocal ? AttachedTo(pod, node) : default;
        var addresses = AddressesOf(pod, attached);
        if (addresses.IsEmpty)
        {
            return null;
        }

        var @namespace = cluster.Namespaces.Find(key.Namespace);
        return new PodPiece(
            addresses,
            index.IdentityOf(pod, @namespace),
            isLocal ? new LocalPod(ClassOf(index, node, pod, @namespace, PolicyDirection.Ingress), ClassOf(index, node, pod, @namespace, PolicyDirection.Egress)) : null,
            new AddressClaim(pod.Metadata.DeletionTimestamp is not null, pod.Metadata.CreationTimestamp?.UtcTicks ?? 0, key))
        {
            Attached = attached,
        };
    }

    /// <summary>Whether nothing isolates a namespace's pods, whatever their labels are. A namespace that is not known may be isolated.</summary>
    public static bool IsOpen(ClusterSnapshot cluster, PolicyIndex index, PolicyOptions options, string @namespace) =>
        cluster.Namespaces.Find(@namespace) is { } item
        && index.In(@namespace).Count == 0
        && !NamespaceIsolation.Holds(options, @namespace, item, PolicyDirection.Ingress)
        && !NamespaceIsolation.Holds(options, @namespace, item, PolicyDirection.Egress);

    /// <summary>A container that is no pod: no selector matches it, and no policy selects it.</summary>
    private static PodPiece? PlanStranger(PolicyNode node, ObjectKey key)
    {
        var isIsolated = NamespaceIsolation.ByConfig(node.Options, key.Namespace);
        return PlanUnknown(node, key, isIsolated, ClaimSource.Stranger);
    }

    /// <summary>A pod of this node that the API has not told of. Where its labels would decide what it may, it gets nothing.</summary>
    private static PodPiece? PlanUnheard(ClusterSnapshot cluster, PolicyIndex index, PolicyNode node, ObjectKey key) =>
        IsOpen(cluster, index, node.Options, key.Namespace) ? PlanUnknown(node, key, isIsolated: false, ClaimSource.Cni) : null;

    /// <summary>No selector matches what has no namespace, not even one that asks for the absence of a label.</summary>
    private static PodPiece? PlanUnknown(PolicyNode node, ObjectKey key, bool isIsolated, ClaimSource source)
    {
        var addresses = node.Attached.Find(key).SelectMany(static item => (IEnumerable<IpAddress>)item.Addresses).Distinct().Order().ToValueList();
        return addresses.IsEmpty ? null : new PodPiece(
            addresses,
            new PeerIdentity("", default, null, default),
            new LocalPod(
                isIsolated ? new PolicyClass(PolicyDirection.Ingress, default, default) : null,
                isIsolated ? new PolicyClass(PolicyDirection.Egress, default, default) : null),
            new AddressClaim(IsLeaving: false, 0, key) { Source = source });
    }

    /// <summary>The addresses that CNI gave to this very pod: one of the same name may have gone before it.</summary>
    private static ValueList<IpAddress> AttachedTo(Pod pod, PolicyNode node)
    {
        var all = node.Attached.Find(pod.Key);
        return all.IsEmpty ? default : all.Where(item => item.Is(pod)).SelectMany(static item => (IEnumerable<IpAddress>)item.Addresses).ToValueList();
    }

    private static ValueList<IpAddress> AddressesOf(Pod pod, ValueList<IpAddress> attached) => attached.IsEmpty && pod.PodIps.Count == 1
        ? pod.PodIps
        : pod.PodIps.Concat(attached).Distinct().Order().ToValueList();

    private static PolicyClass? ClassOf(PolicyIndex index, PolicyNode node, Pod pod, Namespace? @namespace, PolicyDirection direction)
    {
        var isIsolated = NamespaceIsolation.Holds(node.Options, pod.Metadata.Namespace, @namespace, direction);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var policies = new List<ObjectKey>();
        foreach (var policy in index.In(pod.Metadata.Namespace))
        {
            if (policy.Of(direction) is not { } rules || !policy.Source.PodSelector.Matches(pod.Metadata.Labels))
            {
                continue;
            }

            isIsolated = true;
            if (!rules.IsEmpty)
            {
                policies.Add(policy.Key);
                AddNames(rules, names);
            }
        }

        return isIsolated
            ? new PolicyClass(direction, policies.ToValueList(), direction == PolicyDirection.Ingress ? PolicyIndex.NamedPorts(pod, names) : default)
            : null;
    }

    private static void AddNames(ValueList<AllowRule> rules, HashSet<string> names)
    {
        foreach (var rule in rules)
        {
            foreach (var port in rule.Ports)
            {
                if (port.Name is { } name)
                {
                    names.Add(name);
                }
            }
        }
    }
}
