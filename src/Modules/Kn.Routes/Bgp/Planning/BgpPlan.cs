using Kn.Bgp;
using Kn.Bgp.Attributes;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Pieces;

namespace Kn.Routes.Bgp.Planning;

/// <summary>What this node says and to whom. Pure.</summary>
internal static class BgpPlan
{
    /// <summary>The piece of that key; null when there is none to be.</summary>
    public static BgpPiece? Of(BgpTable table, BgpKey key, Problems problems) => key.Kind switch
    {
        BgpKeyKind.Speaker => Speaker(table, problems),
        BgpKeyKind.Peer => PeerPlan.Of(table, key.Prefix.Address, problems),
        _ => Route(table, key.Prefix),
    };

    private static SpeakerPiece? Speaker(BgpTable table, Problems problems)
    {
        if (table.Self is not { } self)
        {
            return null;
        }

        foreach (var fault in self.Annotations.Faults)
        {
            problems.Add(self.Node, fault);
        }

        var cluster = self.Annotations.ReflectorCluster is > 0 and { } number ? IpAddress.FromV4(number) : self.IsReflector ? table.Options.RouteReflector.ClusterId : null;
        return new SpeakerPiece(
            self.Asn,
            table.Options.RouterId ?? self.AddressOf(IpFamily.V4) ?? MadeUpIdentifier(self.Name),
            cluster,
            self.Annotations.ListenAddresses.IsEmpty ? table.Options.ListenAddresses : self.Annotations.ListenAddresses);
    }

    /// <summary>A node without IPv4 has an identifier all the same (RFC 6286): 31 bits of a hash of its name, never zero.</summary>
    private static IpAddress MadeUpIdentifier(string node) => IpAddress.FromV4((uint)Vtep.MacOf(node).Number | 0x8000_0000);

    private static RoutePiece? Route(BgpTable table, IpPrefix prefix)
    {
        if (table.Self is { } self && table.Options.Advertise.PodCidrs && self.Node.PodCidrs.Contains(prefix))
        {
            return PodCidrRules.Fault(prefix) is null ? Made(table, prefix, isUnwanted: table.Departure == Departure.Leaving) : null;
        }

        return table.Prefixes.Contains(prefix) && table.Departure != Departure.Leaving
            ? Made(table, prefix, isUnwanted: table.Departure == Departure.Draining)
            : null;
    }

    /// <summary>Peers are asked to prefer other ways by the community of RFC 8326; inside the AS by LOCAL_PREF 0 as well (§4.2).</summary>
    private static RoutePiece Made(BgpTable table, IpPrefix prefix, bool isUnwanted)
    {
        var communities = CommunityOptions.Standard(table.Options.Advertise.Communities);
        return new RoutePiece(new LocalRoute(prefix, new PathAttributes
        {
            // An own route says where it goes by the session that it is told on.
            NextHop = IpAddress.Any(prefix.Family),
            Communities = isUnwanted ? [Community.GracefulShutdown, .. communities] : communities,
            LargeCommunities = CommunityOptions.Large(table.Options.Advertise.Communities),
            LocalPref = isUnwanted ? 0 : null,
        }));
    }
}
