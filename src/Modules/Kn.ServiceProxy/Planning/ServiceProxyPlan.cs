using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>What the cluster's objects ask of this node's proxy. Pure.</summary>
public static class ServiceProxyPlan
{
    /// <summary>The longest list of endpoints: a class holds its length in 16 bits.</summary>
    public const int MaxEndpoints = ushort.MaxValue;

    /// <summary>The label of Services that another proxy is to serve (KEP-2447).</summary>
    internal const string ServiceProxyNameLabel = "service.kubernetes.io/service-proxy-name";

    /// <summary>The label of headless Services and of their slices: no proxy is to serve them.</summary>
    internal const string HeadlessLabel = "service.kubernetes.io/headless";

    private const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>Every key that may have a piece.</summary>
    public static IEnumerable<ProxyKey> Keys(ClusterSnapshot cluster) =>
        cluster.Services.SelectMany(PortKeys).Prepend(ProxyKey.Node).Prepend(ProxyKey.Table);

    /// <summary>Adds the keys that a change concerns.</summary>
    public static void AddAffectedKeys(ClusterSnapshot cluster, ProxyNode node, ObjectChange change, ISet<ProxyKey> keys)
    {
        switch (change.Object)
        {
            case Service:
                keys.UnionWith(PortKeys(change.Before as Service));
                keys.UnionWith(PortKeys(change.After as Service));
                AddForeignKey(change.Before as Service, change.After as Service, keys);
                break;
            case EndpointSlice:
                keys.UnionWith(PortKeys(ServiceOf(cluster, change.Before)));
                keys.UnionWith(PortKeys(ServiceOf(cluster, change.After)));
                break;
            case Node:
                AddNodeKeys(cluster, node, (Node?)change.Before, (Node?)change.After, keys);
                break;
            case ServiceCidr:
                keys.Add(ProxyKey.Node);
                break;
            default:
                break;
        }
    }

    /// <summary>The piece of what holds for the whole node.</summary>
    public static NodePiece PlanNode(ClusterSnapshot cluster, ProxyNode node)
    {
        IEnumerable<IpPrefix> pods = node.Cluster.PodCidrs.IsEmpty
            ? cluster.Nodes.SelectMany(static other => other.PodCidrs)
            : node.Cluster.PodCidrs;
        IEnumerable<IpPrefix> services = node.Cluster.ServiceCidrs.IsEmpty
            ? cluster.ServiceCidrs.SelectMany(static cidr => cidr.Cidrs)
            : node.Cluster.ServiceCidrs;
        var elsewhere = cluster.Nodes.Where(other => other.Metadata.Name != node.Name).SelectMany(static other => other.PodCidrs);
        var foreign = cluster.Services.Where(IsOfAnother).SelectMany(static service => service.ClusterIps).Distinct().Order().ToValueList();
        return new NodePiece(Disjoint(pods), Disjoint(elsewhere), Disjoint(services), foreign);
    }

    /// <summary>The piece of a Service port; null when this proxy has nothing to do for it.</summary>
    public static ServicePortPiece? PlanServicePort(ClusterSnapshot cluster, ProxyNode node, ProxyKey key, Problems problems)
    {
        if (cluster.Services.Find(key.Service) is not { } service || !IsServed(service))
        {
            return null;
        }

        foreach (var port in service.Ports)
        {
            if (port.Protocol == key.Protocol && port.Port == key.Port)
            {
                KubeRouterAnnotations.Report(service, problems);
                var planned = new FamilyPlan(cluster, node, service, port, problems);
                var piece = new ServicePortPiece(planned.Plan(IpFamily.V4), planned.Plan(IpFamily.V6));
                return piece is { V4: null, V6: null } ? null : piece;
            }
        }

        return null;
    }

    /// <summary>The endpoints of a Service port that serve, wherever and whether they are chosen for new connections or not.</summary>
    internal static IReadOnlySet<EndpointAddress> Serving(ClusterSnapshot cluster, ProxyNode node, ProxyKey key, IpFamily family)
    {
        foreach (var port in cluster.Services.Find(key.Service)?.Ports ?? default)
        {
            if (port.Protocol == key.Protocol && port.Port == key.Port)
            {
                return EndpointSelection.Of(cluster.SlicesOf(key.Service), port, family, node.Name).Serving();
            }
        }

        return new HashSet<EndpointAddress>();
    }

