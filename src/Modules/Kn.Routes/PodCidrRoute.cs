using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes;

/// <summary>How a podCIDR is reached.</summary>
/// <param name="Gateway">The node that has it; null for this node's own, where addresses without a pod are unreachable.</param>
/// <param name="LinkIndex">The link to that node; 0 without a gateway.</param>
public sealed record PodCidrRoute(IpAddress? Gateway, int LinkIndex)
{
    /// <summary>Addresses of this node's podCIDR that no pod has.</summary>
    public static PodCidrRoute Unassigned { get; } = new(null, 0);

    /// <summary>The kernel's route.</summary>
    public Route ToRoute(RouteKey key) => new()
    {
        Destination = key.Destination,
        Metric = key.Metric,
        Gateway = Gateway,
        LinkIndex = LinkIndex,
        Type = Gateway is null ? RouteType.Unreachable : RouteType.Unicast,
        Protocol = NodeResources.RouteProtocol,
    };

    /// <summary>Whether a route of the kernel is the module's: Kn's protocol number, and a gateway or unreachable. Routes to local
    /// pods carry the number too, but have neither; they are the module Cni's.</summary>
    public static bool IsOurs(Route route) =>
        route is { Protocol: NodeResources.RouteProtocol, Table: RouteTable.Main }
        && (route.Type == RouteType.Unreachable || (route.Type == RouteType.Unicast && route.Gateway is not null));

    /// <summary>The kernel's route in our terms.</summary>
    public static KeyValuePair<RouteKey, PodCidrRoute> Of(Route route) => new(
        new RouteKey(route.Destination, route.Metric),
        route.Type == RouteType.Unreachable ? Unassigned : new PodCidrRoute(route.Gateway, route.LinkIndex));
}
