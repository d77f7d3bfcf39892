using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>The sets and maps of port mappings, without elements; the same objects declare them and are looked up in rules.</summary>
public static class PortMapSchema
{
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];

    /// <summary>What a mapping can be for. The keys of the maps hold the protocol too; this match before a translation to a port is what
    /// lets nft read its own listing again.</summary>
    public static NftSet Protocols { get; } = new("protocols", NftKey.Type(NftDataType.InetProtocol))
    {
        Elements = ValueList.Create<NftElement>([new(NftValue.Of(IpProtocol.Tcp)), new(NftValue.Of(IpProtocol.Udp)), new(NftValue.Of(IpProtocol.Sctp))]),
    };

    /// <summary>Those whose elements come and go with containers, both families.</summary>
    public static ValueList<NftSet> PerContainer { get; } =
        Families.SelectMany(static family => (NftSet[])[HostPorts(family), HostIps(family), Hairpin(family)]).ToValueList();

    /// <summary>All sets.</summary>
    public static ValueList<NftSet> All { get; } = PerContainer.Prepend(Protocols).ToValueList();

    /// <summary>Mappings of every address of the node: protocol and port to address and port of the container.</summary>
    public static NftMap HostPorts(IpFamily family) => new($"hostports{(int)family}", NftKey.Typeof(PortKey), TargetKey(family)) { Comment = "port of the node: container" };

    /// <summary>Mappings of one address of the node.</summary>
    public static NftMap HostIps(IpFamily family) => new($"hostips{(int)family}", NftKey.Typeof(AddressKey(family)), TargetKey(family)) { Comment = "port of one address of the node: container" };

    /// <summary>Containers with mappings, each twice: who reaches itself must be masqueraded.</summary>
    public static NftSet Hairpin(IpFamily family) => new($"hairpin{(int)family}", NftKey.Typeof(Field.Source(family), Field.Destination(family))) { Comment = "containers with mappings, twice" };

    /// <summary>The family of a map; null for a set.</summary>
    internal static IpFamily? FamilyOfMap(string name)
    {
        foreach (var family in Families)
        {
            if (name == HostPorts(family).Name || name == HostIps(family).Name)
            {
                return family;
            }
        }

        return null;
    }

    internal static Field[] PortKey => [Field.L4Protocol, Field.DestinationPort];

    internal static Field[] AddressKey(IpFamily family) => [Field.Destination(family), .. PortKey];

    private static NftKey TargetKey(IpFamily family) => NftKey.Typeof(Field.Destination(family), Field.DestinationPort);
}
