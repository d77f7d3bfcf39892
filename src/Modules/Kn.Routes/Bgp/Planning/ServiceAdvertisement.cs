using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>Which prefixes a Service has this node tell. Pure.</summary>
/// <remarks>The rules are kube-router's annotations, and the Service API's traffic policies: an address of policy Local is told only by nodes with a ready
/// endpoint, so that no packet comes here in vain. An endpoint that terminates does not count, though the proxy still uses it: no new traffic shall come
/// for it.</remarks>
internal static class ServiceAdvertisement
{
    private const string ServiceProxyNameLabel = "service.kubernetes.io/service-proxy-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>The API's label of nodes that load balancers are not to send to.</summary>
    private const string ExcludedNodeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>The prefixes, each once.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="service">One of its Services.</param>
    /// <param name="self">This node; null while it is unknown.</param>
    /// <param name="options">What is told at all.</param>
    /// <param name="isByBgp">Whether a load balancer's address is for BGP to announce; others are announced on their segment alone.</param>
    public static ValueList<IpPrefix> Of(ClusterSnapshot cluster, Service service, Node? self, BgpAdvertiseOptions options, Func<IpAddress, bool> isByBgp)
    {
        if (service.Metadata.Labels.ContainsKey(ServiceProxyNameLabel) || service.Metadata.Labels.ContainsKey(HeadlessLabel) || service.Type == "ExternalName")
        {
            return default;
        }

        var local = new Locality(cluster, service, self?.Metadata.Name ?? "");
        var found = new List<IpPrefix>();
        if (IsAsked(service, "clusterip", options.ClusterIps))
        {
            Add(found, service.ClusterIps, service.InternalTrafficPolicyLocal, local, options);
        }

        if (self?.Metadata.Labels.ContainsKey(ExcludedNodeLabel) != true)
        {
            AddExternal(found, service, local, options, isByBgp);
        }

        return found.Distinct().Order().ToValueList();
    }

    /// <summary>What is wrong with its annotations, a sentence each.</summary>
    public static IEnumerable<string> Faults(Service service)
    {
        foreach (var name in (string[])["clusterip", "externalip", "loadbalancerip"])
        {
            if (Annotations.Find(service, $"service.advertise.{name}") is { } found && found.Value is not ("true" or "false"))
            {
                yield return $"{found.Name}: '{found.Value}' is neither true nor false; the config's word counts";
            }
        }
    }

    private static void AddExternal(List<IpPrefix> found, Service service, Locality local, BgpAdvertiseOptions options, Func<IpAddress, bool> isByBgp)
    {
        if (IsAsked(service, "externalip", options.ExternalIps))
        {
            Add(found, service.ExternalIps, service.ExternalTrafficPolicyLocal, local, options);
        }

        // Of another implementation's class the addresses are its to announce. With ipMode Proxy nodes do not serve them.
        if (service.Type == "LoadBalancer" && IsOurClass(service.LoadBalancerClass) && IsAsked(service, "loadbalancerip", options.LoadBalancerIps))
        {
            var addresses = service.LoadBalancerIngress.Where(static ingress => !ingress.ProxyMode).Select(static ingress => ingress.Ip).Where(isByBgp);
            Add(found, addresses, service.ExternalTrafficPolicyLocal, local, options);
        }
    }

    private static void Add(List<IpPrefix> found, IEnumerable<IpAddress> addresses, bool isPolicyLocal, Locality local, BgpAdvertiseOptions options)
    {
        foreach (var address in addresses)
        {
            if (address.IsAny || address.IsLoopback || address.IsLinkLocal)
            {
                continue;
            }

            if (!isPolicyLocal && !local.IsForced)
            {
                found.Add(AggregateOf(address, options.Aggregates));
            }
            else if (local.HasEndpoint(address.Family))
            {
                found.Add(IpPrefix.Of(address));
            }
        }
    }

    /// <summary>The longest aggregate that holds it, or itself.</summary>
    private static IpPrefix AggregateOf(IpAddress address, ValueList<IpPrefix> aggregates)
    {
        var found = IpPrefix.Of(address);
        var length = -1;
        foreach (var aggregate in aggregates)
        {
            if (aggregate.Contains(address) && aggregate.Length > length)
            {
                (found, length) = (aggregate, aggregate.Length);
            }
        }

        return found;
    }

    private static bool IsOurClass(string? loadBalancerClass) => loadBalancerClass is null || loadBalancerClass.StartsWith(Annotations.Own, StringComparison.Ordinal);

    private static bool IsAsked(Service service, string name, bool otherwise) => Annotations.Find(service, $"service.advertise.{name}")?.Value switch
    {
        "true" => true,
        "false" => false,
        _ => otherwise,
    };

    /// <summary>Whether this node has an endpoint of a Service; looked up when asked for.</summary>
    private sealed class Locality(ClusterSnapshot cluster, Service service, string node)
    {
        /// <summary>The annotation service.local: all of its addresses are as of policy Local. Like Kn's proxy, "false" means false.</summary>
        public bool IsForced { get; } = Annotations.Find(service, "service.local") is { Value: not "false" };

        public bool HasEndpoint(IpFamily family)
        {
            foreach (var slice in cluster.SlicesOf(service.Key))
            {
                if (slice.Family == family
                    && !slice.Metadata.Labels.ContainsKey(ServiceProxyNameLabel)
                    && slice.Endpoints.Any(endpoint => endpoint.Ready && string.Equals(endpoint.NodeName, node, StringComparison.Ordinal)))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
