using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A type of nft's type system: what a key, data or field means and how it is written.</summary>
/// <remarks>The kernel only stores the numbers (NFTA_SET_KEY_TYPE); they are nft's, and stable because listings depend on them.
/// A concatenation packs 6 bits a field, first field highest.</remarks>
public sealed record NftDataType
{
    private NftDataType(uint id, string name, int lengthBytes, NftByteOrder order)
    {
        Id = id;
        Name = name;
        LengthBytes = lengthBytes;
        Order = order;
    }

    /// <summary>nft's number.</summary>
    public uint Id { get; }

    /// <summary>nft's name, as in <c>type ipv4_addr</c>.</summary>
    public string Name { get; }

    /// <summary>How many bytes a value has, before padding.</summary>
    public int LengthBytes { get; }

    /// <summary>The byte order of a value.</summary>
    public NftByteOrder Order { get; }

    /// <summary>How many 4-byte registers a value takes.</summary>
    public int Words => (LengthBytes + 3) / 4;

    /// <summary>An address family: 2 for IPv4, 10 for IPv6.</summary>
    public static NftDataType NfProto { get; } = new(2, "nf_proto", 1, NftByteOrder.Host);

    /// <summary>A number without a type of its own, such as a generated one. Not expressible by <c>type</c> in a listing, only by <c>typeof</c>.</summary>
    public static NftDataType Integer { get; } = new(4, "integer", 4, NftByteOrder.Host);

    /// <summary>An IPv4 address.</summary>
    public static NftDataType Ipv4Address { get; } = new(7, "ipv4_addr", 4, NftByteOrder.Network);

    /// <summary>An IPv6 address.</summary>
    public static NftDataType Ipv6Address { get; } = new(8, "ipv6_addr", 16, NftByteOrder.Network);

    /// <summary>An Ethernet address.</summary>
    public static NftDataType EthernetAddress { get; } = new(9, "ether_addr", 6, NftByteOrder.Network);

    /// <summary>An EtherType.</summary>
    public static NftDataType EtherType { get; } = new(10, "ether_type", 2, NftByteOrder.Network);

    /// <summary>A protocol above IP.</summary>
    public static NftDataType InetProtocol { get; } = new(12, "inet_proto", 1, NftByteOrder.Network);

    /// <summary>A port.</summary>
    public static NftDataType InetService { get; } = new(13, "inet_service", 2, NftByteOrder.Network);

    /// <summary>A type of ICMP.</summary>
    public static NftDataType IcmpType { get; } = new(14, "icmp_type", 1, NftByteOrder.Network);

    /// <summary>Flags of a TCP segment.</summary>
    public static NftDataType TcpFlag { get; } = new(15, "tcp_flag", 1, NftByteOrder.Host);

    /// <summary>A packet mark or connection mark.</summary>
    public static NftDataType Mark { get; } = new(19, "mark", 4, NftByteOrder.Host);

    /// <summary>The number of an interface.</summary>
    public static NftDataType InterfaceIndex { get; } = new(20, "iface_index", 4, NftByteOrder.Host);

    /// <summary>A tc class, which is what the packet's priority is shown as: <c>1:2</c>.</summary>
    public static NftDataType ClassId { get; } = new(23, "classid", 4, NftByteOrder.Host);

    /// <summary>A user.</summary>
    public static NftDataType Uid { get; } = new(24, "uid", 4, NftByteOrder.Host);

    /// <summary>The state of a connection.</summary>
    public static NftDataType CtState { get; } = new(26, "ct_state", 4, NftByteOrder.Host);

    /// <summary>The direction of a packet in its connection.</summary>
    public static NftDataType CtDirection { get; } = new(27, "ct_dir", 1, NftByteOrder.Host);

    /// <summary>What happened to a connection.</summary>
    public static NftDataType CtStatus { get; } = new(28, "ct_status", 4, NftByteOrder.Host);

    /// <summary>A type of ICMPv6.</summary>
    public static NftDataType Icmpv6Type { get; } = new(29, "icmpv6_type", 1, NftByteOrder.Network);

    /// <summary>Unicast, broadcast, multicast.</summary>
    public static NftDataType PacketType { get; } = new(31, "pkt_type", 1, NftByteOrder.Host);

    /// <summary>A group of interfaces.</summary>
    public static NftDataType DeviceGroup { get; } = new(35, "devgroup", 4, NftByteOrder.Host);

    /// <summary>What kind of address the routing table says it is.</summary>
    public static NftDataType FibAddressType { get; } = new(38, "fib_addrtype", 4, NftByteOrder.Host);

    /// <summary>Yes or no.</summary>
    public static NftDataType Boolean { get; } = new(39, "boolean", 1, NftByteOrder.Host);

    /// <summary>The name of an interface, 16 bytes.</summary>
    public static NftDataType InterfaceName { get; } = new(41, "ifname", 16, NftByteOrder.Host);

    /// <summary>Every type that has a property here, by number.</summary>
    public static ValueList<NftDataType> All { get; } =
    [
        NfProto, Integer, Ipv4Address, Ipv6Address, EthernetAddress, EtherType, InetProtocol, InetService, IcmpType, TcpFlag, Mark,
        InterfaceIndex, ClassId, Uid, CtState, CtDirection, CtStatus, Icmpv6Type, PacketType, DeviceGroup, FibAddressType, Boolean,
        InterfaceName,
    ];

    /// <summary>The type of a number and length; one without a property here gets the name <c>type-N</c>.</summary>
    public static NftDataType Of(uint id, int lengthBytes) =>
        Find(id) is { } known && known.LengthBytes == lengthBytes ? known
            : id == Integer.Id ? IntegerOf(lengthBytes)
            : new NftDataType(id, $"type-{id}", lengthBytes, NftByteOrder.Unknown);

    /// <summary>A plain number of another length than 4 bytes.</summary>
    public static NftDataType IntegerOf(int lengthBytes) =>
        lengthBytes == 4 ? Integer : new NftDataType(Integer.Id, Integer.Name, lengthBytes, NftByteOrder.Host);

    /// <summary>The type of a number, or null where there is no property for it.</summary>
    internal static NftDataType? Find(uint id)
    {
        foreach (var type in All)
        {
            if (type.Id == id)
            {
                return type;
            }
        }

        return null;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>The order of the bytes of a value; the numbers are those in a set's user data.</summary>
public enum NftByteOrder
{
    /// <summary>Not known: a concatenation, or no order at all.</summary>
    Unknown = 0,

    /// <summary>The host's.</summary>
    Host = 1,

    /// <summary>Most significant byte first.</summary>
    Network = 2,
}
