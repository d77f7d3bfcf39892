using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Status;

/// <summary>Where Ingresses are found: as the config says, or at a Service, or at the nodes. Pure.</summary>
internal static class PublishedAddresses
{
    /// <summary>Nodes with this label get no traffic from outside.</summary>
    private const string ExcludedLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>More would be of no use to whoever reads them, and cost each Ingress.</summary>
    private const int MaxEntries = 32;

    /// <summary>The entries, in an order that does not change by itself.</summary>
    public static ValueList<LoadBalancerEntry> Of(ClusterSnapshot cluster, PublishOptions options)
    {
        if (!options.Addresses.IsEmpty)
        {
            return options.Addresses.Select(static text => IpAddress.TryParse(text, out var address) ? new LoadBalancerEntry(address) : new LoadBalancerEntry(null, text)).ToValueList();
        }

        return Order(options.ServiceKey is { } key ? OfService(cluster.Services.Find(key)) : OfNodes(cluster));
    }

    /// <summary>Whether a change can make another answer.</summary>
    public static bool DependsOn(ObjectChange change, PublishOptions options) => change.Object switch
    {
        Node => options.Addresses.IsEmpty && options.ServiceKey is null && Addresses(change.Before as Node) != Addresses(change.After as Node),
        Service service => service.Key == options.ServiceKey,
        _ => false,
    };

    private static IEnumerable<IpAddress> OfService(Service? service) =>
        service is null ? [] : service.LoadBalancerIngress.IsEmpty ? service.ExternalIps : service.LoadBalancerIngress.Select(static entry => entry.Ip);

    private static IEnumerable<IpAddress> OfNodes(ClusterSnapshot cluster) => cluster.Nodes.SelectMany(static node => Addresses(node));

    private static ValueList<IpAddress> Addresses(Node? node) =>
        node is not { Ready: true } || node.Metadata.Labels.ContainsKey(ExcludedLabel) ? default : node.ExternalIps.IsEmpty ? node.InternalIps : node.ExternalIps;

    private static ValueList<LoadBalancerEntry> Order(IEnumerable<IpAddress> addresses) =>
        addresses.Distinct().OrderBy(static address => address.Family).ThenBy(static address => address).Take(MaxEntries).Select(static address => new LoadBalancerEntry(address)).ToValueList();
}
