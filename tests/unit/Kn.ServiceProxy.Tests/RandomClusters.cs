using FsCheck;
using FsCheck.Fluent;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

/// <summary>Generates small clusters whose Services contend for numbers, addresses and endpoints.</summary>
internal static class RandomClusters
{
    /// <summary>Clusters one after another, at least one.</summary>
    public static Arbitrary<ClusterSnapshot[]> Histories { get; } =
        Gen.ArrayOf(Clusters()).Where(static history => history.Length > 0).ToArbitrary();

    public static Gen<ClusterSnapshot> Clusters() =>
        from services in Gen.ArrayOf(Services())
        from slices in Gen.ArrayOf(Slices())
        from nodeIp in Gen.Elements("192.168.50.1", "192.168.50.2")
        from zone in Gen.Elements("", "east")
        from other in Gen.Elements<ValueList<IpPrefix>>([], [IpPrefix.Parse("10.244.2.0/24")], [IpPrefix.Parse("10.244.2.0/24"), IpPrefix.Parse("fd00:244:2::/64")])
        select Cluster([Node("n1", zone, nodeIp, "fd00:50::1"), Node("n2") with { PodCidrs = other }, .. services, .. slices]);

    private static Gen<Service> Services() =>
        from number in Gen.Choose(1, 5)
        from type in Gen.Elements("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
        from ports in Gen.Elements<ServicePort[]>([Tcp(80)], [Tcp(80, (ushort)(30000 + number))], [Tcp(80, name: "a"), Udp(80, name: "b")], [Udp(53, (ushort)(30100 + number))])
        from internalLocal in Gen.Elements(false, true)
        from externalLocal in Gen.Elements(false, true)
        from affinity in Gen.Elements<int?>(null, 10800, 60)
        from ingress in Gen.Elements("203.0.113.1", "203.0.113.2", "fd00:113::1")
        from ranges in Gen.Elements<ValueList<IpPrefix>>([], [IpPrefix.Parse("198.51.100.0/24")], [IpPrefix.Parse("2001:db8::/64"), IpPrefix.Parse("198.51.0.0/16")])
        from scheduler in Gen.Elements("", "", "rr", "sh", "dh", "nonsense")
        from isOfAnother in Gen.Elements(false, false, false, true)
        let service = Annotated(Build.Service($"s{number}", (byte)number, ports), "kube-router.io/service.scheduler", scheduler) with
        {
            Type = type,
            InternalTrafficPolicyLocal = internalLocal,
            ExternalTrafficPolicyLocal = externalLocal,
            ClientIpAffinitySeconds = affinity,
            LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse(ingress), false)],
            LoadBalancerSourceRanges = ranges,
        }
        select isOfAnother ? Labelled(service, ServiceProxyPlan.ServiceProxyNameLabel) : service;

    private static Gen<EndpointSlice> Slices() =>
        from number in Gen.Choose(1, 6)
        from suffix in Gen.Elements("a", "b", "c")
        from family in Gen.Elements("10.244.9.", "fd00:244:9::")
        from port in Gen.Elements(To(8080), To(8080, name: "a"), To(5353, IpProtocol.Udp, "b"), To(5353, IpProtocol.Udp))
        from endpoints in Gen.ArrayOf(Endpoints(family))
        select Slice($"s{number}", suffix, port, endpoints);

    /// <summary>Slices may contradict each other: an address may be on one node in this slice and on another in that one.</summary>
    private static Gen<Endpoint> Endpoints(string prefix) =>
        from number in Gen.Choose(1, 8)
        from state in Gen.Choose(0, 3)
        from node in Gen.Elements("n1", "n2")
        from zones in Gen.Elements<ValueList<string>>([], ["east"], ["west"])
        select At($"{prefix}{number}", node) with
        {
            Ready = state is 0 or 1,
            Serving = state is not 2,
            Terminating = state is 2 or 3,
            ForZones = zones,
        };
}
