using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Masquerade;

/// <summary>The nftables table of the module. Pure.</summary>
/// <remarks>The rules never change; the cluster's churn is in the elements of four sets.</remarks>
public static class MasqueradeRules
{
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];

    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.CniTable);

    /// <summary>The whole table.</summary>
    public static NftTable Table(MasqueradeSets sets)
    {
        var local = Families.Select(family => Set("local", family, "podCIDRs of this node", sets.Of(family).Local)).ToList();
        var inside = Families.Select(family => Set("inside", family, "reached with the pod's own address", sets.Of(family).Inside)).ToList();
        var rules = Families.Select((family, index) => NftRule.Of(
            Match.NfProto(family),
            Match.IpSource(local[index], family),
            Match.IpDestination(inside[index], family, inverted: true),
            Statement.Masquerade(fullyRandom: true)));
        return new NftTable(Id.Family, Id.Name)
        {
            Sets = local.Concat(inside).ToValueList(),
            Chains = [NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NodeResources.MasqueradePriority).With([.. rules])],
        };
    }

    /// <summary>The table without what changes: equal frames need no new rules.</summary>
    public static NftTable Frame(NftTable table) => table with { Sets = table.Sets.Select(static set => set with { Elements = default }).ToValueList() };

    private static NftSet Set(string name, IpFamily family, string comment, ValueList<IpPrefix> prefixes) =>
        new($"{name}{(int)family}", NftKey.Typeof(Field.Source(family)))
        {
            Flags = NftSetFlags.Interval,
            Comment = comment,
            Elements = prefixes.Select(NftElement.Of).ToValueList(),
        };
}
