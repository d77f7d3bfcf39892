using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Cni.Masquerade;

/// <summary>Decides which traffic of this node's pods takes the node's address. Pure.</summary>
public static class MasqueradePlan
{
    /// <summary>Destinations that no address can be translated for: multicast, and IPv6 on the link.</summary>
    private static readonly ValueList<IpPrefix> NeverTranslated =
        [IpPrefix.Parse("224.0.0.0/4"), IpPrefix.Parse("fe80::/10"), IpPrefix.Parse("ff00::/8")];

    /// <summary>The prefixes of both sets, from the cluster as it is.</summary>
    /// <param name="cluster">Nodes are read.</param>
    /// <param name="node">This node, and the cluster's prefixes.</param>
    /// <param name="options">The module's.</param>
    /// <returns>Both empty when nothing is masqueraded: it is switched off, or the node has no podCIDR yet.</returns>
    public static MasqueradeSets Of(ClusterSnapshot cluster, NodeOptions node, CniOptions options)
    {
        var local = cluster.Nodes.Find(node.Name)?.PodCidrs ?? default;
        if (!options.Masquerade || local.IsEmpty)
        {
            return MasqueradeSets.Nothing;
        }

        var inside = node.Cluster.PodCidrs.Concat(options.NonMasqueradeCidrs).Concat(NeverTranslated).ToList();
        foreach (var other in cluster.Nodes)
        {
            // A podCIDR such as 0.0.0.0/0 must not switch masquerading off for everybody; Routes says what is wrong with it.
            inside.AddRange(other.PodCidrs.Where(static prefix => PodCidrRules.Fault(prefix) is null));
            inside.AddRange(other.InternalIps.Select(IpPrefix.Of));
        }

        return new MasqueradeSets(Disjoint(local), Disjoint(inside));
    }

    /// <summary>The same addresses without prefixes that lie inside others, in order: an interval set refuses overlaps.</summary>
    public static ValueList<IpPrefix> Disjoint(IEnumerable<IpPrefix> prefixes)
    {
        var kept = new List<IpPrefix>();
        foreach (var prefix in prefixes.Order())
        {
            // In this order a prefix comes right after those that contain it.
            if (kept.Count == 0 || !kept[^1].Contains(prefix))
            {
                kept.Add(prefix);
            }
        }

        return kept.ToValueList();
    }
}

/// <summary>The prefixes that the masquerade rules match; both lists hold both families, ordered, without overlaps.</summary>
/// <param name="Local">This node's podCIDRs: whose traffic is looked at.</param>
/// <param name="Inside">What belongs to the cluster: reached with the pod's own address.</param>
public sealed record MasqueradeSets(ValueList<IpPrefix> Local, ValueList<IpPrefix> Inside)
{
    /// <summary>Nothing is masqueraded.</summary>
    public static MasqueradeSets Nothing { get; } = new(default, default);

    /// <summary>The part of one family.</summary>
    public MasqueradeSets Of(IpFamily family) => new(
        Local.Where(prefix => prefix.Family == family).ToValueList(),
        Inside.Where(prefix => prefix.Family == family).ToValueList());
}
