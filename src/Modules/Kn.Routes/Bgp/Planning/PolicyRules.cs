using Kn.Bgp.Attributes;
using Kn.Bgp.Policies;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>What is taken of peers and what they are told. Pure.</summary>
internal static class PolicyRules
{
    private static readonly ValueList<PrefixRange> DefaultRoutes =
        [PrefixRange.Exactly(new IpPrefix(IpAddress.Any(IpFamily.V4), 0)), PrefixRange.Exactly(new IpPrefix(IpAddress.Any(IpFamily.V6), 0))];

    /// <summary>What nodes take of each other: everything but default routes and what lies in this node's own podCIDRs.</summary>
    public static RoutePolicy FromNode(BgpNode self, BgpOptions options) => new([.. Guards(self, options, default), Accept]);

    /// <summary>What nodes tell each other: podCIDRs, and what routers told. Service addresses every node serves itself; only a reflector passes them
    /// on to routers.</summary>
    public static RoutePolicy ToNode(BgpNode self, BgpNode other)
    {
        if (other.IsReflector || self.IsReflector)
        {
            return RoutePolicy.AcceptAll;
        }

        var rules = new List<RouteRule>();
        if (!self.Node.PodCidrs.IsEmpty)
        {
            rules.Add(Accept with { IsLocal = true, Prefixes = self.Node.PodCidrs.Select(PrefixRange.Exactly).ToValueList() });
        }

        return new RoutePolicy([.. rules, new RouteRule { Accept = false, IsLocal = true }, Accept]);
    }

    /// <summary>What is taken of a router that the config names.</summary>
    public static RoutePolicy FromRouter(BgpNode self, BgpNeighborOptions neighbor, BgpOptions options)
    {
        var isInternal = neighbor.Asn == (neighbor.LocalAsn ?? self.Asn);
        var rules = new List<RouteRule>(Guards(self, options, self.Annotations.ImportRejects));
        var changes = isInternal ? RouteChanges.None : new RouteChanges { LocalPref = neighbor.LocalPreference };
        foreach (var filter in neighbor.Import)
        {
            AddImport(rules, RuleOf(filter, changes), isInternal);
        }

        if (neighbor.Import.IsEmpty && isInternal)
        {
            rules.Add(Accept);
        }
        else if (neighbor.Import.IsEmpty && options.AcceptDefaultRoute)
        {
            AddImport(rules, Accept with { Prefixes = DefaultRoutes, Changes = changes }, isInternal);
        }

        return new RoutePolicy(rules.ToValueList());
    }

    /// <summary>What is taken of a router that annotations name: as kube-router does it, everything but what is guarded.</summary>
    public static RoutePolicy FromAnnotated(BgpNode self, AnnotatedPeer peer, BgpOptions options)
    {
        var rules = new List<RouteRule>(Guards(self, options, self.Annotations.ImportRejects));
        AddImport(rules, Accept, isInternal: peer.Asn == self.Asn);
        return new RoutePolicy(rules.ToValueList());
    }

    /// <summary>What a router is told: this node's own prefixes; as its reflector, also what others told.</summary>
    public static RoutePolicy ToRouter(BgpNode self, BgpNeighborOptions neighbor)
    {
        var isInternal = neighbor.Asn == (neighbor.LocalAsn ?? self.Asn);
        var changes = new RouteChanges
        {
            LocalPref = isInternal ? neighbor.LocalPreference : null,
            Med = neighbor.Med,
            Prepend = neighbor.Prepend + self.Annotations.PrependTimes,
            PrependAs = self.Annotations.PrependAs,
            Communities = CommunityOptions.Standard(neighbor.Communities.Concat(self.Annotations.Communities)),
            LargeCommunities = CommunityOptions.Large(neighbor.Communities.Concat(self.Annotations.Communities)),
        };
        bool? isLocal = neighbor.RouteReflectorClient && isInternal ? null : true;
        return neighbor.Export.IsEmpty
            ? new RoutePolicy([Accept with { IsLocal = isLocal, Changes = changes }])
            : new RoutePolicy(neighbor.Export.Select(filter => RuleOf(filter, changes) with { IsLocal = isLocal }).ToValueList());
    }

    private static RouteRule Accept { get; } = new() { Accept = true };

    /// <summary>A peer whose operator takes it out of service is used when nothing else is left (RFC 8326 §4.1).</summary>
    private static void AddImport(List<RouteRule> rules, RouteRule rule, bool isInternal)
    {
        if (rule.Accept && !isInternal)
        {
            rules.Add(rule with { Communities = [Community.GracefulShutdown], Changes = rule.Changes with { LocalPref = 0 } });
        }

        rules.Add(rule);
    }

    /// <summary>What nobody may tell this node.</summary>
    private static IEnumerable<RouteRule> Guards(BgpNode self, BgpOptions options, ValueList<IpPrefix> rejected)
    {
        var ranges = self.Node.PodCidrs.Concat(rejected).Select(PrefixRange.OrLonger);
        if (!options.AcceptDefaultRoute)
        {
            ranges = DefaultRoutes.Concat(ranges);
        }

        var guarded = ranges.ToValueList();
        return guarded.IsEmpty ? [] : [new RouteRule { Accept = false, Prefixes = guarded }];
    }

    private static RouteRule RuleOf(BgpFilterOptions filter, RouteChanges changes) => new()
    {
        Accept = !filter.Reject,
        Prefixes = filter.Prefix is { } prefix ? [RangeOf(prefix, filter)] : default,
        Changes = changes with
        {
            LocalPref = filter.LocalPreference ?? changes.LocalPref,
            Med = filter.Med ?? changes.Med,
            Prepend = changes.Prepend + filter.Prepend,
            Communities = [.. changes.Communities, .. CommunityOptions.Standard(filter.Communities)],
            LargeCommunities = [.. changes.LargeCommunities, .. CommunityOptions.Large(filter.Communities)],
        },
    };

    private static PrefixRange RangeOf(IpPrefix prefix, BgpFilterOptions filter)
    {
        var longest = (byte)prefix.Address.BitCount;
        return filter is { Ge: null, Le: null }
            ? PrefixRange.Exactly(prefix)
            : new PrefixRange(prefix, filter.Ge ?? prefix.Length, filter.Le ?? longest);
    }
}
