using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Traffic policies, load balancers' source ranges, and which address an endpoint sees. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class PolicyTests(ServicesLab lab)
{
    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task PolicyLocal_KeepsClientsOutsideOnThisNode()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer, externalTrafficPolicy: Local, internalTrafficPolicy: Local");
        await web.ServeAsync("a", "b", "client1");
        await web.BalanceAsync("203.0.113.20", "fd00:113::20");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            var balancer = IpAddress.Parse(family == IpFamily.V6 ? "fd00:113::20" : "203.0.113.20");
            foreach (var (address, port) in ((IpAddress, int)[])[(balancer, 80), (lab.Node(1, family), web.NodePort)])
            {
                Assert.Equal("a client1", await lab.From("outside").NamesAsync(address, port));
                Assert.Equal($"{ServicesLab.Outsider(family)}", await lab.From("outside").GetAsync(address, port, "/clientip"));
                Assert.Equal("a b client1", await lab.From("client3").NamesAsync(address, port));
                Assert.Equal("a b client1", await lab.From("node1").NamesAsync(address, port));
            }

            Assert.Equal("b", await lab.From("outside").NamesAsync(lab.Node(2, family), web.NodePort));
            Assert.Equal($"{lab.Pod("client3", family)}", await lab.From("client3").GetAsync(balancer, 80, "/clientip"));
            Assert.Equal("a client1", await lab.From("client1").NamesAsync(web.ClusterIp(family), 80));
            Assert.Equal("a client1", await lab.From("node1").NamesAsync(web.ClusterIp(family), 80));
        }
    }

    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task PolicyLocal_WithoutLocalEndpoint_DropsOutside_AndServesPods()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, externalTrafficPolicy: Local");
        await web.ServeAsync("b");
        await lab.SettleAsync();
        await Task.WhenAll(ServicesLab.Families.Select(async family =>
        {
            Assert.Equal("b", await lab.From("client1").GetAsync(lab.Node(1, family), web.NodePort));
            Assert.Equal("b", await lab.From("node1").GetAsync(lab.Node(1, family), web.NodePort));
            Assert.Equal(RealClient.Silence, await lab.From("outside").GetAsync(lab.Node(1, family), web.NodePort));
            Assert.Equal(RealClient.Silence, await lab.From("outside").AskAsync(lab.Node(1, family), web.NodePort));
            Assert.Equal("b", await lab.From("outside").GetAsync(lab.Node(2, family), web.NodePort));
        }));
    }

    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task ExternalPolicyLocal_DropsOnlyWhenOthersHaveEndpoints()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, externalTrafficPolicy: Local");
        await web.ServeStatesAsync([TestEndpoint.Unready("b")]);
        await lab.SettleAsync();
        Assert.Equal(RealClient.Refused, await lab.From("outside").GetAsync(lab.Node(1), web.NodePort));
        await web.ServeStatesAsync([TestEndpoint.Leaving("b")]);
        await lab.SettleAsync();
        Assert.Equal(RealClient.Silence, await lab.From("outside").GetAsync(lab.Node(1), web.NodePort));
        Assert.Equal("b", await lab.From("outside").GetAsync(lab.Node(2), web.NodePort));
    }

    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task PolicyLocal_WithTerminatingEndpointsOnlyHere_UsesThem()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, externalTrafficPolicy: Local, internalTrafficPolicy: Local");
        await web.ServeStatesAsync([TestEndpoint.Leaving("a"), new("b")]);
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("outside").NamesAsync(lab.Node(1), web.NodePort));
        Assert.Equal("a", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("b", await lab.From("client1").NamesAsync(lab.Node(1), web.NodePort));
    }

    [Fact]
    [Conformance("services", "Traffic policies")]
    public async Task InternalPolicyLocal_LeadsToEndpointsOfTheClientsNode_AndDropsWhereThereAreNone()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, internalTrafficPolicy: Local, trafficDistribution: PreferSameNode");
        await web.ServeStatesAsync([new("a") { ForNode = "node2" }, new("b") { ForNode = "node1" }]);
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("a", await lab.From("client1").NamesAsync(web.ClusterIp(family), 80));
            Assert.Equal("b", await lab.From("node2").NamesAsync(web.ClusterIp(family), 80));
            Assert.Equal(RealClient.Silence, await lab.From("client3").GetAsync(web.ClusterIp(family), 80));
        }

        Assert.Equal("a b", await lab.From("outside").NamesAsync(lab.Node(3), web.NodePort));
        await web.ServeStatesAsync([TestEndpoint.Unready("a")]);
        await lab.SettleAsync();
        Assert.Equal(RealClient.Refused, await lab.From("client3").GetAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Source ranges")]
    public async Task SourceRanges_GuardTheLoadBalancersAddressOnly()
    {
        var balancer = IpAddress.Parse("203.0.113.21");
        await using var web = await lab.ServiceAsync($"type: LoadBalancer, loadBalancerSourceRanges: [\"{lab.Pod("client2")}/32\", \"192.168.77.0/30\"]");
        await web.ServeAsync("a", "b");
        await web.BalanceAsync($"{balancer}", "fd00:113::21");
        await lab.SettleAsync();
        Assert.Equal("a b", await lab.From("client2").NamesAsync(balancer, 80));
        Assert.Equal("a b", await lab.From("outside").NamesAsync(balancer, 80));
        await Task.WhenAll(((string[])["client1", "node1"]).Select(async place => Assert.Equal(RealClient.Silence, await lab.From(place).GetAsync(balancer, 80))));
        Assert.Equal("a b", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        Assert.Equal("a b", await lab.From("client1").NamesAsync(lab.Node(1), web.NodePort));

        // As with kube-proxy, a family without ranges of its own is open.
        Assert.Equal("a b", await lab.From("client1").NamesAsync(IpAddress.Parse("fd00:113::21"), 80));
        await web.PatchAsync("""{"spec":{"loadBalancerSourceRanges":["192.168.77.128/25","fd00:77::2/128"]}}""");
        await lab.SettleAsync();
        Assert.Equal(RealClient.Silence, await lab.From("outside").GetAsync(balancer, 80));
        Assert.Equal("a b", await lab.From("outside").NamesAsync(lab.Node(1), web.NodePort));
        Assert.Equal("a b", await lab.From("outside").NamesAsync(IpAddress.Parse("fd00:113::21"), 80));
        Assert.Equal(RealClient.Silence, await lab.From("client1").GetAsync(IpAddress.Parse("fd00:113::21"), 80));
    }

    [Fact]
    [Conformance("services", "Source ranges")]
    public async Task ExternalIp_IsNoWayAroundSourceRanges()
    {
        var external = IpAddress.Parse("198.51.100.21");
        await using var web = await lab.ServiceAsync($"type: LoadBalancer, externalIPs: [{external}], loadBalancerSourceRanges: [\"{lab.Pod("client5")}/32\"]");
        await web.ServeAsync("a");
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("client5").GetAsync(external, 80));
        Assert.Equal(RealClient.Silence, await lab.From("outside").GetAsync(external, 80));
    }

    [Fact]
    [Conformance("services", "Source addresses")]
    public async Task PolicyCluster_OfALoadBalancer_MasqueradesEverybody()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer");
        await web.ServeAsync("b", "c");
        await web.BalanceAsync("203.0.113.22", "fd00:113::22");
        await lab.SettleAsync();
        foreach (var balancer in (IpAddress[])[IpAddress.Parse("203.0.113.22"), IpAddress.Parse("fd00:113::22")])
        {
            foreach (var place in (string[])["outside", "client1", "node1"])
            {
                var sources = (await lab.From(place).GetAllAsync(balancer, 80, 20, "/clientip")).Distinct().ToArray();
                Assert.DoesNotContain($"{ServicesLab.Outsider(balancer.Family)}", sources);
                Assert.DoesNotContain($"{lab.Pod("client1", balancer.Family)}", sources);

                // node1's, on the segment and in the tunnel.
                Assert.All(sources, source => Assert.True(IpAddress.TryParse(source, out _), source));
                Assert.Equal(2, sources.Length);
                Assert.Contains($"{lab.Node(1, balancer.Family)}", sources);
            }
        }
    }

    [Fact]
    [Conformance("services", "Source addresses")]
    public async Task MasqueradeAll_MasqueradesPodsToClusterIps()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("c");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal($"{lab.Pod("client1", family)}", await lab.From("client1").GetAsync(web.ClusterIp(family), 80, "/clientip"));
            Assert.Equal($"{lab.Node(5, family)}", await lab.From("client5").GetAsync(web.ClusterIp(family), 80, "/clientip"));
        }
    }

    [Fact]
    [Conformance("services", "Source addresses")]
    public async Task Hairpin_IsMasqueraded_AndOnlyThat()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer, externalTrafficPolicy: Local");
        await web.ServeAsync("a", "client1");
        await web.BalanceAsync("203.0.113.23");
        await lab.SettleAsync();
        foreach (var address in (IpAddress[])[web.ClusterIp(), web.ClusterIp(IpFamily.V6), IpAddress.Parse("203.0.113.23")])
        {
            var own = $"{lab.Pod("client1", address.Family)}";
            var answers = await lab.From("client1").GetAllAsync(address, 80, 30);
            Assert.Equal(["a", "client1"], answers.Distinct().Order(StringComparer.Ordinal));
            var sources = (await lab.From("client1").GetAllAsync(address, 80, 30, "/clientip")).Distinct().ToArray();
            Assert.Equal(2, sources.Length);
            Assert.Contains(own, sources);
        }

        await web.ServeAsync("client1");
        await lab.SettleAsync(1);
        Assert.DoesNotContain($"{lab.Pod("client1")}", await lab.From("client1").GetAllAsync(web.ClusterIp(), 80, 5, "/clientip"));
        Assert.Equal("client1", await lab.From("client1").AskAsync(web.ClusterIp(), 80));
    }
}
