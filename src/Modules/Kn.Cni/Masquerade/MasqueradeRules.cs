using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Masquerade;

/// <summary>The masquerade rules and their sets. Pure.</summary>
/// <remarks>The rules never change; the cluster's churn is in the elements of four sets.</remarks>
public static class MasqueradeRules
{
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];

    /// <summary>The rules at postrouting.</summary>
    public static ValueList<NftRule> Postrouting { get; } = Families.Select(static family => NftRule.Of(
        Match.NfProto(family),
        Match.IpSource(Local(family, default), family),
        Match.IpDestination(Inside(family, default), family, inverted: true),
        Statement.Masquerade(fullyRandom: true))).ToValueList();

    /// <summary>The sets with these prefixes; empty sets masquerade nothing.</summary>
    public static ValueList<NftSet> Sets(MasqueradeSets prefixes) =>
    [
        .. Families.Select(family => Local(family, prefixes.Of(family).Local)),
        .. Families.Select(family => Inside(family, prefixes.Of(family).Inside)),
    ];

    private static NftSet Local(IpFamily family, ValueList<IpPrefix> prefixes) => Set("local", family, "podCIDRs of this node", prefixes);

    private static NftSet Inside(IpFamily family, ValueList<IpPrefix> prefixes) => Set("inside", family, "reached with the pod's own address", prefixes);

    private static NftSet Set(string name, IpFamily family, string comment, ValueList<IpPrefix> prefixes) =>
        new($"{name}{(int)family}", NftKey.Typeof(Field.Source(family)))
        {
            Flags = NftSetFlags.Interval,
            Comment = comment,
            Elements = prefixes.Select(NftElement.Of).ToValueList(),
        };
}
