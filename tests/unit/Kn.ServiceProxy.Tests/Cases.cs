using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

/// <summary>Clusters with a name: what tables of expectations, transitions and golden files are made of.</summary>
internal static class Cases
{
    public static IReadOnlyDictionary<string, ClusterSnapshot> All { get; } = new SortedDictionary<string, ClusterSnapshot>(StringComparer.Ordinal)
    {
        ["nothing"] = Cluster(),
        ["cluster-ip"] = Cluster(
            Service("web", 10),
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"), At("10.244.2.11")),
            Slice("web", "b", To(8080), At("fd00:244:1::2", "n1"), At("fd00:244:2::10"))),
        ["one-endpoint-more"] = Cluster(
            Service("web", 10),
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"), At("10.244.2.11"), At("10.244.3.1")),
            Slice("web", "b", To(8080), At("fd00:244:1::2", "n1"), At("fd00:244:2::10"))),
        ["first-endpoint-gone"] = Cluster(
            Service("web", 10),
            Slice("web", "a", To(8080), At("10.244.2.10"), At("10.244.2.11")),
            Slice("web", "b", To(8080), At("fd00:244:2::10"))),
        ["all-endpoints-others"] = Cluster(
            Service("web", 10),
            Slice("web", "a", To(8080), AtEach("10.244.5.1", "10.244.5.2", "10.244.5.3", "10.244.5.4", "10.244.5.5"))),
        ["no-endpoints"] = Cluster(Service("web", 10)),
        ["node-port"] = Cluster(
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort" },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["another-node-port"] = Cluster(
            Service("web", 10, Tcp(80, 30081)) with { Type = "NodePort" },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["node-address-changed"] = Cluster(
            Node("n1", "", "172.16.0.1"),
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort" },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["two-ports-of-one-number"] = Cluster(
            Service("dns", 53, Udp(53, name: "dns"), Tcp(53, name: "dns-tcp")),
            Slice("dns", "a", To(5353, IpProtocol.Udp, "dns"), At("10.244.2.10"), At("10.244.2.11")),
            Slice("dns", "b", To(5354, IpProtocol.Tcp, "dns-tcp"), At("10.244.2.10"), At("10.244.2.11"))),
        ["local-policies"] = Cluster(
            Service("web", 10, Tcp(80, 30080)) with
            {
                Type = "LoadBalancer",
                ExternalTrafficPolicyLocal = true,
                InternalTrafficPolicyLocal = true,
                LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)],
            },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["local-policies-among-nodes"] = Cluster(
            Node("n2", "", "192.168.50.2") with { PodCidrs = [IpPrefix.Parse("10.244.2.0/24"), IpPrefix.Parse("fd00:244:2::/64")] },
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort", ExternalTrafficPolicyLocal = true },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10")),
            Slice("web", "b", To(8080), At("fd00:244:1::2", "n1"), At("fd00:244:2::10"))),
        ["external-local-without-local-endpoint"] = Cluster(
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort", ExternalTrafficPolicyLocal = true },
            Slice("web", "a", To(8080), At("10.244.2.10"))),
        ["source-ranges"] = Cluster(
            Service("web", 10, Tcp(80, 30080)) with
            {
                Type = "LoadBalancer",
                LoadBalancerSourceRanges = [IpPrefix.Parse("198.51.100.0/24"), IpPrefix.Parse("198.51.100.128/25"), IpPrefix.Parse("2001:db8::/64")],
                LoadBalancerIngress =
                [
                    new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false),
                    new LoadBalancerIngress(IpAddress.Parse("fd00:113::10"), false),
                    new LoadBalancerIngress(IpAddress.Parse("203.0.113.11"), true),
                ],
            },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["affinity"] = Cluster(
            Service("web", 10) with { ClientIpAffinitySeconds = 10800 },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"), At("10.244.2.11"))),
        ["affinity-others"] = Cluster(
            Service("web", 10) with { ClientIpAffinitySeconds = 600 },
            Slice("web", "a", To(8080), At("10.244.2.10"), At("10.244.2.11"), At("10.244.2.12"))),
        ["two-services-share-an-endpoint"] = Cluster(
            Service("web", 10),
            Service("web2", 11, Tcp(80), Tcp(81, name: "other")),
            Slice("web", "a", To(8080), At("10.244.1.2", "n1")),
            Slice("web2", "a", To(8080), At("10.244.1.2", "n1"))),
        ["slices-disagree-on-the-node"] = Cluster(
            Service("web", 10),
            Service("web2", 11),
            Slice("web", "a", To(8080), At("10.244.1.2", "n2"), At("10.244.2.10")),
            Slice("web", "b", To(8080), At("10.244.1.2", "n1")),
            Slice("web2", "a", To(8080), At("10.244.1.2", "n2"), At("10.244.2.10", "n1"))),
        ["two-services-claim-one-address"] = Cluster(
            Service("b", 11) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] },
            Service("c", 12) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] },
            Slice("b", "a", To(8080), At("10.244.2.10")),
            Slice("c", "a", To(8080), At("10.244.2.11"))),
        ["a-better-claim"] = Cluster(
            Service("a", 10) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] },
            Service("c", 12) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] },
            Slice("a", "a", To(8080), At("10.244.2.9")),
            Slice("c", "a", To(8080), At("10.244.2.11"))),
        ["round-robin"] = Cluster(
            Annotated(Service("web", 10), "kube-router.io/service.scheduler", "rr"),
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"), At("10.244.2.11")),
            Slice("web", "b", To(8080), At("fd00:244:2::10"))),
        ["hashes"] = Cluster(
            Annotated(Service("web", 10), "kube-router.io/service.scheduler", "sh"),
            Annotated(Service("web2", 11), "kube-router.io/service.scheduler", "dh"),
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10")),
            Slice("web2", "a", To(8080), At("fd00:244:1::2", "n1"), At("fd00:244:2::10"))),
        ["local-by-annotation"] = Cluster(
            Annotated(Service("web", 10, Tcp(80, 30080)), "kube-router.io/service.local", "true") with { Type = "NodePort" },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"), At("10.244.2.10"))),
        ["source-ranges-with-the-node"] = Cluster(
            Service("web", 10) with
            {
                Type = "LoadBalancer",
                LoadBalancerSourceRanges = [IpPrefix.Parse("192.168.50.0/24")],
                LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)],
            },
            Slice("web", "a", To(8080), At("10.244.1.2", "n1"))),
        ["another-proxys"] = Cluster(
            Labelled(Service("web", 10), "service.kubernetes.io/service-proxy-name"),
            Slice("web", "a", To(8080), At("10.244.2.10"))),
        ["other-service-cidrs"] = Cluster(
            Cidr with { Cidrs = [IpPrefix.Parse("10.96.0.0/12"), IpPrefix.Parse("10.112.0.0/16")] },
            Service("web", 10)),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var from in All.Keys)
            {
                foreach (var to in All.Keys)
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }
}
