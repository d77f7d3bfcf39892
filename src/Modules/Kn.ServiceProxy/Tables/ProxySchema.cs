using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>The sets and maps of the table, without elements. The same objects declare them and are looked up in rules.</summary>
internal static class ProxySchema
{
    /// <summary>Clients that affinity remembers, in each family: 120 bytes each when full.</summary>
    public const uint MaxAffinities = 1_048_576;

    /// <summary>The modulus by which slots are declared; any number below 65,536 fits.</summary>
    private const uint Slots = 65_536;

    private static readonly NftSet[] Churning = [.. ProxySets.All.Select(Declare)];

    /// <summary>Class: chain.</summary>
    public static NftMap Dispatch { get; } = new("dispatch", NftKey.Typeof(Field.Priority), Data: null) { Comment = "class: chain" };

    /// <summary>Client and VIP: backend, IPv4. Filled by packets.</summary>
    public static NftMap Affinity4 { get; } = Affinity("affinity4", IpFamily.V4);

    /// <summary>Client and VIP: backend, IPv6.</summary>
    public static NftMap Affinity6 { get; } = Affinity("affinity6", IpFamily.V6);

    /// <summary>The sets whose elements follow the cluster, then those that do not.</summary>
    public static ValueList<NftSet> All { get; } = Churning.Append(Dispatch).Append(Affinity4).Append(Affinity6).ToValueList();

    /// <summary>A set whose elements follow the cluster.</summary>
    public static NftSet Of(ProxySet set) => Churning[(int)set];

    /// <summary>A map whose elements follow the cluster.</summary>
    public static NftMap MapOf(ProxySet set) => (NftMap)Churning[(int)set];

    /// <summary>Address, protocol and port of a packet's destination.</summary>
    public static Field[] Vip(IpFamily family) => [Field.Destination(family), Field.L4Protocol, Field.DestinationPort];

    private static NftMap Affinity(string name, IpFamily family) =>
        new(name, NftKey.Typeof([Field.Source(family), .. Vip(family)]), NftKey.Typeof(Field.Priority))
        {
            Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout,
            MaxElements = MaxAffinities,
            Comment = "client . VIP: backend",
        };

    private static NftSet Declare(ProxySet set)
    {
        var family = set.Family() ?? IpFamily.V4;
        var vip = NftKey.Typeof(Vip(family));
        var number = NftKey.Typeof(Field.Priority);
        var slot = NftKey.Typeof(Field.Priority, Field.Random(Slots));
        var endpoint = NftKey.Typeof(Field.Destination(family), Field.DestinationPort);
        var address = family == IpFamily.V6 ? NftDataType.Ipv6Address : NftDataType.Ipv4Address;
        var name = set.Name();
        return (set.Family() == IpFamily.V6 ? set - 1 : set) switch
        {
            ProxySet.Services4 => new NftMap(name, vip, number) { Comment = "VIP: list, or below 8 a special kind" },
            ProxySet.Inner4 => new NftMap(name, vip, number) { Comment = "VIP of a special kind: list for pods and for the node itself" },
            ProxySet.Outside4 => new NftMap(name, vip, number) { Comment = "VIP with policy Local, seen from outside: list of local endpoints" },
            ProxySet.External4 => new NftSet(name, vip) { Comment = "VIPs that are always masqueraded" },
            ProxySet.Ranges4 => new NftSet(name, NftKey.Typeof([.. Vip(family), Field.Source(family)])) { Flags = NftSetFlags.Interval, Comment = "VIP . permitted source" },
            ProxySet.Contested4 => new NftMap(name, NftKey.Type(address, NftDataType.InetProtocol, NftDataType.InetService, NftDataType.ClassId, address), NftKey.Type(NftDataType.ClassId)) { Flags = NftSetFlags.Interval, Comment = "VIP . list that waits for it . permitted source: traits" },
            ProxySet.ClusterIps4 => new NftSet(name, NftKey.Type(address)),
            ProxySet.Hairpin4 => new NftSet(name, NftKey.Typeof(Field.Source(family), Field.Destination(family))) { Comment = "local endpoints, twice" },
            ProxySet.Inside4 => new NftSet(name, NftKey.Type(address)) { Flags = NftSetFlags.Interval, Comment = "pod addresses of the cluster" },
            ProxySet.Elsewhere4 => new NftSet(name, NftKey.Type(address)) { Flags = NftSetFlags.Interval, Comment = "pod addresses of other nodes" },
            ProxySet.Foreign4 => new NftSet(name, NftKey.Type(address)) { Comment = "ClusterIPs that another proxy serves" },
            ProxySet.ServiceCidrs4 => new NftSet(name, NftKey.Type(address)) { Flags = NftSetFlags.Interval },
            ProxySet.Lists => new NftMap(name, number, number) { Comment = "list: class (kind, protocol : length)" },
            ProxySet.Endpoints4 => new NftMap(name, slot, endpoint) { Comment = "list . slot: endpoint" },
            ProxySet.Choices => new NftMap(name, slot, number) { Comment = "list . slot: backend, lists with affinity" },
            ProxySet.Backends4 => new NftMap(name, number, endpoint) { Comment = "backend: endpoint, lists with affinity" },
            _ => throw new ArgumentOutOfRangeException(nameof(set), set, "no declaration"),
        };
    }
}
