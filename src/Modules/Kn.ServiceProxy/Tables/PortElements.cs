using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>The elements that a Service port has in the table. Pure.</summary>
internal static class PortElements
{
    private const string LocalSuffix = " local";

    /// <summary>The elements of one VIP.</summary>
    public static IEnumerable<ProxyElement> OfVip(PortState port, Vip vip) => port.Of(vip.Address.Family) is { } family
        ? family.Vips.Where(piece => piece.Vip == vip).SelectMany(piece => OfVip(family, piece))
        : [];

    /// <summary>The elements of a VIP that another port has.</summary>
    public static IEnumerable<ProxyElement> OfContestedVip(PortState port, Vip vip) => port.Of(vip.Address.Family) is { } family
        ? family.Vips.Where(piece => piece.Vip == vip).SelectMany(piece => OfContestedVip(family, piece))
        : [];

    /// <summary>The elements of a list and of its slots.</summary>
    public static IEnumerable<ProxyElement> OfList(ServiceList list, string comment)
    {
        yield return ProxyElement.List(list.Number, list.Class, comment);
        var slots = list.Slots();
        for (var slot = 0; slot < slots.Count; slot++)
        {
            foreach (var element in OfSlot(list, slot, slots[slot]))
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements of one slot.</summary>
    public static IEnumerable<ProxyElement> OfSlot(ServiceList list, int slot, Slot content)
    {
        var (endpoint, backend, isOnNode) = content;
        if (list.AffinitySeconds == 0)
        {
            yield return ProxyElement.Endpoint(list.Number, slot, endpoint, isOnNode);
        }
        else
        {
            yield return ProxyElement.Choice(list.Number, slot, backend);
            yield return ProxyElement.Backend(backend, endpoint, isOnNode);
        }
    }

    /// <summary>The elements that several ports may share: each is there while anybody wants it.</summary>
    public static IEnumerable<ProxyElement> Shared(FamilyState family) => family.Vips
        .Where(static vip => vip.Traits.HasFlag(VipTraits.ClusterIp))
        .Select(static vip => ProxyElement.ClusterIp(vip.Vip.Address))
        .Concat(family.OnNode.Select(ProxyElement.Hairpin));

    /// <summary>Everything that a port has, shared or not.</summary>
    /// <param name="port">The port.</param>
    /// <param name="contested">Those of its VIPs that another port has.</param>
    public static IEnumerable<ProxyElement> All(PortState port, IReadOnlySet<Vip> contested)
    {
        foreach (var family in port.Families)
        {
            var own = family.Vips.SelectMany(vip => contested.Contains(vip.Vip) ? OfContestedVip(family, vip) : OfVip(family, vip));
            var cluster = family.Cluster is { } list ? OfList(list, ClusterComment(port.Key)) : [];
            var local = family.Local is { } other ? OfList(other, LocalComment(port.Key)) : [];
            foreach (var element in own.Concat(cluster).Concat(local).Concat(Shared(family)))
            {
                yield return element;
            }
        }
    }

    /// <summary>The comment of a port's list of policy Cluster.</summary>
    public static string ClusterComment(ProxyKey key) => key.ToString();

    /// <summary>The comment of a port's list of policy Local.</summary>
    public static string LocalComment(ProxyKey key) => key + LocalSuffix;

    /// <summary>Reads the comment of a list.</summary>
    public static bool TryReadComment(string? comment, out ProxyKey key, out bool isLocal)
    {
        isLocal = comment is not null && comment.EndsWith(LocalSuffix, StringComparison.Ordinal);
        return ProxyKey.TryParse(isLocal ? comment.AsSpan()[..^LocalSuffix.Length] : comment, out key);
    }

    private static IEnumerable<ProxyElement> OfVip(FamilyState family, VipPiece piece)
    {
        var (vip, traits, ranges) = piece;
        var inside = Inside(family, piece);
        var special = (traits.HasFlag(VipTraits.LocalOutside) ? ProxyElement.HasOutside : 0) | (ranges.IsEmpty ? 0 : ProxyElement.HasRanges);
        yield return ProxyElement.Service(vip, special == 0 ? inside.Number : special);
        if (special != 0)
        {
            yield return ProxyElement.Inner(vip, inside.Number);
        }

        if (traits.HasFlag(VipTraits.LocalOutside))
        {
            yield return ProxyElement.Outside(vip, (family.Local ?? throw NoList(vip)).Number);
        }

        if (traits.HasFlag(VipTraits.Masqueraded))
        {
            yield return ProxyElement.External(vip);
        }

        for (var i = 0; i < ranges.Count; i++)
        {
            yield return ProxyElement.Range(vip, ranges[i]);
        }
    }

    private static IEnumerable<ProxyElement> OfContestedVip(FamilyState family, VipPiece piece)
    {
        var (vip, traits, ranges) = piece;
        var list = Inside(family, piece).Number;
        if (ranges.IsEmpty)
        {
            return [ProxyElement.Contested(vip, list, (uint)traits, new IpPrefix(vip.Address, 0))];
        }

        return ranges.Select(clients => ProxyElement.Contested(vip, list, (uint)traits | ProxyElement.ContestedRanges, clients));
    }

    private static ServiceList Inside(FamilyState family, VipPiece piece) =>
        (piece.Traits.HasFlag(VipTraits.LocalInside) ? family.Local : family.Cluster) ?? throw NoList(piece.Vip);

    private static InvalidOperationException NoList(Vip vip) => new($"the VIP {vip} leads to a list that its piece does not have");
}
