using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

public class PlanTests
{
    [Fact]
    public void ClusterIp_HasOneVipAndTheReadyEndpointsOfEachFamily()
    {
        var piece = Plan(Cases.All["cluster-ip"], Key("web"))!;
        Assert.Equal([new VipPiece(new Vip(IpAddress.Parse("10.96.0.10"), IpProtocol.Tcp, 80), VipTraits.ClusterIp)], piece.V4!.Vips);
        Assert.Equal("[10.244.1.2:8080, 10.244.2.10:8080, 10.244.2.11:8080]", piece.V4.Cluster!.Endpoints.ToString());
        Assert.Equal("[[fd00:244:1::2]:8080, [fd00:244:2::10]:8080]", piece.V6!.Cluster!.Endpoints.ToString());
        Assert.Equal(Addresses("10.244.1.2"), piece.V4.OnNode);
        Assert.Null(piece.V4.Local);
    }

    public static TheoryData<string, Service> Unserved => new()
    {
        { "headless", Service("web", 10) with { Headless = true, ClusterIps = [] } },
        { "external name", Service("web", 10) with { Type = "ExternalName", ClusterIps = [] } },
        { "without address", Service("web", 10) with { ClusterIps = [] } },
        { "another proxy's", Labelled(Service("web", 10), "service.kubernetes.io/service-proxy-name") },
        { "headless by label", Labelled(Service("web", 10), "service.kubernetes.io/headless") },
    };

