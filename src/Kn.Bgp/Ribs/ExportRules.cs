using Kn.Bgp.Attributes;
using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>What a peer is told of a path: pure.</summary>
/// <remarks>RFC 4271 §5.1, §9.2; RFC 1997; RFC 4456 §6 and §8.</remarks>
internal static class ExportRules
{
    /// <summary>True when the protocol allows to tell it, before any policy.</summary>
    internal static bool MayTell(RibPeer peer, RibPeer source, PathAttributes attributes)
    {
        if (peer == source || attributes.Has(Community.NoAdvertise))
        {
            return false;
        }

        return peer.Options.Kind == RouteKind.External
            ? !attributes.Has(Community.NoExport) && !attributes.Has(Community.NoExportSubconfederation)
            : source.Options.Kind != RouteKind.Internal || source.Options.IsClient || peer.Options.IsClient;
    }

    /// <summary>The attributes that the peer is told; null when there is no next hop to tell.</summary>
    internal static PathAttributes? Rewrite(RibPeer peer, RibPeer source, IpFamily family, PathAttributes attributes, RouteRule rule, uint clusterId)
    {
        var options = peer.Options;
        var isReflected = source.Options.Kind == RouteKind.Internal && options.Kind == RouteKind.Internal;
        var told = options.Kind == RouteKind.External
            ? ToOtherAs(options, source, attributes)
            : attributes with { LocalPref = attributes.LocalPref ?? PathSelection.DefaultLocalPref };
        if (isReflected)
        {
            told = told with
            {
                OriginatorId = told.OriginatorId != 0 ? told.OriginatorId : source.RouterId,
                ClusterList = [clusterId, .. told.ClusterList],
            };
        }

        told = rule.Changes.Apply(told, options.LocalAs);
        if (options.Kind == RouteKind.External)
        {
            // The own AS is in front of whatever the policy puts there, so that the peer's check of the first AS holds.
            told = told with { AsPath = told.AsPath.Prepend(options.LocalAs), LocalPref = null };
        }

        return rule.Changes.NextHop is null ? WithNextHop(peer, source, family, told, isReflected) : told;
    }

    private static PathAttributes ToOtherAs(RibPeerOptions options, RibPeer source, PathAttributes attributes) => attributes with
    {
        // RFC 4271 §5.1.4: a MED that was learned goes no further.
        Med = source.Options.Kind == RouteKind.Local ? attributes.Med : null,
        OriginatorId = 0,
        ClusterList = default,
        ExtendedCommunities = attributes.ExtendedCommunities.Where(static community => community.IsTransitive).ToValueList(),
        AsPath = options.RemovePrivateAs ? attributes.AsPath.WithoutPrivate() : attributes.AsPath,
    };

    /// <summary>RFC 4271 §5.1.3.</summary>
    private static PathAttributes? WithNextHop(RibPeer peer, RibPeer source, IpFamily family, PathAttributes told, bool isReflected)
    {
        var isOwn = peer.Options.Kind == RouteKind.External
            ? !peer.Options.KeepNextHop
            : peer.Options.NextHopSelf && !isReflected && source.Options.Kind == RouteKind.External;
        var isUsable = !told.NextHop.IsAny && (told.NextHop.Family == family || (told.NextHop.Family == IpFamily.V6 && peer.ExtendedNextHop));
        if (isUsable && !isOwn)
        {
            return told;
        }

        // A next hop that was configured for an own route is meant as it stands.
        if (isUsable && source.Options.Kind == RouteKind.Local)
        {
            return told;
        }

        return OwnNextHop(peer, family) is { } own ? told with { NextHop = own, LinkLocalNextHop = default } : null;
    }

    private static IpAddress? OwnNextHop(RibPeer peer, IpFamily family)
    {
        var configured = family == IpFamily.V4 ? peer.Options.NextHopV4 : peer.Options.NextHopV6;
        if (configured is not null)
        {
            return configured;
        }

        return peer.SessionAddress.Family == family || (peer.SessionAddress.Family == IpFamily.V6 && peer.ExtendedNextHop) ? peer.SessionAddress : null;
    }
}
