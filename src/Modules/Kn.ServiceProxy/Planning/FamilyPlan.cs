using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>Plans one Service port, family by family.</summary>
internal sealed class FamilyPlan(ClusterSnapshot cluster, ProxyNode node, Service service, ServicePort port, Problems problems)
{
    private readonly bool _isLocal = KubeRouterAnnotations.IsLocal(service);
    private readonly BalanceMethod _method = KubeRouterAnnotations.Method(service, problems) ?? BalanceMethods.Of(node.Options.LoadBalancing);

    /// <summary>The piece of a family; null when the port has no address in it.</summary>
    public FamilyPiece? Plan(IpFamily family)
    {
        var vips = Vips(family);
        if (vips.IsEmpty)
        {
            return null;
        }

        var selection = EndpointSelection.Of(cluster.SlicesOf(service.Key), port, family, node.Name);
        var clusterList = vips.Any(LeadsToCluster) ? ClusterList(selection) : null;
        var localList = vips.Any(LeadsToLocal) ? LocalList(selection) : null;
        var used = (clusterList?.Endpoints ?? default).Concat((IEnumerable<EndpointAddress>)(localList?.Endpoints ?? default));
        return new FamilyPiece
        {
            Vips = vips,
            Cluster = clusterList,
            Local = localList,
            OnNode = selection.OnNode(used),
        };
    }

    /// <summary>True when some client of the VIP gets the endpoints of policy Cluster.</summary>
    internal static bool LeadsToCluster(VipPiece vip) => !vip.Traits.HasFlag(VipTraits.LocalInside);

    /// <summary>True when some client of the VIP gets the endpoints of policy Local.</summary>
    internal static bool LeadsToLocal(VipPiece vip) => (vip.Traits & (VipTraits.LocalInside | VipTraits.LocalOutside)) != 0;

    private ValueList<VipPiece> Vips(IpFamily family)
    {
        var vips = new SortedDictionary<Vip, VipPiece>();
        var inside = service.InternalTrafficPolicyLocal || _isLocal ? VipTraits.ClusterIp | VipTraits.LocalInside : VipTraits.ClusterIp;
        foreach (var address in service.ClusterIps)
        {
            Add(vips, family, new VipPiece(new Vip(address, port.Protocol, port.Port), inside));
        }

        var outside = service.ExternalTrafficPolicyLocal || _isLocal ? VipTraits.LocalOutside : VipTraits.Masqueraded;
        if (service.Type is "NodePort" or "LoadBalancer" && port.NodePort != 0 && HasFamily(family))
        {
            AddNodePorts(vips, family, outside);
        }

        if (service.Type is "LoadBalancer" && !KubeRouterAnnotations.SkipsLoadBalancerIps(service))
        {
            foreach (var ingress in service.LoadBalancerIngress.Where(static ingress => !ingress.ProxyMode))
            {
                Add(vips, family, new VipPiece(new Vip(ingress.Ip, port.Protocol, port.Port), outside, RangesOf(ingress.Ip)));
            }
        }

        AddExternalIps(vips, family, outside);
        return vips.Values.ToValueList();
    }

    /// <summary>Who sends to the node's own loopback is on the node: policy Local does not keep it from endpoints elsewhere.</summary>
    private void AddNodePorts(SortedDictionary<Vip, VipPiece> vips, IpFamily family, VipTraits outside)
    {
        foreach (var address in ServiceProxyPlan.NodePortAddresses(cluster, node))
        {
            Add(vips, family, new VipPiece(new Vip(address, port.Protocol, port.NodePort), outside));
        }

        if (node.Options.LocalhostNodePorts)
        {
            Add(vips, family, new VipPiece(new Vip(ServiceProxyPlan.Loopback(family), port.Protocol, port.NodePort), VipTraits.Masqueraded));
        }
    }

    /// <summary>Who may send to a load balancer's address, or to an external one, which must be no way around. A node that has the
    /// address itself sends from it: where the node is permitted, its other name is, too.</summary>
    private ValueList<IpPrefix> RangesOf(IpAddress address)
    {
        var ranges = service.LoadBalancerSourceRanges.Where(range => range.Family == address.Family).ToArray();
        var own = ServiceProxyPlan.PrimaryAddresses(cluster, node).ToArray();
        return ServiceProxyPlan.Disjoint(ranges.Any(range => own.Any(range.Contains)) ? ranges.Append(IpPrefix.Of(address)) : ranges);
    }

    private void AddExternalIps(SortedDictionary<Vip, VipPiece> vips, IpFamily family, VipTraits outside)
    {
        if (!service.ExternalIps.IsEmpty && !node.Options.ExternalIps)
        {
            problems.Add(service, "spec.externalIPs is not served: set serviceProxy.externalIPs in the config if every writer of Services is trusted");
            return;
        }

        foreach (var address in service.ExternalIps)
        {
            Add(vips, family, new VipPiece(new Vip(address, port.Protocol, port.Port), outside, service.Type is "LoadBalancer" ? RangesOf(address) : default));
        }
    }

    /// <summary>The first claim wins: a ClusterIP over a load balancer's address over an external one.</summary>
    private static void Add(SortedDictionary<Vip, VipPiece> vips, IpFamily family, VipPiece vip)
    {
        if (vip.Vip.Address.Family == family)
        {
            vips.TryAdd(vip.Vip, vip);
        }
    }

    private bool HasFamily(IpFamily family) => service.ClusterIps.Any(address => address.Family == family);

    private EndpointList ClusterList(EndpointSelection selection) =>
        List(selection.Cluster(ServiceProxyPlan.ZoneOf(cluster, node)), dropsWhenEmpty: false);

    private EndpointList LocalList(EndpointSelection selection) =>
        List(selection.Local(), dropsWhenEmpty: selection.AnyUsable);

    private EndpointList List(ValueList<EndpointAddress> endpoints, bool dropsWhenEmpty)
    {
        if (endpoints.IsEmpty)
        {
            return new EndpointList(endpoints, dropsWhenEmpty);
        }

        if (endpoints.Count > ServiceProxyPlan.MaxEndpoints)
        {
            problems.Add(service, $"port {port.Port} has {endpoints.Count} endpoints; the first {ServiceProxyPlan.MaxEndpoints} are used");
            endpoints = endpoints.Take(ServiceProxyPlan.MaxEndpoints).ToValueList();
        }

        var affinity = service.ClientIpAffinitySeconds ?? 0;
        return new EndpointList(endpoints, AffinitySeconds: affinity, Method: affinity != 0 || endpoints.Count == 1 ? BalanceMethod.Random : _method);
    }
}
