namespace Kn.Linux.Netlink;

/// <summary>The netlink families that Kn speaks.</summary>
/// <remarks>uapi/linux/netlink.h.</remarks>
public enum NetlinkProtocol
{
    /// <summary>NETLINK_ROUTE: links, addresses, routes, neighbours, rules.</summary>
    Route = 0,

    /// <summary>NETLINK_NETFILTER: nftables, conntrack.</summary>
    Netfilter = 12,
}
