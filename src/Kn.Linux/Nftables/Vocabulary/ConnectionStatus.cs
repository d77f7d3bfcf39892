namespace Kn.Linux.Nftables;

/// <summary>What happened to a connection.</summary>
/// <remarks>enum ip_conntrack_status, uapi/linux/netfilter/nf_conntrack_common.h.</remarks>
[Flags]
public enum ConnectionStatus : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>IPS_EXPECTED: a helper announced it.</summary>
    Expected = 1,

    /// <summary>IPS_SEEN_REPLY: an answer came.</summary>
    SeenReply = 2,

    /// <summary>IPS_ASSURED: not to be evicted early.</summary>
    Assured = 4,

    /// <summary>IPS_CONFIRMED: its first packet has left.</summary>
    Confirmed = 8,

    /// <summary>IPS_SRC_NAT: the source is translated.</summary>
    SourceNat = 16,

    /// <summary>IPS_DST_NAT: the destination is translated.</summary>
    DestinationNat = 32,

    /// <summary>IPS_HELPER: somebody reads along, to know of further connections (FTP, SIP).</summary>
    Helper = 1 << 13,
}
