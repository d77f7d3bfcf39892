using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>The networks that this node is connected to without a router between. Immutable; equal when they are the same.</summary>
/// <param name="Subnets">The longest prefix first.</param>
public sealed record Underlay(ValueList<ConnectedSubnet> Subnets)
{
    /// <summary>A node that nothing is connected to, or whose links were not read yet.</summary>
    public static Underlay None { get; } = new(ValueList<ConnectedSubnet>.Empty);

    /// <summary>From what the kernel says. Pods' links, loopback, links that are down and IPv6 link-local prefixes do not count.</summary>
    public static Underlay Of(IEnumerable<Link> links, IEnumerable<LinkAddress> addresses)
    {
        var usable = links.Where(IsUsable).Select(static link => link.Index).ToHashSet();
        var subnets = addresses
            .Where(address => usable.Contains(address.LinkIndex) && !address.Address.IsLinkLocal && address.PrefixLength < address.Address.BitCount)
            .Select(static address => new ConnectedSubnet(new IpPrefix(address.Address, address.PrefixLength), address.LinkIndex))
            .Distinct()
            .OrderByDescending(static subnet => subnet.Prefix.Length)
            .ThenBy(static subnet => subnet.Prefix)
            .ThenBy(static subnet => subnet.LinkIndex);
        return new Underlay(subnets.ToValueList());
    }

    /// <summary>The link by which an address is reached without a router; null when there is none.</summary>
    public int? LinkTo(IpAddress address)
    {
        foreach (var subnet in Subnets)
        {
            if (subnet.Prefix.Contains(address))
            {
                return subnet.LinkIndex;
            }
        }

        return null;
    }

    private static bool IsUsable(Link link) =>
        link.IsUp
        && (link.Flags & LinkFlags.Loopback) == 0
        && link.Group is not (NodeResources.PodLinkGroup or NodeResources.DyingLinkGroup);
}

/// <summary>A prefix that is on a link.</summary>
public readonly record struct ConnectedSubnet(IpPrefix Prefix, int LinkIndex);
