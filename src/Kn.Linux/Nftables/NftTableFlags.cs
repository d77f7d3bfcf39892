namespace Kn.Linux.Nftables;

/// <summary>Flags of a table.</summary>
/// <remarks>enum nft_table_flags, uapi/linux/netfilter/nf_tables.h.</remarks>
[Flags]
public enum NftTableFlags : uint
{
    /// <summary>An ordinary table.</summary>
    None = 0,

    /// <summary>Its base chains are not registered: no packet sees it.</summary>
    Dormant = 1,

    /// <summary>Belongs to the netlink socket that made it and goes away with it; nobody else may change it.</summary>
    Owner = 2,

    /// <summary>An owned table that outlives its owner (kernel 6.9).</summary>
    Persist = 4,
}
