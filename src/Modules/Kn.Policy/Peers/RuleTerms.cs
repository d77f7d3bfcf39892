using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;

namespace Kn.Policy.Peers;

/// <summary>Turns the rules of a class into terms: a peer, and what it may use. Pure.</summary>
internal static class RuleTerms
{
    /// <summary>The terms of all rules, one a peer. What everybody or every pod may use is not among them but for ports by name.</summary>
    public static List<Term> Of(PolicyClass content, IReadOnlyDictionary<ObjectKey, RulesPiece> rules)
    {
        var terms = new List<Term>();
        foreach (var rule in RulesOf(content, rules))
        {
            var ports = FixedPorts(content, rule);
            var named = content.Direction == PolicyDirection.Egress ? NamesOf(rule) : null;
            if (rule.AnyPeer && named is not null)
            {
                // For anybody else a name means nothing: only pods have one for a port.
                terms.Add(new Term(PodPeer.Everybody, PortSet.None, named));
            }

            foreach (var peer in rule.Pods)
            {
                Add(terms, new Term(peer, peer.IsEveryPod ? PortSet.None : ports, named));
            }

            foreach (var block in rule.Blocks)
            {
                Add(terms, new Term(block, ports, Named: null));
            }
        }

        return terms;
    }

    /// <summary>What rules allow to everybody, and what they allow to every pod.</summary>
    public static (PortSet Anybody, PortSet AnyPod) ForAll(PolicyClass content, IReadOnlyDictionary<ObjectKey, RulesPiece> rules)
    {
        var (anybody, anyPod) = (PortSet.None, PortSet.None);
        foreach (var rule in RulesOf(content, rules))
        {
            if (rule.AnyPeer)
            {
                anybody = anybody.Union(FixedPorts(content, rule));
            }
            else if (MeansEveryPod(rule))
            {
                anyPod = anyPod.Union(FixedPorts(content, rule));
            }
        }

        return (anybody, anybody.Union(anyPod));
    }

    private static bool MeansEveryPod(AllowRule rule)
    {
        foreach (var peer in rule.Pods)
        {
            if (peer.IsEveryPod)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The ports that names stand for at a pod.</summary>
    public static IEnumerable<PortRange> Resolve(IEnumerable<PortSpec> named, Primitives.ValueList<NamedPort> ports)
    {
        foreach (var spec in named)
        {
            foreach (var port in (IEnumerable<NamedPort>)ports)
            {
                if (port.Protocol == spec.Protocol && string.Equals(port.Name, spec.Name, StringComparison.Ordinal))
                {
                    yield return new PortRange(port.Protocol, port.Port, port.Port);
                }
            }
        }
    }

    private static void Add(List<Term> terms, Term term)
    {
        if (term.Named is not null || term.Fixed != PortSet.None)
        {
            terms.Add(term);
        }
    }

    private static IEnumerable<AllowRule> RulesOf(PolicyClass content, IReadOnlyDictionary<ObjectKey, RulesPiece> rules)
    {
        foreach (var key in (IEnumerable<ObjectKey>)content.Policies)
        {
            if (!rules.TryGetValue(key, out var piece))
            {
                continue;
            }

            foreach (var rule in (IEnumerable<AllowRule>)(content.Direction == PolicyDirection.Ingress ? piece.Ingress : piece.Egress))
            {
                yield return rule;
            }
        }
    }

    /// <summary>Ports whose numbers are known here: for ingress names too, as they are those of the class' own pods.</summary>
    private static PortSet FixedPorts(PolicyClass content, AllowRule rule)
    {
        if (rule.AnyPort)
        {
            return PortSet.Everything;
        }

        var ranges = new List<PortRange>();
        foreach (var spec in rule.Ports)
        {
            if (spec.Name is null)
            {
                ranges.Add(new PortRange(spec.Protocol, spec.First, spec.Last));
            }
        }

        if (content.Direction == PolicyDirection.Ingress && NamesOf(rule) is { } names)
        {
            ranges.AddRange(Resolve(names, content.Ports));
        }

        return PortSet.Of(ranges);
    }

    private static List<PortSpec>? NamesOf(AllowRule rule)
    {
        var names = default(List<PortSpec>);
        foreach (var spec in rule.Ports)
        {
            if (spec.Name is not null)
            {
                (names ??= []).Add(spec);
            }
        }

        return names;
    }
}

/// <summary>A peer and what it may use.</summary>
/// <param name="Peer">A <see cref="PodPeer"/> or an <see cref="IpBlock"/>.</param>
/// <param name="Fixed">Ports whose numbers are known.</param>
/// <param name="Named">Ports that each peer has by name; null for none.</param>
internal sealed record Term(object Peer, PortSet Fixed, IReadOnlyList<PortSpec>? Named);
