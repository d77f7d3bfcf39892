using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.E2E.Tests.Services;
using Kn.Lab.Api;
using Kn.Lab.Underlay;
using Kn.Primitives;

namespace Kn.E2E.Tests.LoadBalancers;

/// <summary>Services of type LoadBalancer from outside. Needs root.</summary>
[Collection(LoadBalancerGroup.Name)]
public sealed class LoadBalancerTests(LoadBalancerLab lab)
{
    [Fact]
    [Conformance("load-balancer", "Allocation")]
    public async Task A_Service_gets_an_address_of_each_family_and_answers_there_from_outside()
    {
        await using var service = await lab.ServiceAsync();
        var addresses = await service.WithAddressesAsync();
        Assert.Equal([IpFamily.V4, IpFamily.V6], addresses.Select(static address => address.Family));
        await service.AnswersAsync(addresses);
        Assert.All((await service.ReadAsync()).Maps("status", "loadBalancer", "ingress"), static entry => Assert.Equal("VIP", entry.Text("ipMode")));
        await LabFixture.UntilAsync("an Event says so", async () =>
            (await lab.Client.ListAsync(ApiResources.Events, LoadBalancerLab.Space, null, CancellationToken.None)).Items.Any(item => item.Text("reason") == "IPAllocated" && item.Text("involvedObject", "name") == service.Name));
    }

    [Fact]
    [Conformance("load-balancer", "Node ports")]
    public async Task A_Service_without_node_ports_is_served()
    {
        await using var service = await lab.ServiceAsync("allocateLoadBalancerNodePorts: false");
        await service.AnswersAsync(await service.WithAddressesAsync());
        Assert.All((await service.ReadAsync()).Maps("spec", "ports"), static port => Assert.Null(port.Number("nodePort")));
    }

    [Fact]
    [Conformance("load-balancer", "Release")]
    public async Task A_Service_of_another_type_loses_its_addresses()
    {
        await using var service = await lab.ServiceAsync();
        var addresses = await service.WithAddressesAsync();
        await service.PatchAsync("""{"spec":{"type":"ClusterIP","allocateLoadBalancerNodePorts":null,"externalTrafficPolicy":null}}""");
        await service.WithAddressesAsync(0);
        await using var next = await lab.ServiceAsync($"loadBalancerIP: {addresses[0]}");
        Assert.Equal(addresses[0], (await next.WithAddressesAsync())[0]);
    }

    [Fact]
    [Conformance("load-balancer", "Release")]
    public async Task A_deleted_Services_address_is_free_and_not_answered_for()
    {
        var service = await lab.ServiceAsync();
        var addresses = await service.WithAddressesAsync();
        await service.AnswersAsync(addresses);
        await service.DisposeAsync();
        await LabFixture.UntilAsync("nobody announces it", async () => ((JsonArray)(await lab.ListAsync(1))["addresses"]!).All(item => (string?)item!["address"] != addresses[0].ToString()));
    }

    [Fact]
    [Conformance("load-balancer", "Exhaustion")]
    public async Task A_wish_that_cannot_be_met_is_an_Event_and_in_kn_lb_list()
    {
        await using var service = await lab.ServiceAsync("ipFamilies: [IPv4]", "annotations: {metallb.io/loadBalancerIPs: 192.168.77.200}");
        await LabFixture.UntilAsync("an Event says so", async () =>
            (await lab.Client.ListAsync(ApiResources.Events, LoadBalancerLab.Space, null, CancellationToken.None)).Items.Any(item => item.Text("reason") == "AllocationFailed" && item.Text("involvedObject", "name") == service.Name));
        Assert.Contains((JsonArray)(await lab.ListAsync(1))["waiting"]!, item => (string?)item!["service"] == $"lb/{service.Name}");
    }

