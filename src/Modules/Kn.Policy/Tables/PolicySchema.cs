using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Policy.Peers;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>The sets and maps of the table, without elements. The same objects declare them and are looked up in rules.</summary>
internal static class PolicySchema
{
    /// <summary>Pods whose drops are counted, in each direction and family: more than a node has.</summary>
    private const uint MaxCounted = 1024;

    /// <summary>A pod whose packets pass again is forgotten, so that addresses of pods that are gone do not fill the set.</summary>
    private static readonly TimeSpan CountedFor = TimeSpan.FromHours(1);

    private static readonly NftKey Number = NftKey.Type(NftDataType.ClassId);
    private static readonly NftKey PortKey = NftKey.Type(NftDataType.ClassId, NftDataType.InetProtocol, NftDataType.InetService);

    /// <summary>Groups of links that lead to local pods: their veths, and the bridge where the node has one.</summary>
    public static NftSet PodLinks { get; } = new("pod-links", NftKey.Type(NftDataType.DeviceGroup))
    {
        Elements = [new NftElement(NftValue.Of(NodeResources.PodLinkGroup)), new NftElement(NftValue.Of(NodeResources.PodBridgeGroup))],
    };

    /// <summary>Pod address: identity.</summary>
    public static PerFamily<NftMap> Who { get; } = PerFamily.Of(static (family, digit) => new NftMap($"who{digit}", Address(family), Number) { Comment = "pod: identity" });

    /// <summary>Range that ipBlocks tell from others: identity of addresses in it that are no pods'.</summary>
    public static PerFamily<NftMap> Net { get; } = PerFamily.Of(static (family, digit) =>
        new NftMap($"net{digit}", Address(family), Number) { Flags = NftSetFlags.Interval, Comment = "other addresses: identity" });

    /// <summary>Address of a local pod: chain of its ingress class, or open.</summary>
    public static PerFamily<NftMap> In { get; } = PerFamily.Of(static (family, digit) => new NftMap($"in{digit}", Address(family), Data: null) { Comment = "local pod: ingress" });

    /// <summary>Address of a local pod: chain of its egress class, or open.</summary>
    public static PerFamily<NftMap> Out { get; } = PerFamily.Of(static (family, digit) => new NftMap($"out{digit}", Address(family), Data: null) { Comment = "local pod: egress" });

    /// <summary>Addresses of local pods, twice: a pod always reaches itself.</summary>
    public static PerFamily<NftSet> Self { get; } = PerFamily.Of(static (family, digit) =>
        new NftSet($"self{digit}", NftKey.Type(AddressType(family), AddressType(family))) { Comment = "local pods, twice" });

    /// <summary>Profile and protocol: all ports of the protocol.</summary>
    public static NftSet Protocol { get; } = new("protocol", NftKey.Type(NftDataType.ClassId, NftDataType.InetProtocol)) { Comment = "profile . protocol" };

    /// <summary>Profile, protocol and port.</summary>
    public static NftSet Port { get; } = new("port", PortKey) { Comment = "profile . protocol . port" };

    /// <summary>Profile, protocol and long ranges of ports: apart from <see cref="Port"/>, as each change of such a set costs its size.</summary>
    public static NftSet Range { get; } = new("range", PortKey) { Flags = NftSetFlags.Interval, Comment = "profile . protocol . ports" };

    /// <summary>What was dropped of what local pods sent, by pod. Filled by packets.</summary>
    public static PerFamily<NftSet> DropsOut { get; } = PerFamily.Of(static (family, digit) => Drops($"drops-out{digit}", family));

    /// <summary>What was dropped of what was sent to local pods, by pod.</summary>
    public static PerFamily<NftSet> DropsIn { get; } = PerFamily.Of(static (family, digit) => Drops($"drops-in{digit}", family));

    /// <summary>All of them.</summary>
    public static ValueList<NftSet> All { get; } =
    [
        PodLinks, Who.V4, Who.V6, Net.V4, Net.V6, In.V4, In.V6, Out.V4, Out.V6, Self.V4, Self.V6, Protocol, Port, Range,
        DropsOut.V4, DropsOut.V6, DropsIn.V4, DropsIn.V6,
    ];

    /// <summary>The map of a class: identity to profile, for those who may use more than anybody may.</summary>
    public static NftMap MapOf(ClassState state) => new(state.Name, Number, Number);

    private static NftKey Address(IpFamily family) => NftKey.Type(AddressType(family));

    private static NftDataType AddressType(IpFamily family) => family == IpFamily.V6 ? NftDataType.Ipv6Address : NftDataType.Ipv4Address;

    private static NftSet Drops(string name, IpFamily family) => new(name, Address(family))
    {
        Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout,
        MaxElements = MaxCounted,
        Timeout = CountedFor,
    };
}

/// <summary>One for each family.</summary>
internal sealed record PerFamily<T>(T V4, T V6)
{
    /// <summary>A family's.</summary>
    public T this[IpFamily family] => family == IpFamily.V6 ? V6 : V4;
}

/// <summary>Makes pairs.</summary>
internal static class PerFamily
{
    /// <summary>One for each family; the digit is for its name.</summary>
    public static PerFamily<T> Of<T>(Func<IpFamily, char, T> make) => new(make(IpFamily.V4, '4'), make(IpFamily.V6, '6'));
}
