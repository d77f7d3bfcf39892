namespace Kn.Linux.Nftables;

/// <summary>The address family of a table, which decides what packets its chains see.</summary>
/// <remarks>NFPROTO_* of uapi/linux/netfilter.h.</remarks>
public enum NftFamily : byte
{
    /// <summary>IPv4 and IPv6 packets.</summary>
    Inet = 1,

    /// <summary>IPv4 packets.</summary>
    Ip = 2,

    /// <summary>ARP packets.</summary>
    Arp = 3,

    /// <summary>Frames of one device, before and after the stack.</summary>
    Netdev = 5,

    /// <summary>Frames of a bridge.</summary>
    Bridge = 7,

    /// <summary>IPv6 packets.</summary>
    Ip6 = 10,
}
