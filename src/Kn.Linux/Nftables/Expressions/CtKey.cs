namespace Kn.Linux.Nftables.Expressions;

/// <summary>What the kernel knows about a connection.</summary>
/// <remarks>enum nft_ct_keys, uapi/linux/netfilter/nf_tables.h.</remarks>
public enum CtKey : uint
{
    /// <summary>New, established, related, invalid, untracked.</summary>
    State = 0,

    /// <summary>Whether the packet goes in the direction of the first one.</summary>
    Direction = 1,

    /// <summary>Expected, assured, translated.</summary>
    Status = 2,

    /// <summary>Mark.</summary>
    Mark = 3,

    /// <summary>Family of the tuple.</summary>
    L3Protocol = 7,

    /// <summary>Protocol of the tuple.</summary>
    Protocol = 10,

    /// <summary>Source port of the tuple.</summary>
    ProtoSource = 11,

    /// <summary>Destination port of the tuple.</summary>
    ProtoDestination = 12,

    /// <summary>Zone.</summary>
    Zone = 17,

    /// <summary>IPv4 source address of the tuple.</summary>
    SourceIp = 19,

    /// <summary>IPv4 destination address of the tuple.</summary>
    DestinationIp = 20,

    /// <summary>IPv6 source address of the tuple.</summary>
    SourceIp6 = 21,

    /// <summary>IPv6 destination address of the tuple.</summary>
    DestinationIp6 = 22,
}

/// <summary>Names and types of connection keys.</summary>
internal static class CtKeys
{
    /// <summary>The name in <c>nft --debug=netlink</c>.</summary>
    internal static string Name(CtKey key) => key switch
    {
        CtKey.State => "state",
        CtKey.Direction => "direction",
        CtKey.Status => "status",
        CtKey.Mark => "mark",
        CtKey.L3Protocol => "l3protocol",
        CtKey.Protocol => "protocol",
        CtKey.ProtoSource => "proto_src",
        CtKey.ProtoDestination => "proto_dst",
        CtKey.Zone => "zone",
        CtKey.SourceIp => "src_ip",
        CtKey.DestinationIp => "dst_ip",
        CtKey.SourceIp6 => "src_ip6",
        CtKey.DestinationIp6 => "dst_ip6",
        _ => $"key-{(uint)key}",
    };

    /// <summary>The text in a ruleset, behind the direction.</summary>
    internal static string Text(CtKey key) => key switch
    {
        CtKey.SourceIp => "ip saddr",
        CtKey.DestinationIp => "ip daddr",
        CtKey.SourceIp6 => "ip6 saddr",
        CtKey.DestinationIp6 => "ip6 daddr",
        CtKey.ProtoSource => "proto-src",
        CtKey.ProtoDestination => "proto-dst",
        CtKey.L3Protocol => "l3proto",
        _ => Name(key),
    };

    internal static NftDataType TypeOf(CtKey key) => key switch
    {
        CtKey.State => NftDataType.CtState,
        CtKey.Direction => NftDataType.CtDirection,
        CtKey.Status => NftDataType.CtStatus,
        CtKey.Mark => NftDataType.Mark,
        CtKey.L3Protocol => NftDataType.NfProto,
        CtKey.Protocol => NftDataType.InetProtocol,
        CtKey.ProtoSource or CtKey.ProtoDestination => NftDataType.InetService,
        CtKey.SourceIp or CtKey.DestinationIp => NftDataType.Ipv4Address,
        CtKey.SourceIp6 or CtKey.DestinationIp6 => NftDataType.Ipv6Address,
        CtKey.Zone => NftDataType.IntegerOf(2),
        _ => NftDataType.Integer,
    };
}
