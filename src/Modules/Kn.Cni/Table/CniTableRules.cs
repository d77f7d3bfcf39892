using Kn.Cni.Masquerade;
using Kn.Cni.PortMaps;
using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Table;

/// <summary>The table <c>inet kn-cni</c>: pods' own source addresses, port mappings and masquerade. Pure.</summary>
/// <remarks>Chains and rules never change. The cluster fills the sets of the masquerade, containers those of the port mappings.</remarks>
public static class CniTableRules
{
    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.CniTable);

    /// <summary>The table's unchanging part, its sets as they are declared.</summary>
    public static NftTable Static { get; } = Table(MasqueradeSets.Nothing, []);

    /// <summary>The whole table.</summary>
    /// <param name="masquerade">Whose traffic is masqueraded where.</param>
    /// <param name="portMaps">The elements of containers' port mappings.</param>
    public static NftTable Table(MasqueradeSets masquerade, IEnumerable<PortMapElement> portMaps) => new(Id.Family, Id.Name)
    {
        Sets = WithPortMaps([.. PortMapSchema.All, .. MasqueradeRules.Sets(masquerade)], portMaps),
        Chains =
        [
            SourceRules.Chain,
            .. PortMapRules.Chains,
            NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NodeResources.MasqueradePriority)
                .With([.. PortMapRules.Postrouting, .. MasqueradeRules.Postrouting]),
        ],
    };

    /// <summary>The table without what changes: equal frames need no new rules.</summary>
    public static NftTable Frame(NftTable table) => table with
    {
        Sets = table.Sets.Select(static set => set.Name == PortMapSchema.Protocols.Name ? set : set with { Elements = default }).ToValueList(),
    };

    /// <summary>A table with these port mappings in place of its own.</summary>
    public static NftTable With(NftTable table, IEnumerable<PortMapElement> portMaps) => table with { Sets = WithPortMaps(table.Sets, portMaps) };

    /// <summary>Whether a set's elements belong to containers.</summary>
    public static bool IsPerContainer(NftSet set) => PortMapSchema.PerContainer.Any(known => known.Name == set.Name);

    private static ValueList<NftSet> WithPortMaps(IEnumerable<NftSet> sets, IEnumerable<PortMapElement> portMaps)
    {
        var elements = portMaps.ToLookup(static element => element.Set, static element => element.Element, StringComparer.Ordinal);
        return sets.Select(set => IsPerContainer(set) ? set with { Elements = elements[set.Name].ToValueList() } : set).ToValueList();
    }
}