    /// <summary>The addresses that NodePorts are served on.</summary>
    internal static IEnumerable<IpAddress> NodePortAddresses(ClusterSnapshot cluster, ProxyNode node)
    {
        var addresses = new SortedSet<IpAddress>();
        foreach (var entry in node.Options.NodePortAddresses)
        {
            if (entry is ServiceProxyOptions.Primary)
            {
                addresses.UnionWith(PrimaryAddresses(cluster, node));
            }
            else if (entry is ServiceProxyOptions.AllAddresses)
            {
                addresses.UnionWith(node.LinkAddresses);
            }
            else if (IpPrefix.TryParse(entry, out var prefix))
            {
                addresses.UnionWith(node.LinkAddresses.Where(prefix.Contains));
            }
        }

        return addresses;
    }

    /// <summary>This node's first address of each family: InternalIPs come before ExternalIPs.</summary>
    /// <remarks>As kube-proxy has it: k8s.io/component-helpers/node/util GetNodeHostIPs.</remarks>
    internal static IEnumerable<IpAddress> PrimaryAddresses(ClusterSnapshot cluster, ProxyNode node) => cluster.Nodes.Find(node.Name) is { } found
        ? found.InternalIps.Concat((IEnumerable<IpAddress>)found.ExternalIps).DistinctBy(static address => address.Family)
        : [];

    /// <summary>The zone this node is in; null when it has no zone label.</summary>
    internal static string? ZoneOf(ClusterSnapshot cluster, ProxyNode node) =>
        cluster.Nodes.Find(node.Name)?.Metadata.Labels.Find(ZoneLabel);

    /// <summary>The same addresses as the given prefixes, sorted, without prefixes inside others.</summary>
    internal static ValueList<IpPrefix> Disjoint(IEnumerable<IpPrefix> prefixes)
    {
        var kept = new List<IpPrefix>();
        foreach (var prefix in prefixes.Order())
        {
            if (kept.Count == 0 || !kept[^1].Contains(prefix))
            {
                kept.Add(prefix);
            }
        }

        return kept.ToValueList();
    }

    /// <summary>True for a Service that has addresses and is for this proxy to serve.</summary>
    internal static bool IsServed(Service service) =>
        service is { Headless: false, Type: not "ExternalName" }
        && !service.ClusterIps.IsEmpty
        && !IsOfAnother(service);

    /// <summary>True for a Service or a slice that carries a label by which proxies are to leave it alone.</summary>
    internal static bool IsOfAnother(KubernetesObject item) =>
        item.Metadata.Labels.ContainsKey(ServiceProxyNameLabel) || item.Metadata.Labels.ContainsKey(HeadlessLabel);

    /// <summary>The address of a node's own loopback that programs mean by "localhost".</summary>
    internal static IpAddress Loopback(IpFamily family) => family == IpFamily.V6 ? IpAddress.Parse("::1") : IpAddress.Parse("127.0.0.1");

    private static IEnumerable<ProxyKey> PortKeys(Service? service) =>
        service is null || !IsServed(service) ? [] : service.Ports.Select(port => ProxyKey.Of(service.Key, port));

    private static Service? ServiceOf(ClusterSnapshot cluster, KubernetesObject? slice) =>
        (slice as EndpointSlice)?.Service is { } service ? cluster.Services.Find(service) : null;

    private static void AddForeignKey(Service? before, Service? after, ISet<ProxyKey> keys)
    {
        if ((before is not null && IsOfAnother(before)) || (after is not null && IsOfAnother(after)))
        {
            keys.Add(ProxyKey.Node);
        }
    }

    private static void AddNodeKeys(ClusterSnapshot cluster, ProxyNode node, Node? before, Node? after, ISet<ProxyKey> keys)
    {
        if (before?.PodCidrs != after?.PodCidrs)
        {
            keys.Add(ProxyKey.Node);
        }

        if (!string.Equals((after ?? before)?.Metadata.Name, node.Name, StringComparison.Ordinal))
        {
            return;
        }

        if (!string.Equals(before?.Metadata.Labels.Find(ZoneLabel), after?.Metadata.Labels.Find(ZoneLabel), StringComparison.Ordinal))
        {
            keys.UnionWith(cluster.Services.SelectMany(PortKeys));
        }
        else if (before?.InternalIps != after?.InternalIps || before?.ExternalIps != after?.ExternalIps)
        {
            keys.UnionWith(cluster.Services
                .Where(IsServed)
                .SelectMany(static service => service.Ports
                    .Where(port => port.NodePort != 0 || !service.LoadBalancerSourceRanges.IsEmpty)
                    .Select(port => ProxyKey.Of(service.Key, port))));
        }
    }
}
