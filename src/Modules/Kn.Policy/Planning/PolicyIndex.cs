using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>The policies of a snapshot, made plain and by namespace, and which labels and port names they ask for. It does not change, but remembers what it
/// was asked: for one thread.</summary>
internal sealed class PolicyIndex
{
    private readonly Dictionary<ObjectKey, CompiledPolicy> _policies = [];
    private readonly Dictionary<string, List<CompiledPolicy>> _byNamespace = new(StringComparer.Ordinal);
    private readonly HashSet<string> _podLabels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _namespaceLabels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _egressPorts = new(StringComparer.Ordinal);

    private readonly Dictionary<string, (Namespace Source, ValueMap<string, string> Labels)> _namespaces = new(StringComparer.Ordinal);

    private PolicyIndex(ObjectTable<NetworkPolicy> source) => Source = source;

    /// <summary>No policies.</summary>
    public static PolicyIndex Empty => new(ObjectTable<NetworkPolicy>.Empty);

    /// <summary>What it was made of.</summary>
    public ObjectTable<NetworkPolicy> Source { get; }

    /// <summary>The index of a snapshot's policies; what has not changed since an earlier one is taken from it.</summary>
    public static PolicyIndex Of(ObjectTable<NetworkPolicy> policies, PolicyIndex before)
    {
        if (ReferenceEquals(policies, before.Source))
        {
            return before;
        }

        var index = new PolicyIndex(policies);
        foreach (var policy in policies)
        {
            index.Add(before._policies.TryGetValue(policy.Key, out var known) && ReferenceEquals(known.Source, policy) ? known : CompiledPolicy.Of(policy));
        }

        foreach (var list in index._byNamespace.Values)
        {
            list.Sort(static (left, right) => string.CompareOrdinal(left.Key.Name, right.Key.Name));
        }

        return index;
    }

    /// <summary>The policy of that key; null where there is none.</summary>
    public CompiledPolicy? Find(ObjectKey key) => _policies.GetValueOrDefault(key);

    /// <summary>The policies of a namespace, by name.</summary>
    public IReadOnlyList<CompiledPolicy> In(string @namespace) => _byNamespace.TryGetValue(@namespace, out var list) ? list : [];

    /// <summary>Whether pods look to these policies as they look to the others: they ask for the same labels and names.</summary>
    public bool SeesAs(PolicyIndex other) =>
        _podLabels.SetEquals(other._podLabels) && _namespaceLabels.SetEquals(other._namespaceLabels) && _egressPorts.SetEquals(other._egressPorts);

    /// <summary>What the policies see of a pod.</summary>
    public PeerIdentity IdentityOf(Pod pod, Namespace? @namespace) => new(
        pod.Metadata.Namespace,
        Seen(pod.Metadata.Labels, _podLabels),
        @namespace is null ? null : LabelsOf(@namespace),
        NamedPorts(pod, _egressPorts));

    /// <summary>A pod's ports that have one of these names, sorted, each once.</summary>
    public static ValueList<NamedPort> NamedPorts(Pod pod, HashSet<string> names)
    {
        if (names.Count == 0 || pod.Ports.IsEmpty)
        {
            return default;
        }

        var found = new SortedSet<NamedPort>();
        foreach (var port in pod.Ports)
        {
            if (names.Contains(port.Name))
            {
                found.Add(new NamedPort(port.Name, port.Protocol, port.Port));
            }
        }

        return found.ToValueList();
    }

    /// <summary>Many pods, few namespaces.</summary>
    private ValueMap<string, string> LabelsOf(Namespace @namespace)
    {
        var name = @namespace.Metadata.Name;
        if (!_namespaces.TryGetValue(name, out var known) || !ReferenceEquals(known.Source, @namespace))
        {
            _namespaces[name] = known = (@namespace, Seen(@namespace.Metadata.Labels, _namespaceLabels));
        }

        return known.Labels;
    }

    private static ValueMap<string, string> Seen(ValueMap<string, string> labels, HashSet<string> keys)
    {
        var seen = default(List<KeyValuePair<string, string>>);
        foreach (var pair in labels)
        {
            if (keys.Contains(pair.Key))
            {
                (seen ??= []).Add(pair);
            }
        }

        return seen is null ? default : seen.Count == labels.Count ? labels : seen.ToValueMap();
    }

    private void Add(CompiledPolicy policy)
    {
        _policies.Add(policy.Key, policy);
        if (!_byNamespace.TryGetValue(policy.Key.Namespace, out var list))
        {
            _byNamespace.Add(policy.Key.Namespace, list = []);
        }

        list.Add(policy);
        Note(policy.Ingress, isEgress: false);
        Note(policy.Egress, isEgress: true);
    }

    private void Note(ValueList<AllowRule>? rules, bool isEgress)
    {
        foreach (var rule in rules ?? default)
        {
            foreach (var peer in rule.Pods)
            {
                Note(peer.PodSelector, _podLabels);
                Note(peer.NamespaceSelector ?? LabelSelector.Everything, _namespaceLabels);
            }

            foreach (var port in rule.Ports)
            {
                if (isEgress && port.Name is { } name)
                {
                    _egressPorts.Add(name);
                }
            }
        }
    }

    private static void Note(LabelSelector selector, HashSet<string> keys)
    {
        foreach (var (key, _) in selector.MatchLabels)
        {
            keys.Add(key);
        }

        foreach (var requirement in selector.MatchExpressions)
        {
            keys.Add(requirement.Key);
        }
    }
}
