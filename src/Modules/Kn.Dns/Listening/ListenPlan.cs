using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>Decides where DNS is served. Pure.</summary>
internal static class ListenPlan
{
    /// <summary>The addresses that pods have in their resolv.conf.</summary>
    public static ValueList<IpAddress> ClusterAddresses(ClusterSnapshot cluster, DnsOptions options) =>
        options.Addresses.IsEmpty ? cluster.Services.Find(ServiceKey(options))?.ClusterIps ?? default : options.Addresses;

    /// <summary>Every address that is served, or may be.</summary>
    public static IEnumerable<IpAddress> Keys(ClusterSnapshot cluster, string node, DnsOptions options) =>
        ClusterAddresses(cluster, options).Concat(options.LocalAddresses).Concat(NodeAddresses(cluster, node, options)).Distinct();

    /// <summary>What there is to be of an address; null when nothing.</summary>
    public static ListenPiece? Plan(ClusterSnapshot cluster, IpAddress address, string node, DnsOptions options) =>
        ClusterAddresses(cluster, options).Contains(address) || options.LocalAddresses.Contains(address) ? ListenPiece.Own
        : NodeAddresses(cluster, node, options).Contains(address) ? ListenPiece.OfNode
        : null;

    /// <summary>The Service that has the cluster's DNS addresses.</summary>
    public static ObjectKey ServiceKey(DnsOptions options)
    {
        var slash = options.Service.IndexOf('/', StringComparison.Ordinal);
        return new ObjectKey(options.Service[..slash], options.Service[(slash + 1)..]);
    }

    private static ValueList<IpAddress> NodeAddresses(ClusterSnapshot cluster, string node, DnsOptions options) =>
        options.NodeAddresses ? cluster.Nodes.Find(node)?.InternalIps ?? default : default;
}
