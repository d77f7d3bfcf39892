using Kn.Bgp.Attributes;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Tests.Bgp;

/// <summary>What this node tells peers, by Services, endpoints and the node itself.</summary>
public sealed class AdvertisementTests
{
    private static readonly BgpOptions All = new() { Advertise = new BgpAdvertiseOptions { PodCidrs = false, ClusterIps = true, ExternalIps = true, LoadBalancerIps = true } };

    private static readonly BgpOptions Nothing = new() { Advertise = new BgpAdvertiseOptions { PodCidrs = false, LoadBalancerIps = false } };

    /// <summary>Where the module LoadBalancer announces an address on its segment alone.</summary>
    [Fact]
    public void AddressThatIsAnnouncedOtherwise_IsNotTold()
    {
        var told = ServiceAdvertisement.Of(ClusterSnapshot.Of([BgpGiven.Service()]), BgpGiven.Service(), null, All.Advertise, static address => !address.ToString().StartsWith("203.0.113.", StringComparison.Ordinal));
        Assert.DoesNotContain("203.0.113.7/32", told.Select(static prefix => prefix.ToString()));
        Assert.NotEmpty(told);
    }

    [Fact]
    public void ByDefault_PodCidrsAndLoadBalancersAddressesAreTold() =>
        Assert.Equal(["10.0.1.0/24", "203.0.113.7/32", "fd00:1::/64"], BgpGiven.Routes(BgpGiven.Table(new BgpOptions(), false, Given.Self, BgpGiven.Service())));

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("kube-router.io/service.advertise.clusterip", "10.96.0.7/32 fd00:96::7/128")]
    [InlineData("kube-router.io/service.advertise.externalip", "198.51.100.7/32")]
    [InlineData("kube-router.io/service.advertise.loadbalancerip", "203.0.113.7/32")]
    [InlineData("kn.internal/service.advertise.loadbalancerip", "203.0.113.7/32")]
    public void AnnotationOfAService_SaysOtherwiseThanTheConfig(string name, string prefixes)
    {
        Assert.Equal(prefixes.Split(' '), BgpGiven.Routes(BgpGiven.Table(Nothing, false, Given.Self, BgpGiven.Service().Annotated((name, "true")))));
        Assert.Empty(BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, BgpGiven.Service().Annotated((name, "false")))).Intersect(prefixes.Split(' ')));
        Assert.Contains(name, Assert.Single(ServiceAdvertisement.Faults(BgpGiven.Service().Annotated((name, "yes")))), StringComparison.Ordinal);
    }

    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("n1", true, false, true)]
    [InlineData("n2", true, false, false)]
    [InlineData("n1", false, false, false)]
    [InlineData("n1", false, true, false)]
    public void PolicyLocal_TellsAddressesOnlyWhereAReadyEndpointIs(string node, bool ready, bool terminating, bool told)
    {
        var slice = BgpGiven.Slice(node, ready, terminating);
        var external = BgpGiven.Service() with { ExternalTrafficPolicyLocal = true };
        Assert.Equal(told, BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, external, slice)).Contains("203.0.113.7/32"));
        Assert.Equal(told, BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, external, slice)).Contains("198.51.100.7/32"));
        Assert.Contains("10.96.0.7/32", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, external, slice)));
        var internally = BgpGiven.Service() with { InternalTrafficPolicyLocal = true };
        Assert.Equal(told, BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, internally, slice)).Contains("10.96.0.7/32"));
        Assert.Contains("203.0.113.7/32", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, internally, slice)));
        var annotated = BgpGiven.Service().Annotated(("kube-router.io/service.local", "true"));
        Assert.Equal(told, BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, annotated, slice)).Count > 0);

        // The family without an endpoint here has no part in it.
        Assert.DoesNotContain("fd00:96::7/128", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, internally, slice)));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Services_ThatNodesDoNotServe_AreNotTold()
    {
        var lost = new Dictionary<string, Service>
        {
            ["another proxy's"] = BgpGiven.Service().Labelled("service.kubernetes.io/service-proxy-name"),
            ["headless"] = BgpGiven.Service().Labelled("service.kubernetes.io/headless"),
        };
        Assert.All(lost, static pair => Assert.Empty(BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, pair.Value))));
        var ofAnother = BgpGiven.Service() with { LoadBalancerClass = "example.com/other" };
        Assert.DoesNotContain("203.0.113.7/32", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, ofAnother)));
        Assert.Contains("203.0.113.7/32", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, ofAnother with { LoadBalancerClass = "kn.internal/lb" })));
        var proxied = BgpGiven.Service() with { LoadBalancerIngress = [new LoadBalancerIngress(Given.Ip("203.0.113.7"), ProxyMode: true)] };
        Assert.DoesNotContain("203.0.113.7/32", BgpGiven.Routes(BgpGiven.Table(All, false, Given.Self, proxied)));
        var excluded = Given.Self.Labelled(("node.kubernetes.io/exclude-from-external-load-balancers", ""));
        Assert.Equal(["10.96.0.7/32", "fd00:96::7/128"], BgpGiven.Routes(BgpGiven.Table(All, false, excluded, BgpGiven.Service())));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void Aggregate_StandsForItsAddresses_ButNotForThoseThatOnlySomeNodesServe()
    {
        var options = All with { Advertise = All.Advertise with { ClusterIps = false, ExternalIps = false, Aggregates = [Given.Prefix("203.0.113.0/24"), Given.Prefix("203.0.113.0/28")] } };
        Assert.Equal(["203.0.113.0/28"], BgpGiven.Routes(BgpGiven.Table(options, false, Given.Self, BgpGiven.Service(), BgpGiven.Service("second"))));
        var local = BgpGiven.Service() with { ExternalTrafficPolicyLocal = true };
        Assert.Equal(["203.0.113.7/32"], BgpGiven.Routes(BgpGiven.Table(options, false, Given.Self, local, BgpGiven.Slice("n1"))));
        Assert.Empty(BgpGiven.Routes(BgpGiven.Table(options, false, Given.Self, local, BgpGiven.Slice("n2"))));
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public void NodeOnItsWayOut_AsksForOtherWays_ThenWithdraws()
    {
        (bool Told, bool Unwanted) Of(Node node, string prefix) =>
            BgpGiven.Plan(BgpGiven.Table(new BgpOptions(), false, node, BgpGiven.Service())).GetValueOrDefault(BgpKey.Route(Given.Prefix(prefix))) is RoutePiece { Route.Attributes: var said }
                ? (true, said.Has(Community.GracefulShutdown) && said.LocalPref == 0)
                : (false, false);
        Assert.Equal(((true, false), (true, false)), (Of(Given.Self, "10.0.1.0/24"), Of(Given.Self, "203.0.113.7/32")));
        var cordoned = Given.Self with { Unschedulable = true };
        Assert.Equal(((true, false), (true, true)), (Of(cordoned, "10.0.1.0/24"), Of(cordoned, "203.0.113.7/32")));
        foreach (var taint in (string[])["node.kubernetes.io/out-of-service", "node.cloudprovider.kubernetes.io/shutdown", "ToBeDeletedByClusterAutoscaler", "kn.internal/leaving"])
        {
            var leaving = Given.Self with { TaintKeys = [taint] };
            Assert.Equal(((true, true), (false, false)), (Of(leaving, "10.0.1.0/24"), Of(leaving, "203.0.113.7/32")));
        }

        var deleted = Given.Self with { Metadata = Given.Self.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        Assert.Equal((false, false), Of(deleted, "203.0.113.7/32"));
    }

    [Fact]
    public void SharedAddress_IsToldUntilTheLastServiceThatHasItIsGone()
    {
        var prefixes = new AdvertisedPrefixes();
        var prefix = Given.Prefix("203.0.113.7/32");
        prefixes.Set(new ObjectKey("a", "x"), [prefix]);
        prefixes.Set(new ObjectKey("a", "y"), [prefix]);
        prefixes.Set(new ObjectKey("a", "x"), default);
        Assert.True(prefixes.Contains(prefix));
        Assert.Equal([prefix], prefixes.Set(new ObjectKey("a", "y"), default));
        Assert.False(prefixes.Contains(prefix));
        Assert.Empty(prefixes.All);
    }
}
