using Kn.Hosting;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>The MTU for pods when the configuration gives none.</summary>
public static class UnderlayMtu
{
    /// <summary>Ethernet's, for a node without any usable link.</summary>
    public const uint Fallback = 1500;

    /// <summary>VXLAN over IPv4 and IPv6 (RFC 7348 §5).</summary>
    private const uint OverIPv4 = 50;
    private const uint OverIPv6 = 70;

    /// <summary>The MTU for pods: the underlay's less what encapsulation takes. Pure.</summary>
    /// <param name="links">The node's links.</param>
    /// <param name="routes">The node's routes.</param>
    /// <param name="encapsulation">What the module Routes says; 0 before it says anything, so what an earlier run left counts as well.</param>
    public static uint LessEncapsulation(IReadOnlyList<Link> links, IReadOnlyList<Route> routes, uint encapsulation)
    {
        var left = links.Select(static link => link.Name switch
        {
            NodeResources.VxlanLink => OverIPv4,
            NodeResources.VxlanLinkV6 => OverIPv6,
            _ => 0u,
        });
        return Math.Max(CniOptions.MinMtu, Of(links, routes) - left.Append(encapsulation).Max());
    }

    /// <summary>The smallest MTU among the links of default routes; without a default route, among all links that are up and not ours. Pure.</summary>
    public static uint Of(IReadOnlyList<Link> links, IReadOnlyList<Route> routes)
    {
        var byDefault = routes
            .Where(static route => route is { Destination.Length: 0, Table: RouteTable.Main, SendsNothing: false })
            .SelectMany(static route => route.NextHops.Select(static hop => hop.LinkIndex).Append(route.LinkIndex))
            .ToHashSet();
        return Smallest(links.Where(link => byDefault.Contains(link.Index))) ?? Smallest(links.Where(IsUnderlay)) ?? Fallback;
    }

    private static bool IsUnderlay(Link link) =>
        link.IsUp
        && (link.Flags & LinkFlags.Loopback) == 0
        && !NodeResources.IsLocalPodGroup(link.Group)
        && link.Name is not (NodeResources.VxlanLink or NodeResources.VxlanLinkV6);

    private static uint? Smallest(IEnumerable<Link> links) =>
        links.Where(static link => link.Mtu >= CniOptions.MinMtu).Select(static link => (uint?)Math.Min(link.Mtu, CniOptions.MaxMtu)).Min();
}
