using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Pieces;

/// <summary>What the kernel says in our terms. Pure.</summary>
internal static class KernelPieces
{
    /// <summary>Whether a route of the kernel is the module's: Kn's protocol number, and a gateway or unreachable. Routes to local
    /// pods carry the number too, but have neither; they are the module Cni's.</summary>
    public static bool IsOurs(Route route) =>
        route is { Protocol: NodeResources.RouteProtocol, Table: RouteTable.Main }
        && (route.Type == RouteType.Unreachable || (route.Type == RouteType.Unicast && (route.Gateway is not null || !route.NextHops.IsEmpty)));

    public static RoutesKey KeyOf(Route route) => RoutesKey.Route(route.Destination, route.Metric);

    public static RoutesPiece Of(Route route, TunnelLinks tunnels)
    {
        if (route.Type == RouteType.Unreachable)
        {
            return PodCidrRoute.Unassigned;
        }

        var outer = tunnels.OuterOf(route.LinkIndex);
        return new PodCidrRoute(route.Gateway, outer is null ? route.LinkIndex : 0, outer)
        {
            IsAltered = route.Mtu is not null || route.PreferredSource is not null || !route.NextHops.IsEmpty,
        };
    }

    public static VxlanTunnel Of(Link link)
    {
        var settings = link.Vxlan;
        return new VxlanTunnel(link.Mac ?? default, settings?.Vni ?? 0, settings?.Port ?? 0, settings?.Local, link.Mtu)
        {
            Up = link.IsUp,
            IsOurKind = settings is { Learning: false, UnderlayIndex: 0, Checksum: false, DontFragment: VxlanDontFragment.Inherit },
        };
    }

    /// <summary>The link of a tunnel, as it is made.</summary>
    public static VxlanLink ToLink(VxlanTunnel tunnel, IpFamily outer) => new()
    {
        Name = Vtep.LinkName(outer),
        Mac = tunnel.Mac,
        Mtu = tunnel.Mtu,
        Up = true,
        Settings = new VxlanSettings
        {
            Vni = tunnel.Vni,
            Port = tunnel.Port,
            Local = tunnel.Local ?? IpAddress.Any(outer),
            // TCP inside has a checksum of its own. Without the outer one a pod's segments cross the tunnel 3 to 6 % faster.
            Checksum = false,
            DontFragment = VxlanDontFragment.Inherit,
        },
    };

    /// <summary>What makes a piece other than a link be there.</summary>
    public static RouteChange Ensure(RoutesKey key, RoutesPiece piece, int tunnel) => piece switch
    {
        PodCidrRoute route => new EnsureRoute(ToRoute(key, route, tunnel)),
        TunnelForward forward => new EnsureFdbEntry(new FdbEntry { Mac = key.Mac, LinkIndex = tunnel, Remote = forward.Remote }),
        TunnelNeighbour neighbour => new EnsureNeighbour(new Neighbour { Address = key.Prefix.Address, LinkIndex = tunnel, Mac = neighbour.Mac }),
        _ => new EnsureAddress(tunnel, ToAddress(key)),
    };

    /// <summary>What removes a piece other than a link.</summary>
    public static RouteChange Remove(RoutesKey key, RoutesPiece piece, int tunnel) => piece switch
    {
        PodCidrRoute route => new RemoveRoute(ToRoute(key, route, tunnel)),
        TunnelForward forward => new RemoveFdbEntry(new FdbEntry { Mac = key.Mac, LinkIndex = tunnel, Remote = forward.Remote }),
        TunnelNeighbour => new RemoveNeighbour(new Neighbour { Address = key.Prefix.Address, LinkIndex = tunnel }),
        _ => new RemoveAddress(tunnel, ToAddress(key)),
    };

    private static LinkAddress ToAddress(RoutesKey key) => new()
    {
        Address = key.Prefix.Address,
        PrefixLength = (byte)key.Prefix.Address.BitCount,
        Flags = key.Prefix.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };

    private static Route ToRoute(RoutesKey key, PodCidrRoute route, int tunnel) => new()
    {
        Destination = key.Prefix,
        Metric = key.Metric,
        Gateway = route.Gateway,
        LinkIndex = route.Vxlan is null ? route.LinkIndex : tunnel,

        // The kernel itself has no route to the next hop of an IPv4 tunnel; link-local ones need no word.
        OnLink = route is { Vxlan: not null, Gateway.Family: IpFamily.V4 },
        Type = route.Gateway is null ? RouteType.Unreachable : RouteType.Unicast,
        Protocol = NodeResources.RouteProtocol,
    };
}

/// <summary>The indexes of the tunnels' links; 0 where there is none.</summary>
internal readonly record struct TunnelLinks(int V4, int V6)
{
    public int this[IpFamily outer] => outer == IpFamily.V6 ? V6 : V4;

    public static TunnelLinks Of(IEnumerable<Link> links)
    {
        var found = default(TunnelLinks);
        foreach (var link in links)
        {
            found = link.Name switch
            {
                NodeResources.VxlanLink => found with { V4 = link.Index },
                NodeResources.VxlanLinkV6 => found with { V6 = link.Index },
                _ => found,
            };
        }

        return found;
    }

    public TunnelLinks With(IpFamily outer, int index) => outer == IpFamily.V6 ? this with { V6 = index } : this with { V4 = index };

    /// <summary>Which tunnel has this link; null for any other link.</summary>
    public IpFamily? OuterOf(int index) => index == 0 ? null : index == V4 ? IpFamily.V4 : index == V6 ? IpFamily.V6 : null;
}