    [Theory, MemberData(nameof(Unserved))]
    [Conformance("services", "Labels and annotations")]
    public void ServicesOfOthers_AreLeftAlone(string name, Service service)
    {
        Assert.NotNull(name);
        var cluster = Cluster(service, Slice("web", "a", To(8080), At("10.244.2.10")));
        Assert.Null(Plan(cluster, Key("web")));
        Assert.Equal([ProxyKey.Table, ProxyKey.Node], ServiceProxyPlan.Keys(cluster));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public void SlicesOfHeadlessLabelWrongPortOrFamily_DoNotCount()
    {
        var cluster = Cluster(
            Service("web", 10),
            Labelled(Slice("web", "a", To(8080), At("10.244.2.1")), "service.kubernetes.io/headless"),
            Slice("web", "b", To(8080, name: "other"), At("10.244.2.2")),
            Slice("web", "c", To(8080, IpProtocol.Udp), At("10.244.2.3")),
            Slice("web", "d", To(8080), At("10.244.2.4")) with { Family = null },
            Slice("web", "e", To(8080), At("10.244.2.5")),
            Slice("web", "f", To(8080), At("10.244.2.5"), At("10.244.2.6")));
        Assert.Equal("[10.244.2.5:8080, 10.244.2.6:8080]", Plan(cluster, Key("web"))!.V4!.Cluster!.Endpoints.ToString());
    }

    [Fact]
    public void EndpointInTwoSlices_CountsInItsBetterState()
    {
        var cluster = Cluster(
            Service("web", 10),
            Slice("web", "a", To(8080), At("10.244.2.5") with { Ready = false }),
            Slice("web", "b", To(8080), At("10.244.2.5")));
        Assert.Single(Plan(cluster, Key("web"))!.V4!.Cluster!.Endpoints);
    }

    public static TheoryData<string, Endpoint[], string> States => new()
    {
        { "ready before terminating", [At("10.0.0.1"), Terminating("10.0.0.2")], "[10.0.0.1:8080]" },
        { "terminating when nothing else", [Terminating("10.0.0.2"), NotReady("10.0.0.3")], "[10.0.0.2:8080]" },
        { "never not-ready", [NotReady("10.0.0.3")], "[]" },
        { "terminating but no longer serving", [Terminating("10.0.0.2") with { Serving = false }], "[]" },
        { "zone hints", [Near("10.0.0.1", "east"), Near("10.0.0.2", "west")], "[10.0.0.1:8080]" },
        { "zone hints that not all have", [Near("10.0.0.1", "east"), At("10.0.0.2")], "[10.0.0.1:8080, 10.0.0.2:8080]" },
        { "zone hints of other zones only", [Near("10.0.0.1", "west"), Near("10.0.0.2", "north")], "[10.0.0.1:8080, 10.0.0.2:8080]" },
        { "node hints before zone hints", [Near("10.0.0.1", "east") with { ForNodes = ["n9"] }, Near("10.0.0.2", "west") with { ForNodes = ["n1"] }], "[10.0.0.2:8080]" },
    };

    [Theory, MemberData(nameof(States))]
    public void ClusterList_HoldsTheEndpointsThatTheApiSays(string name, Endpoint[] endpoints, string expected)
    {
        Assert.NotNull(name);
        var cluster = Cluster(Node("n1", "east", "192.168.50.1"), Service("web", 10), Slice("web", "a", To(8080), endpoints));
        Assert.Equal(expected, Plan(cluster, Key("web"))!.V4!.Cluster!.Endpoints.ToString());
    }

    [Theory]
    [InlineData("n1", false, 1)]
    [InlineData("n2", true, 0)]
    [InlineData(null, false, 0)]
    [Conformance("services", "Traffic policies")]
    public void ExternalPolicyLocal_DropsOnlyWhenOthersHaveEndpoints(string? node, bool drops, int count)
    {
        var cluster = Cluster(
            Service("web", 10, Tcp(80, 30080)) with { Type = "NodePort", ExternalTrafficPolicyLocal = true },
            Slice("web", "a", To(8080), node is null ? [] : [At("10.244.2.1", node)]));
        var family = Plan(cluster, Key("web"))!.V4!;
        Assert.Equal((drops, count), (family.Local!.DropsWhenEmpty, family.Local.Endpoints.Count));
        Assert.Equal(node is null ? 0 : 1, family.Cluster!.Endpoints.Count);
        Assert.Contains(family.Vips, static vip => vip.Vip.Port == 30080 && vip.Traits == VipTraits.LocalOutside);
    }

    [Theory]
    [InlineData("primary", "192.168.50.1")]
    [InlineData("all", "172.16.0.1 192.168.50.1")]
    [InlineData("172.16.0.0/12", "172.16.0.1")]
    [InlineData("10.0.0.0/8", "")]
    [Conformance("services", "Addresses")]
    public void NodePortAddresses_SelectTheNodesAddresses(string option, string expected)
    {
        var node = ThisNode with { Options = new ServiceProxyOptions { NodePortAddresses = [option] } };
        var piece = ServiceProxyPlan.PlanServicePort(Cases.All["node-port"], node, Key("web"), new Problems())!;
        Assert.Equal(expected, string.Join(' ', piece.V4!.Vips.Where(static vip => vip.Vip.Port == 30080).Select(static vip => vip.Vip.Address)));
    }

    [Fact]
    public void ExternalIps_AreServedOnlyWhenSwitchedOn_AndAreAProblemOtherwise()
    {
        var cluster = Cluster(Service("web", 10) with { ExternalIps = Addresses("203.0.113.7") });
        var problems = new Problems();
        Assert.Single(ServiceProxyPlan.PlanServicePort(cluster, ThisNode, Key("web"), problems)!.V4!.Vips);
        Assert.Contains("serviceProxy.externalIPs", problems.All[0].Message, StringComparison.Ordinal);
        var on = ThisNode with { Options = new ServiceProxyOptions { ExternalIps = true } };
        Assert.Equal(2, ServiceProxyPlan.PlanServicePort(cluster, on, Key("web"), new Problems())!.V4!.Vips.Count);
    }

    [Theory]
    [InlineData("", "random", BalanceMethod.Random)]
    [InlineData("", "round-robin", BalanceMethod.RoundRobin)]
    [InlineData("", "source-hash", BalanceMethod.SourceHash)]
    [InlineData("rr", "random", BalanceMethod.RoundRobin)]
    [InlineData("lc", "random", BalanceMethod.RoundRobin)]
    [InlineData("sh", "random", BalanceMethod.SourceHash)]
    [InlineData("mh", "random", BalanceMethod.SourceHash)]
    [InlineData("dh", "source-hash", BalanceMethod.DestinationHash)]
    [Conformance("services", "Choosing")]
    public void Method_IsTheConfigs_UnlessTheServiceSaysOtherwise(string scheduler, string config, BalanceMethod expected)
    {
        var service = scheduler.Length == 0 ? Service("web", 10) : Annotated(Service("web", 10), "kube-router.io/service.scheduler", scheduler);
        var node = ThisNode with { Options = new ServiceProxyOptions { LoadBalancing = config } };
        var two = Slice("web", "a", To(8080), At("10.244.2.1"), At("10.244.2.2"));
        Assert.Equal(expected, ServiceProxyPlan.PlanServicePort(Cluster(service, two), node, Key("web"), new Problems())!.V4!.Cluster!.Method);
        var one = Slice("web", "a", To(8080), At("10.244.2.1"));
        Assert.Equal(BalanceMethod.Random, ServiceProxyPlan.PlanServicePort(Cluster(service, one), node, Key("web"), new Problems())!.V4!.Cluster!.Method);
        var affine = service with { ClientIpAffinitySeconds = 60 };
        Assert.Equal(BalanceMethod.Random, ServiceProxyPlan.PlanServicePort(Cluster(affine, two), node, Key("web"), new Problems())!.V4!.Cluster!.Method);
    }

    [Theory]
    [InlineData("kube-router.io/service.scheduler", "wlc", "none of rr, lc, sh, dh and mh")]
    [InlineData("kube-router.io/service.dsr", "tunnel", "direct server return")]
    [InlineData("kube-router.io/service.schedflags", "flag-2", "not honoured")]
    [Conformance("services", "Labels and annotations")]
    public void AnnotationThatCannotBeHonoured_IsAProblem_AndTheServiceIsServed(string annotation, string value, string expected)
    {
        var problems = new Problems();
        var cluster = Cluster(Annotated(Service("web", 10), annotation, value), Slice("web", "a", To(8080), At("10.244.2.1")));
        Assert.NotNull(ServiceProxyPlan.PlanServicePort(cluster, ThisNode, Key("web"), problems));
        Assert.Contains(expected, Assert.Single(problems.All.Distinct()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Primary_IsTheFirstAddressOfEachFamily_InternalBeforeExternal()
    {
        var node = Node("n1", "", "192.168.50.1", "192.168.60.1") with { ExternalIps = Addresses("203.0.113.1", "2001:db8::1", "2001:db8::2") };
        Assert.Equal(Addresses("192.168.50.1", "2001:db8::1"), ServiceProxyPlan.NodePortAddresses(ClusterSnapshot.Of([node]), ThisNode).ToValueList());
        var changed = new HashSet<ProxyKey>();
        var cluster = Cases.All["node-port"];
        ServiceProxyPlan.AddAffectedKeys(cluster, ThisNode, new ObjectChange(node, node with { ExternalIps = default }), changed);
        Assert.Contains(Key("web"), changed);
    }

    [Fact]
    [Conformance("services", "Labels and annotations")]
    public void SkippedLoadBalancerIps_AreLeftToSomebodyElse()
    {
        var service = Annotated(Service("web", 10), "kube-router.io/service.skiplbips", "true") with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] };
        Assert.Equal(IpAddress.Parse("10.96.0.10"), Assert.Single(Plan(Cluster(service), Key("web"))!.V4!.Vips).Vip.Address);
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public void AllocateLoadBalancerNodePortsFalse_MeansNoNodePort()
    {
        var service = Service("web", 10) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] };
        Assert.Equal(["10.96.0.10", "203.0.113.10"], Plan(Cluster(service), Key("web"))!.V4!.Vips.Select(static vip => vip.Vip.Address.ToString()));
    }

    [Fact]
    public void NodesOtherAddress_ConcernsNodePortsAndSourceRanges_AndNothingElse()
    {
        var keys = new HashSet<ProxyKey>();
        var cluster = Cluster(
            Service("plain", 10),
            Service("port", 11, Tcp(80, 30080)) with { Type = "NodePort" },
            Service("ranges", 12) with { Type = "LoadBalancer", LoadBalancerSourceRanges = [IpPrefix.Parse("192.168.0.0/16")] });
        ServiceProxyPlan.AddAffectedKeys(cluster, ThisNode, new ObjectChange(N1, Node("n1", "", "192.168.50.2")), keys);
        Assert.Equal([Key("port"), Key("ranges")], keys.Order());
    }

    [Fact]
    public void Keys_SurviveTheirText()
    {
        foreach (var key in new[] { Key("web"), Key("dns", 53, IpProtocol.Udp), Key("x", 65535, IpProtocol.Sctp) })
        {
            Assert.True(ProxyKey.TryParse(key.ToString(), out var read));
            Assert.Equal(key, read);
        }

        foreach (var text in new[] { "", "default/web", "default/web:80", "/web:tcp/80", "default/:tcp/80", "default/web:tcp/99999", "default/web:icmp/1" })
        {
            Assert.False(ProxyKey.TryParse(text, out _), text);
        }
    }

    [Fact]
    public async Task OneEndpointMore_OfAThousandServices_ChangesThreeElements()
    {
        var services = Enumerable.Range(0, 1000).Select(static number => Service($"s{number}", 1) with { ClusterIps = Addresses($"10.96.{number / 250}.{number % 250}") }).ToArray();
        var cluster = Cluster(services.Concat<KubernetesObject>(services.Select(static service => Slice(service.Metadata.Name, "a", To(80), At("10.244.2.1"), At("10.244.2.2")))));
        var table = new StrictProxyTable();
        var loop = new TestLoop(table);
        await loop.ResyncAsync(cluster);
        await loop.ChangeAsync(cluster.With(Slice("s7", "a", To(80), AtEach("10.244.2.1", "10.244.2.2", "10.244.2.3"))));
        Assert.Equal(3, table.Batches[^1].ElementCount);
        Assert.Equal(2, table.Batches.Count);
    }

    private static ServicePortPiece? Plan(ClusterSnapshot cluster, ProxyKey key) => ServiceProxyPlan.PlanServicePort(cluster, ThisNode, key, new Problems());

    private static Endpoint Terminating(string address) => At(address) with { Ready = false, Serving = true, Terminating = true };

    private static Endpoint NotReady(string address) => At(address) with { Ready = false, Serving = false };

    private static Endpoint Near(string address, string zone) => At(address) with { ForZones = [zone] };
}
