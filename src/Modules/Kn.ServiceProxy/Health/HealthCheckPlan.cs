using System.Net;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Health;

/// <summary>Which Services are asked for their health on this node, and what the answer is. Pure.</summary>
internal static class HealthCheckPlan
{
    /// <summary>The taint by which the cluster autoscaler says that a node is about to go.</summary>
    private const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    /// <summary>The piece of a Service; null when it has no health check port.</summary>
    public static HealthCheckPiece? Plan(ClusterSnapshot cluster, ProxyNode node, ObjectKey key)
    {
        if (cluster.Services.Find(key) is not { HealthCheckNodePort: not 0, Type: "LoadBalancer", ExternalTrafficPolicyLocal: true } service
            || !ServiceProxyPlan.IsServed(service))
        {
            return null;
        }

        var slices = cluster.SlicesOf(key);
        return new HealthCheckPiece(service.HealthCheckNodePort, Addresses(cluster, node), LocalReady(slices, node, IpFamily.V4), LocalReady(slices, node, IpFamily.V6));
    }

    /// <summary>Whether load balancers may send to this node, as its object says. A node that nobody knows yet may be sent to.</summary>
    public static bool IsEligible(Node? node) =>
        node is null || (node.Metadata.DeletionTimestamp is null && !node.TaintKeys.Contains(ToBeDeletedTaint));

    /// <summary>The addresses that NodePorts are served on; all of them by the wildcard address.</summary>
    private static ValueList<IpAddress> Addresses(ClusterSnapshot cluster, ProxyNode node) =>
        node.Options.NodePortAddresses.Contains(ServiceProxyOptions.AllAddresses)
            ? [IpAddress.Parse("::")]
            : ServiceProxyPlan.NodePortAddresses(cluster, node).ToValueList();

    /// <summary>How many pods of this node are ready, counted by address: several ports are one pod.</summary>
    private static int LocalReady(ValueList<EndpointSlice> slices, ProxyNode node, IpFamily family) => slices
        .Where(slice => slice.Family == family && !ServiceProxyPlan.IsOfAnother(slice))
        .SelectMany(static slice => slice.Endpoints)
        .Where(endpoint => endpoint.Ready && string.Equals(endpoint.NodeName, node.Name, StringComparison.Ordinal))
        .Select(static endpoint => endpoint.Address)
        .Distinct()
        .Count();
}

/// <summary>The health check of a Service.</summary>
/// <param name="Port">Where it is asked for.</param>
/// <param name="Addresses">The addresses of the node that it is asked for on.</param>
/// <param name="LocalEndpoints4">How many ready IPv4 endpoints this node has: what is answered over IPv4.</param>
/// <param name="LocalEndpoints6">The same for IPv6.</param>
internal sealed record HealthCheckPiece(ushort Port, ValueList<IpAddress> Addresses, int LocalEndpoints4, int LocalEndpoints6)
{
    /// <summary>Where it listens.</summary>
    public IEnumerable<IPEndPoint> EndPoints() => Addresses.Select(address => new IPEndPoint(IPAddress.Parse(address.ToString()), Port));
}
