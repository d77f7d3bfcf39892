namespace Kn.Linux.Nftables;

/// <summary>The protocols above IP that Kn names; the values are IANA's.</summary>
public enum IpProtocol : byte
{
    /// <summary>ICMP for IPv4.</summary>
    Icmp = 1,

    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>ICMPv6.</summary>
    Icmpv6 = 58,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}
