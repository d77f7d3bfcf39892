namespace Kn.Linux.Nftables;

/// <summary>States that a rule can match.</summary>
/// <remarks>NF_CT_STATE_BIT(), uapi/linux/netfilter/nf_conntrack_common.h.</remarks>
[Flags]
public enum ConnectionState : uint
{
    /// <summary>No state.</summary>
    None = 0,

    /// <summary>Conntrack could make nothing of the packet.</summary>
    Invalid = 1,

    /// <summary>Packets went both ways.</summary>
    Established = 2,

    /// <summary>Belongs to another connection: an ICMP error, a helper's data connection.</summary>
    Related = 4,

    /// <summary>The first packet.</summary>
    New = 8,

    /// <summary>Conntrack was told to leave it alone.</summary>
    Untracked = 64,
}
