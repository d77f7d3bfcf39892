using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes;

/// <summary>Reads everything of ours back from the kernel.</summary>
internal static class RoutesReading
{
    /// <summary>All pieces, also those that an older config or somebody else left under our names.</summary>
    public static ValueMap<RoutesKey, RoutesPiece> Read(RouteSocket socket, IReadOnlyList<Link> links, IReadOnlyList<LinkAddress> addresses)
    {
        var tunnels = TunnelLinks.Of(links);
        var pieces = new List<KeyValuePair<RoutesKey, RoutesPiece>>();
        foreach (var route in OurRoutes(socket))
        {
            pieces.Add(KeyValuePair.Create(KernelPieces.KeyOf(route), KernelPieces.Of(route, tunnels)));
        }

        foreach (var outer in Vtep.Families.Where(outer => tunnels[outer] != 0))
        {
            var link = links.First(link => link.Index == tunnels[outer]);
            pieces.Add(KeyValuePair.Create<RoutesKey, RoutesPiece>(RoutesKey.Link(outer), KernelPieces.Of(link)));
            pieces.AddRange(ReadTunnel(socket, outer, link.Index));
            pieces.AddRange(addresses
                .Where(address => address.LinkIndex == link.Index && !address.Address.IsLinkLocal)
                .Select(address => KeyValuePair.Create<RoutesKey, RoutesPiece>(RoutesKey.Address(outer, address.Address), TunnelAddress.Present)));
        }

        return pieces.ToValueMap();
    }

    /// <summary>The module's routes.</summary>
    public static IEnumerable<Route> OurRoutes(RouteSocket socket) =>
        socket.ReadRoutes(new RouteFilter(Table: RouteTable.Main, Protocol: NodeResources.RouteProtocol)).Where(KernelPieces.IsOurs);

    /// <summary>A neighbour in our terms; null for what the kernel finds out itself, which is as good as absent.</summary>
    public static TunnelNeighbour? Of(Neighbour neighbour) =>
        neighbour is { State: NeighbourStates.Permanent, Mac: { } mac } ? new TunnelNeighbour(mac) : null;

    /// <summary>An FDB entry in our terms; null for one that is learned, or leads nowhere.</summary>
    public static TunnelForward? Of(FdbEntry entry) =>
        entry is { Remote: { } remote, RemotePort: null, Vni: null } && (entry.State & NeighbourStates.Permanent) != 0 ? new TunnelForward(remote) : null;

    private static IEnumerable<KeyValuePair<RoutesKey, RoutesPiece>> ReadTunnel(RouteSocket socket, IpFamily outer, int index)
    {
        foreach (var entry in socket.ReadFdb(index))
        {
            if (entry.LinkIndex == index && Of(entry) is { } forward)
            {
                yield return KeyValuePair.Create<RoutesKey, RoutesPiece>(RoutesKey.Forward(outer, entry.Mac), forward);
            }
        }

        foreach (var neighbour in socket.ReadNeighbours(new NeighbourFilter(LinkIndex: index)))
        {
            if (Of(neighbour) is { } known)
            {
                yield return KeyValuePair.Create<RoutesKey, RoutesPiece>(RoutesKey.Neighbour(outer, neighbour.Address), known);
            }
        }
    }
}
