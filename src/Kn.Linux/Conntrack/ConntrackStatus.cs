namespace Kn.Linux.Conntrack;

/// <summary>What the kernel knows of a flow.</summary>
/// <remarks>IPS_*, uapi/linux/netfilter/nf_conntrack_common.h; bits without a name here are kept.</remarks>
[Flags]
public enum ConntrackStatus : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>IPS_EXPECTED: announced by another flow.</summary>
    Expected = 1 << 0,

    /// <summary>IPS_SEEN_REPLY: packets went both ways.</summary>
    SeenReply = 1 << 1,

    /// <summary>IPS_ASSURED: not dropped early when the table is full.</summary>
    Assured = 1 << 2,

    /// <summary>IPS_CONFIRMED: its first packet has left.</summary>
    Confirmed = 1 << 3,

    /// <summary>IPS_SRC_NAT: the source is rewritten.</summary>
    SourceNat = 1 << 4,

    /// <summary>IPS_DST_NAT: the destination is rewritten.</summary>
    DestinationNat = 1 << 5,

    /// <summary>IPS_DYING: being removed.</summary>
    Dying = 1 << 9,

    /// <summary>IPS_OFFLOAD: in a flow table.</summary>
    Offloaded = 1 << 14,
}
