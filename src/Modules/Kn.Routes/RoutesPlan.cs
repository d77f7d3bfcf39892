using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>Decides how each podCIDR is reached. Pure.</summary>
public static class RoutesPlan
{
    /// <summary>Metric of the unreachable routes for this node's own podCIDRs: the worst there is, so that whatever else knows the prefix wins.</summary>
    public const uint UnassignedMetric = uint.MaxValue;

    /// <summary>The names of the routes that a node's podCIDRs need on this node.</summary>
    public static IEnumerable<RouteKey> KeysOf(Node node, string thisNode, RoutesOptions options) =>
        node.PodCidrs.Select(prefix => new RouteKey(prefix, node.Metadata.Name == thisNode ? UnassignedMetric : options.Metric));

    /// <summary>The route of that name; null when there is none to be made.</summary>
    /// <param name="owner">The node that has the podCIDR.</param>
    /// <param name="thisNode">This node's name.</param>
    /// <param name="key">The route's name.</param>
    /// <param name="underlay">What this node is connected to.</param>
    /// <param name="problems">Gets told of a node that cannot be reached directly.</param>
    public static PodCidrRoute? Of(Node owner, string thisNode, RouteKey key, Underlay underlay, Problems problems)
    {
        if (owner.Metadata.Name == thisNode)
        {
            return PodCidrRoute.Unassigned;
        }

        var family = key.Destination.Family;
        var candidates = owner.InternalIps.Where(address => address.Family == family).ToList();
        foreach (var address in candidates)
        {
            if (underlay.LinkTo(address) is { } link)
            {
                return new PodCidrRoute(address, link);
            }
        }

        problems.Add(owner, candidates.Count == 0
            ? $"no route to podCIDR {key.Destination}: the node has no InternalIP of that family"
            : $"no route to podCIDR {key.Destination}: InternalIP {string.Join(", ", candidates)} is not on a network that this node is connected to");
        return null;
    }

    /// <summary>How many other nodes have a podCIDR, and no address of that podCIDR's family on a network of this node.</summary>
    public static int CountUnreachable(IEnumerable<Node> nodes, string thisNode, Underlay underlay) => nodes.Count(node =>
        node.Metadata.Name != thisNode
        && node.PodCidrs.Any(prefix => !node.InternalIps.Any(address => address.Family == prefix.Family && underlay.LinkTo(address) is not null)));

    /// <summary>Which node each podCIDR belongs to. Two nodes that claim the same prefix: the older one has it.</summary>
    public static Dictionary<IpPrefix, Node> Owners(IEnumerable<Node> nodes)
    {
        var owners = new Dictionary<IpPrefix, Node>();
        foreach (var node in nodes)
        {
            foreach (var prefix in node.PodCidrs)
            {
                if (!owners.TryGetValue(prefix, out var other) || IsBefore(node, other))
                {
                    owners[prefix] = node;
                }
            }
        }

        return owners;
    }

    private static bool IsBefore(Node left, Node right)
    {
        var byAge = Nullable.Compare(left.Metadata.CreationTimestamp, right.Metadata.CreationTimestamp);
        return byAge != 0 ? byAge < 0 : string.CompareOrdinal(left.Metadata.Name, right.Metadata.Name) < 0;
    }
}
