using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Learned;

/// <summary>A learned route as the kernel has it.</summary>
/// <param name="Hops">The ways, in order; one at least.</param>
/// <param name="Metric">Its metric.</param>
internal sealed record LearnedRoute(ValueList<NextHop> Hops, uint Metric)
{
    /// <summary>Whether somebody has given it properties that Kn never does.</summary>
    public bool IsAltered { get; init; }

    /// <summary>With its ways in order.</summary>
    public static LearnedRoute Of(IEnumerable<NextHop> hops, uint metric) =>
        new(hops.Distinct().OrderBy(static hop => hop.LinkIndex).ThenBy(static hop => hop.Gateway ?? default).ToValueList(), metric);

    /// <summary>A route of the kernel in our terms.</summary>
    public static LearnedRoute Of(Route route) =>
        Of(route.NextHops.IsEmpty ? [new NextHop(route.Gateway, route.LinkIndex, OnLink: route.OnLink)] : route.NextHops.AsEnumerable(), route.Metric) with
        {
            IsAltered = route.Mtu is not null || route.PreferredSource is not null || route.Type != RouteType.Unicast,
        };

    /// <summary>Whether a route of the kernel is one of ours.</summary>
    public static bool IsOurs(Route route) => route is { Protocol: NodeResources.BgpRouteProtocol, Table: RouteTable.Main };

    /// <summary>As it is made.</summary>
    public Route ToRoute(IpPrefix destination)
    {
        var route = new Route { Destination = destination, Metric = Metric, Protocol = NodeResources.BgpRouteProtocol };
        return Hops is [var only]
            ? route with { Gateway = only.Gateway, LinkIndex = only.LinkIndex, OnLink = only.OnLink }
            : route with { NextHops = Hops };
    }
}
