namespace Kn.Linux.Nftables;

/// <summary>The tuple of a connection.</summary>
/// <remarks>enum ip_conntrack_dir, uapi/linux/netfilter/nf_conntrack_tuple_common.h.</remarks>
public enum ConnectionDirection : byte
{
    /// <summary>As the first packet was sent, before any translation.</summary>
    Original = 0,

    /// <summary>As answers come, after translation.</summary>
    Reply = 1,
}
