using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>The sets and maps whose elements follow the cluster. Where there is one for each family, IPv6 comes right after IPv4.</summary>
/// <remarks>The order is that of deleting; adding goes the other way round, so that whoever reads a batch sees a VIP appear after
/// what it leads to. The kernel shows all of a batch at once anyway.</remarks>
internal enum ProxySet : byte
{
    /// <summary>VIP: list, or a special kind.</summary>
    Services4,
    Services6,

    /// <summary>VIP of a special kind: list for pods and the node itself.</summary>
    Inner4,
    Inner6,

    /// <summary>VIP with policy Local: list for clients outside.</summary>
    Outside4,
    Outside6,

    /// <summary>VIPs that are always masqueraded.</summary>
    External4,
    External6,

    /// <summary>VIP and permitted client.</summary>
    Ranges4,
    Ranges6,

    /// <summary>VIP, list of a Service port that claims it in vain, and permitted client: how the VIP would be treated. No rule asks;
    /// who reads the table learns who waits.</summary>
    Contested4,
    Contested6,

    /// <summary>ClusterIPs.</summary>
    ClusterIps4,
    ClusterIps6,

    /// <summary>Endpoints on this node, twice.</summary>
    Hairpin4,
    Hairpin6,

    /// <summary>Addresses of pods.</summary>
    Inside4,
    Inside6,

    /// <summary>Addresses of other nodes' pods.</summary>
    Elsewhere4,
    Elsewhere6,

    /// <summary>Prefixes of ClusterIPs.</summary>
    ServiceCidrs4,
    ServiceCidrs6,

    /// <summary>ClusterIPs that another proxy serves.</summary>
    Foreign4,
    Foreign6,

    /// <summary>List: class.</summary>
    Lists,

    /// <summary>List and slot: endpoint.</summary>
    Endpoints4,
    Endpoints6,

    /// <summary>List and slot: backend, for lists with affinity.</summary>
    Choices,

    /// <summary>Backend: endpoint.</summary>
    Backends4,
    Backends6,
}

/// <summary>Names of <see cref="ProxySet"/>.</summary>
internal static class ProxySets
{
    private static readonly string[] Names =
    [
        "services4", "services6", "inner4", "inner6", "outside4", "outside6", "external4", "external6", "ranges4", "ranges6", "contested4", "contested6",
        "cluster-ips4", "cluster-ips6", "hairpin4", "hairpin6", "inside4", "inside6", "elsewhere4", "elsewhere6", "service-cidrs4", "service-cidrs6", "foreign4", "foreign6",
        "lists", "endpoints4", "endpoints6", "choices", "backends4", "backends6",
    ];

    /// <summary>How many there are.</summary>
    public static int Count => Names.Length;

    /// <summary>All of them, in order.</summary>
    public static IEnumerable<ProxySet> All => Sequence.Range(0, Count).Select(static number => (ProxySet)number);

    /// <summary>The name in the kernel.</summary>
    public static string Name(this ProxySet set) => Names[(int)set];

    /// <summary>The set of the same purpose in a family, given its IPv4 one.</summary>
    public static ProxySet In(this ProxySet v4, IpFamily family) => family == IpFamily.V4 ? v4 : v4 + 1;

    /// <summary>The family whose addresses a set's keys or data are; null for the sets that both families share.</summary>
    public static IpFamily? Family(this ProxySet set)
    {
        var name = Names[(int)set];
        return name[^1] switch
        {
            '4' => IpFamily.V4,
            '6' => IpFamily.V6,
            _ => null,
        };
    }
}
