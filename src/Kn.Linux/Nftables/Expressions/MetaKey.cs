namespace Kn.Linux.Nftables.Expressions;

/// <summary>What the kernel knows about a packet.</summary>
/// <remarks>enum nft_meta_keys, uapi/linux/netfilter/nf_tables.h.</remarks>
public enum MetaKey : uint
{
    /// <summary>Length of the packet.</summary>
    Length = 0,

    /// <summary>EtherType.</summary>
    Protocol = 1,

    /// <summary>Priority (skb->priority), shown as a tc class.</summary>
    Priority = 2,

    /// <summary>Mark.</summary>
    Mark = 3,

    /// <summary>Number of the interface it came by.</summary>
    InputInterface = 4,

    /// <summary>Number of the interface it leaves by.</summary>
    OutputInterface = 5,

    /// <summary>Name of the interface it came by.</summary>
    InputInterfaceName = 6,

    /// <summary>Name of the interface it leaves by.</summary>
    OutputInterfaceName = 7,

    /// <summary>User of the sending socket.</summary>
    SocketUser = 10,

    /// <summary>1: rules that the packet meets are reported.</summary>
    Trace = 12,

    /// <summary>IPv4 or IPv6.</summary>
    NfProto = 15,

    /// <summary>Protocol above IP.</summary>
    L4Protocol = 16,

    /// <summary>Unicast, broadcast or multicast.</summary>
    PacketType = 19,

    /// <summary>Group of the interface it came by.</summary>
    InputGroup = 21,

    /// <summary>Group of the interface it leaves by.</summary>
    OutputGroup = 22,
}

/// <summary>Names and types of meta keys.</summary>
internal static class MetaKeys
{
    /// <summary>The name in <c>nft --debug=netlink</c>.</summary>
    internal static string Name(MetaKey key) => key switch
    {
        MetaKey.Length => "len",
        MetaKey.Protocol => "protocol",
        MetaKey.Priority => "priority",
        MetaKey.Mark => "mark",
        MetaKey.InputInterface => "iif",
        MetaKey.OutputInterface => "oif",
        MetaKey.InputInterfaceName => "iifname",
        MetaKey.OutputInterfaceName => "oifname",
        MetaKey.SocketUser => "skuid",
        MetaKey.Trace => "nftrace",
        MetaKey.NfProto => "nfproto",
        MetaKey.L4Protocol => "l4proto",
        MetaKey.PacketType => "pkttype",
        MetaKey.InputGroup => "iifgroup",
        MetaKey.OutputGroup => "oifgroup",
        _ => $"key-{(uint)key}",
    };

    /// <summary>The text in a ruleset: some keys stand without the word meta.</summary>
    internal static string Text(MetaKey key) => key switch
    {
        MetaKey.InputInterface or MetaKey.OutputInterface or MetaKey.InputInterfaceName or MetaKey.OutputInterfaceName
            or MetaKey.InputGroup or MetaKey.OutputGroup => Name(key),
        _ => $"meta {Name(key)}",
    };

    internal static NftDataType TypeOf(MetaKey key) => key switch
    {
        MetaKey.Protocol => NftDataType.EtherType,
        MetaKey.Priority => NftDataType.ClassId,
        MetaKey.Mark => NftDataType.Mark,
        MetaKey.InputInterface or MetaKey.OutputInterface => NftDataType.InterfaceIndex,
        MetaKey.InputInterfaceName or MetaKey.OutputInterfaceName => NftDataType.InterfaceName,
        MetaKey.SocketUser => NftDataType.Uid,
        MetaKey.Trace => NftDataType.IntegerOf(1),
        MetaKey.NfProto => NftDataType.NfProto,
        MetaKey.L4Protocol => NftDataType.InetProtocol,
        MetaKey.PacketType => NftDataType.PacketType,
        MetaKey.InputGroup or MetaKey.OutputGroup => NftDataType.DeviceGroup,
        _ => NftDataType.Integer,
    };
}
