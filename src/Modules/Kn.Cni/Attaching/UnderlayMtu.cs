using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>The MTU for pods when the configuration gives none.</summary>
public static class UnderlayMtu
{
    /// <summary>Ethernet's, for a node without any usable link.</summary>
    public const uint Fallback = 1500;

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
        && link.Group is not (Hosting.NodeResources.PodLinkGroup or Hosting.NodeResources.DyingLinkGroup
            or Hosting.NodeResources.PlainLinkGroup or Hosting.NodeResources.PlainBridgeGroup or Hosting.NodeResources.PodBridgeGroup);

    private static uint? Smallest(IEnumerable<Link> links) =>
        links.Where(static link => link.Mtu >= CniOptions.MinMtu).Select(static link => (uint?)Math.Min(link.Mtu, CniOptions.MaxMtu)).Min();
}
