using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Health;
using static Kn.ServiceProxy.Tests.Build;

namespace Kn.ServiceProxy.Tests;

public class HealthTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void ServiceAnswer_IsKubeProxys_ToTheByte()
    {
        var answer = HealthAnswer.OfService(new ObjectKey("shop", "web"), 3, isProxyHealthy: true);
        Assert.Equal((200, 3), (answer.Status, answer.Weight));
        Assert.Equal("{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 3,\n\t\"serviceProxyHealthy\": true\n}", answer.Text);
    }

    [Theory, InlineData(0, true, 503), InlineData(1, false, 503), InlineData(1, true, 200)]
    public void ServiceAnswer_IsOk_WithALocalEndpointAndAHealthyProxyOnly(int endpoints, bool healthy, int status) =>
        Assert.Equal(status, HealthAnswer.OfService(new ObjectKey("a", "b"), endpoints, healthy).Status);

    [Fact]
    public void Proxy_IsUnhealthy_OnceAChangeHasWaitedForAMinute()
    {
        var clock = new Clock(Noon);
        var health = new ProxyHealth(clock);
        health.Queued();
        clock.Now += TimeSpan.FromHours(1);
        Assert.True(health.Read().IsHealthy, "it is starting up");
        health.Updated();
        clock.Now += TimeSpan.FromHours(1);
        Assert.True(health.Read().IsHealthy, "nothing waits");
        health.Queued();
        clock.Now += TimeSpan.FromSeconds(59);
        health.Queued();
        Assert.True(health.Read().IsHealthy, "it is not late yet");
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(health.Read().IsHealthy, "the first change has waited too long");
        Assert.Equal(503, HealthAnswer.OfProxy(health).Status);
        Assert.Equal(503, HealthAnswer.OfService(new ObjectKey("a", "b"), 1, health.Read().IsHealthy).Status);
        health.Updated();
        Assert.Equal(200, HealthAnswer.OfProxy(health).Status);
    }

    [Fact]
    public void NodeAnswer_SaysWhenItWasUpToDate_AndWhetherTheNodeStays()
    {
        var clock = new Clock(Noon);
        var health = new ProxyHealth(clock);
        health.Updated();
        clock.Now += TimeSpan.FromMilliseconds(1500);
        var good = HealthAnswer.OfNode(health, isNodeEligible: true);
        Assert.Equal((200, """{"lastUpdated": "2026-03-01 12:00:01.5 +0000 UTC","currentTime": "2026-03-01 12:00:01.5 +0000 UTC", "nodeEligible": true}"""), (good.Status, good.Text));
        var going = HealthAnswer.OfNode(health, isNodeEligible: false);
        Assert.Equal((503, """{"lastUpdated": "2026-03-01 12:00:00 +0000 UTC","currentTime": "2026-03-01 12:00:01.5 +0000 UTC", "nodeEligible": false}"""), (going.Status, going.Text));
        Assert.Equal("""{"lastUpdated": "2026-03-01 12:00:01.5 +0000 UTC","currentTime": "2026-03-01 12:00:01.5 +0000 UTC"}""", HealthAnswer.OfProxy(health).Text);
    }

    [Fact]
    public void LocalEndpoints_AreReadyPodsOfThisNode_EachOnce()
    {
        var service = Service("web", 10, Tcp(80, 30080), Tcp(81, 30081, "b")) with { Type = "LoadBalancer", ExternalTrafficPolicyLocal = true, HealthCheckNodePort = 32000 };
        var cluster = Cluster(
            service,
            Slice("web", "a", To(8080), At("10.244.1.1", "n1"), At("10.244.1.2", "n1") with { Ready = false }, At("10.244.2.1")),
            Slice("web", "b", To(8081, name: "b"), At("10.244.1.1", "n1"), At("10.244.1.3", "n1")));
        var piece = HealthCheckPlan.Plan(cluster, ThisNode, service.Key)!;
        Assert.Equal((2, 0), (piece.LocalEndpoints4, piece.LocalEndpoints6));
        Assert.Equal(["192.168.50.1:32000", "[fd00:50::1]:32000"], piece.EndPoints().Select(static endPoint => endPoint.ToString()));
        var everywhere = ThisNode with { Options = new ServiceProxyOptions { NodePortAddresses = ["all"] } };
        Assert.Equal(["[::]:32000"], HealthCheckPlan.Plan(cluster, everywhere, service.Key)!.EndPoints().Select(static endPoint => endPoint.ToString()));
    }

    public static TheoryData<string, Service> WithoutHealthCheck => new()
    {
        { "policy Cluster", Balanced with { ExternalTrafficPolicyLocal = false } },
        { "no port", Balanced with { HealthCheckNodePort = 0 } },
        { "NodePort", Balanced with { Type = "NodePort" } },
        { "another proxy's", Balanced with { Metadata = Balanced.Metadata with { Labels = ValueMap.Of<string, string>(("service.kubernetes.io/service-proxy-name", "x")) } } },
    };

    [Theory, MemberData(nameof(WithoutHealthCheck))]
    public void ServicesWithoutHealthCheck_HaveNoPiece(string name, Service service)
    {
        Assert.NotNull(name);
        Assert.Null(HealthCheckPlan.Plan(Cluster(service), ThisNode, service.Key));
        Assert.NotNull(HealthCheckPlan.Plan(Cluster(Balanced), ThisNode, Balanced.Key));
    }

    [Fact]
    public void Keys_AreTheServiceOfAChangedSlice_AndAllOfThemForThisNode()
    {
        var target = new HealthCheckTarget(null!, () => ThisNode, new HealthCheckObserver());
        var cluster = Cluster(Balanced, Service("other", 11));
        var keys = new HashSet<ObjectKey>();
        target.AddAffectedKeys(cluster, new ObjectChange(null, Slice("web", "a", To(1), At("10.244.1.1"))), keys);
        Assert.Equal([Balanced.Key], keys);
        keys.Clear();
        target.AddAffectedKeys(cluster, new ObjectChange(null, Node("n2")), keys);
        Assert.Empty(keys);
        target.AddAffectedKeys(cluster, new ObjectChange(null, N1), keys);
        Assert.Equal([Balanced.Key], keys);
        Assert.Equal(32000, target.Plan(cluster, Balanced.Key, new Problems())!.Port);
    }

    private static Service Balanced => Service("web", 10, Tcp(80, 30080)) with { Type = "LoadBalancer", ExternalTrafficPolicyLocal = true, HealthCheckNodePort = 32000 };
}