    [Fact]
    [Conformance("load-balancer", "Announcement")]
    public async Task Policy_Local_is_announced_by_a_node_with_an_endpoint_and_shows_the_clients_address()
    {
        await using var service = await lab.ServiceAsync("externalTrafficPolicy: Local, selector: {node: n2}");
        var addresses = await service.WithAddressesAsync();
        await service.AnswersAsync(addresses);
        foreach (var address in addresses)
        {
            Assert.Equal(2, await lab.OwnerAsync(address));
            Assert.Contains(UnderlayPlan.Outside.First(own => own.Family == address.Family).ToString(), await lab.From("outside").GetAsync(address, 80, "/clientip"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(IpFamily.V4)]
    [InlineData(IpFamily.V6)]
    [Conformance("load-balancer", "Fail-over")]
    public async Task When_the_node_dies_another_answers(IpFamily family)
    {
        await using var service = await lab.ServiceAsync();
        var address = (await service.WithAddressesAsync()).First(address => address.Family == family);
        await service.AnswersAsync([address]);
        var owner = await lab.OwnerAsync(address);
        await WithoutEndpointOf(service, owner);
        await lab.PlugAsync(owner, isIn: false);
        try
        {
            await service.AnswersAsync([address]);
        }
        finally
        {
            await lab.PlugAsync(owner, isIn: true);
        }

        Assert.Equal(owner, await lab.OwnerAsync(address));
    }

    [Theory]
    [InlineData(IpFamily.V4)]
    [InlineData(IpFamily.V6)]
    [Conformance("load-balancer", "Restart")]
    public async Task No_connection_is_lost_when_the_owners_agent_restarts(IpFamily family)
    {
        await using var service = await lab.ServiceAsync();
        var address = (await service.WithAddressesAsync()).First(address => address.Family == family);
        await service.AnswersAsync([address]);
        var owner = await lab.OwnerAsync(address);
        await using var stream = new ConnectStream(lab.From("outside").Inside, address, 80);
        await MoreAsync(stream);
        await lab.LabAsync("agent", "restart", $"node{owner}");
        await LabFixture.UntilAsync("the agent is back", async () => await lab.OwnerAsync(address) == owner);
        await MoreAsync(stream);
        Assert.Equal(0, stream.Failures);
    }

    [Fact]
    [Conformance("load-balancer", "Graceful shutdown")]
    public async Task No_connection_is_lost_when_the_owner_leaves_and_stops()
    {
        await using var service = await lab.ServiceAsync();
        var address = (await service.WithAddressesAsync())[0];
        await service.AnswersAsync([address]);
        var owner = await lab.OwnerAsync(address);
        await using var stream = new ConnectStream(lab.From("outside").Inside, address, 80);
        await MoreAsync(stream);
        await lab.KnAsync(owner, "lb", "leave");
        await LabFixture.UntilAsync("another has it", async () => ((JsonArray)(await lab.ListAsync(owner % 3 + 1))["addresses"]!).Any(item => (string?)item!["address"] == address.ToString() && item["node"] is { } node && (string?)node != $"node{owner}"));
        await lab.LabAsync("agent", "stop", $"node{owner}");
        await MoreAsync(stream);
        Assert.Equal(0, stream.Failures);
        await lab.LabAsync("agent", "start", $"node{owner}");
        Assert.Equal(owner, await lab.OwnerAsync(address));
    }

    [Fact]
    [Conformance("load-balancer", "Leader")]
    public async Task Another_node_gives_out_addresses_when_the_leader_stops()
    {
        var leader = 0;
        await LabFixture.UntilAsync("there is a leader", async () => (leader = LeaderIn(await lab.ListAsync(1))) > 0);
        await lab.LabAsync("agent", "stop", $"node{leader}");
        try
        {
            await using var service = await lab.ServiceAsync();
            await service.WithAddressesAsync();
            await LabFixture.UntilAsync("a node that was not elected knows the new leader", async () => LeaderIn(await lab.ListAsync((leader % 3) + 1)) is var now && now > 0 && now != leader);
        }
        finally
        {
            await lab.LabAsync("agent", "start", $"node{leader}");
        }
    }

    private static int LeaderIn(JsonNode list) => (string?)list["leader"] is { Length: > 0 } name ? name[4] - '0' : 0;

    private static async Task MoreAsync(ConnectStream stream)
    {
        var goal = stream.Count + 100;
        await LabFixture.UntilAsync("connections go on", () => Task.FromResult(stream.Count >= goal));
    }

    /// <summary>The API server does not notice that a cable is out, so that half of the connections would go to a pod that is away.</summary>
    private static async Task WithoutEndpointOf(LbService service, int node)
    {
        await service.PatchAsync($$$$"""{"spec":{"selector":{"app":null,"node":"n{{{{(node % 3) + 1}}}}"}}}""");
        await Task.Delay(TimeSpan.FromSeconds(1));
    }
}
