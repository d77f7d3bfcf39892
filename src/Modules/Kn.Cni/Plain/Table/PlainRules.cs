using Kn.Cni.Plain.HostLocal;
using Kn.Cni.PortMaps;
using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Plain.Table;

/// <summary>The table <c>inet kn-plain</c>: masquerade and published ports of networks without an agent. Pure.</summary>
/// <remarks>
/// <para>Published ports are those of <see cref="PortMapRules"/>, the same as pods' hostPorts.</para>
/// A container is an element of a map that leads to the chain of its subnet, and that chain follows from its name alone, so nothing that
/// many processes add at once can be wrong:
/// <code>
///   map sources4 { ip saddr : verdict; 10.10.0.2 : goto beyond-10.10.0.0-16 }
///   chain postrouting { nat, srcnat; ip saddr vmap @sources4; ip6 saddr vmap @sources6 }
///   chain beyond-10.10.0.0-16 { ip daddr != 10.10.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random }
/// </code>
/// </remarks>
public static class PlainRules
{
    private const string ChainPrefix = "beyond-";

    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.PlainTable);

    /// <summary>The map of a family's containers that are masqueraded.</summary>
    public static NftMap Sources(IpFamily family) => new($"sources{(int)family}", NftKey.Typeof(Field.Source(family)), null) { Comment = "containers: chain of their subnet" };

    /// <summary>What is there as soon as one container is.</summary>
    public static NftTable Frame { get; } = new(Id.Family, Id.Name)
    {
        Sets = PortMapSchema.All.Concat([Sources(IpFamily.V4), Sources(IpFamily.V6)]).ToValueList(),
        Chains = PortMapRules.Chains.Append(NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NodeResources.MasqueradePriority)
            .With([.. PortMapRules.Postrouting, Dispatch(IpFamily.V4), Dispatch(IpFamily.V6)])).ToValueList(),
    };

    /// <summary>The chain for containers of a subnet: what leaves it takes the host's address, but for multicast.</summary>
    public static NftChain Beyond(IpPrefix subnet)
    {
        var multicast = IpPrefix.Parse(subnet.Family == IpFamily.V6 ? "ff00::/8" : "224.0.0.0/4");
        return NftChain.Of(
            ChainOf(subnet),
            NftRule.Of(
                Match.NfProto(subnet.Family),
                Match.Destination(subnet, inverted: true),
                Match.Destination(multicast, inverted: true),
                Statement.Masquerade(fullyRandom: true)));
    }

    /// <summary>A container's element.</summary>
    public static NftElement Element(LocalAddress address) => new(NftValue.Of(address.Address), Verdict.Goto(ChainOf(address.Subnet)));

    /// <summary>The key of a container's element.</summary>
    public static NftElement KeyOf(IpAddress address) => NftElement.Of(address);

    /// <summary>Chains of subnets in which no container is any more.</summary>
    public static IReadOnlyList<string> Unused(NftTable table)
    {
        var used = table.Sets.SelectMany(static set => set.Elements).Select(static element => element.Verdict?.Chain).ToHashSet(StringComparer.Ordinal);
        return [.. table.Chains.Select(static chain => chain.Name).Where(name => name.StartsWith(ChainPrefix, StringComparison.Ordinal) && !used.Contains(name))];
    }

    /// <summary>Whether no container is in the table: what its sets held from the start does not count.</summary>
    public static bool IsEmpty(NftTable table) =>
        table.Sets.All(static set => set.Elements.IsEmpty || Frame.FindSet(set.Name) is { Elements.IsEmpty: false });

    // nft takes letters, digits, '/', '\', '_', '-' and '.' in the names of chains.
    private static string ChainOf(IpPrefix subnet) => $"{ChainPrefix}{subnet.ToString().Replace(':', '_').Replace('/', '-')}";

    private static NftRule Dispatch(IpFamily family) => NftRule.Of(Match.NfProto(family), Statement.VerdictMap(Sources(family), Field.Source(family)));
}
