using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>A NetworkPolicy, made plain.</summary>
/// <param name="Source">The object.</param>
/// <param name="Ingress">Its ingress rules; null where it does not isolate for ingress.</param>
/// <param name="Egress">Its egress rules; null where it does not isolate for egress.</param>
internal sealed record CompiledPolicy(NetworkPolicy Source, ValueList<AllowRule>? Ingress, ValueList<AllowRule>? Egress)
{
    /// <summary>Namespace and name.</summary>
    public ObjectKey Key => Source.Key;

    /// <summary>The rules of a direction; null where it does not isolate for it.</summary>
    public ValueList<AllowRule>? Of(PolicyDirection direction) => direction == PolicyDirection.Ingress ? Ingress : Egress;

    /// <summary>Makes a policy plain.</summary>
    public static CompiledPolicy Of(NetworkPolicy policy) => new(
        policy,
        policy.IsolatesIngress ? Compile(policy.Metadata.Namespace, policy.Ingress) : null,
        policy.IsolatesEgress ? Compile(policy.Metadata.Namespace, policy.Egress) : null);

    private static ValueList<AllowRule> Compile(string @namespace, ValueList<NetworkPolicyRule> rules)
    {
        var compiled = new List<AllowRule>(rules.Count);
        for (var i = 0; i < rules.Count; i++)
        {
            compiled.Add(Compile(@namespace, rules[i], i));
        }

        return compiled.ToValueList();
    }

    private static AllowRule Compile(string @namespace, NetworkPolicyRule rule, int number)
    {
        var pods = new List<PodPeer>();
        var blocks = new List<IpBlock>();
        foreach (var peer in rule.Peers)
        {
            if (peer is { IpBlock: { } block, PodSelector: null, NamespaceSelector: null })
            {
                blocks.Add(block);
            }
            else if (peer is { IpBlock: null, NamespaceSelector: { } namespaces })
            {
                pods.Add(new PodPeer(null, namespaces, peer.PodSelector ?? LabelSelector.Everything));
            }
            else if (peer is { IpBlock: null, PodSelector: { } selector })
            {
                pods.Add(new PodPeer(@namespace, null, selector));
            }
        }

        return new AllowRule(number, rule.Peers.IsEmpty, pods.ToValueList(), blocks.ToValueList(), rule.Ports.IsEmpty, Ports(rule.Ports));
    }

    private static ValueList<PortSpec> Ports(ValueList<NetworkPolicyPort> ports)
    {
        var specs = new List<PortSpec>();
        foreach (var port in ports)
        {
            switch (port)
            {
                case { Protocol: { } protocol, Name: { } name, EndPort: null }:
                    specs.Add(new PortSpec(protocol, 0, 0, name));
                    break;
                case { Protocol: { } protocol, Port: null, Name: null, EndPort: null }:
                    specs.Add(new PortSpec(protocol, 0, ushort.MaxValue));
                    break;
                case { Protocol: { } protocol, Port: { } first, Name: null } when (port.EndPort ?? first) >= first:
                    specs.Add(new PortSpec(protocol, first, port.EndPort ?? first));
                    break;
                default:
                    // What the API refuses, or what this version does not know, allows nothing.
                    break;
            }
        }

        return specs.ToValueList();
    }
}
