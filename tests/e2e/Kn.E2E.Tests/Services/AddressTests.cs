using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>What clients may send to. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class AddressTests(ServicesLab lab)
{
    private const string Everybody = "a b c";

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task Vip_FromEverywhere_ReachesAllEndpointsWithTheRightSource()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        await Task.WhenAll(
            from family in ServicesLab.Families
            from vip in Vips((web.ClusterIp(family), 80), (lab.Node(1, family), web.NodePort), (lab.Node(2, family), web.NodePort))
            from place in new[] { "client1", "client2", "node1", "outside", "host2" }
            where vip.Port != 80 || place != "outside"
            select AssertReachesAllAsync(place, vip.Address, vip.Port));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task NodePortAddresses_SelectTheNodesAddresses()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("c");
        await lab.RunAsync("node1", "ip", "addr", "add", "192.168.77.101/24", "dev", "eth0");
        await lab.RunAsync("node4", "ip", "addr", "add", "192.168.78.100/24", "dev", "eth0");
        await lab.SettleAsync();
        var outside = lab.From("outside");
        Assert.Equal("c", await outside.GetAsync(lab.Node(1), web.NodePort));
        Assert.Equal(RealClient.Refused, await outside.GetAsync(IpAddress.Parse("192.168.77.101"), web.NodePort));
        await LabFixture.UntilAsync("the prefix's address", async () => await outside.GetAsync(IpAddress.Parse("192.168.78.100"), web.NodePort) == "c");
        Assert.Equal(RealClient.Refused, await outside.GetAsync(lab.Node(4), web.NodePort));
        Assert.Equal("c", await outside.GetAsync(lab.Node(5), web.NodePort));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task NodePortsOnAllAddresses_FollowTheLinks()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("c");
        var added = IpAddress.Parse("192.168.77.105");
        await lab.RunAsync("node5", "ip", "addr", "add", $"{added}/24", "dev", "eth0");
        await LabFixture.UntilAsync("the NodePort is served on the new address", async () => await lab.From("outside").GetAsync(added, web.NodePort) == "c");
        await lab.RunAsync("node5", "ip", "addr", "del", $"{added}/24", "dev", "eth0");
        await LabFixture.UntilAsync("the address is forgotten", async () => !(await lab.RunAsync("node5", "nft", "list", "map", "inet", "kn-proxy", "services4")).Contains($"{added} . tcp . {web.NodePort}", StringComparison.Ordinal));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task ExternalIp_IsServedOnlyWhenSwitchedOn()
    {
        var (v4, v6) = (IpAddress.Parse("198.51.100.7"), IpAddress.Parse("fd00:100::7"));
        await using var web = await lab.ServiceAsync($"externalIPs: [\"{v4}\", \"{v6}\"]");
        await web.ServeAsync("a");
        await lab.SettleAsync();
        foreach (var address in (IpAddress[])[v4, v6])
        {
            Assert.Equal("a", await lab.From("outside").GetAsync(address, 80));
            Assert.Equal("a", await lab.From("client5").GetAsync(address, 80));
            Assert.Contains(await lab.From("client1").GetAsync(address, 80), (string[])[RealClient.Silence, RealClient.Unreachable]);
        }

        Assert.Contains("spec.externalIPs is not served", await lab.KnAsync(1, "status"), StringComparison.Ordinal);
        Assert.DoesNotContain("spec.externalIPs", await lab.KnAsync(5, "status"), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task LoadBalancersAddress_IsServedInModeVip_AndLeftAloneInModeProxy()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer");
        await web.ServeAsync("a", "b");
        await web.BalanceAsync("203.0.113.10", "fd00:113::10");
        await lab.SettleAsync();
        IpAddress[] addresses = [IpAddress.Parse("203.0.113.10"), IpAddress.Parse("fd00:113::10")];
        foreach (var address in addresses)
        {
            Assert.Equal("a b", await lab.From("client2").NamesAsync(address, 80));
            Assert.Equal("a b", await lab.From("node3").NamesAsync(address, 80));
            Assert.Equal("a b", await lab.From("outside").NamesAsync(address, 80));
        }

        await web.BalanceAsync(["203.0.113.10", "fd00:113::10"], "Proxy");
        await lab.SettleAsync();
        Assert.All(
            await Task.WhenAll(addresses.Select(address => lab.From("client2").GetAsync(address, 80))),
            static answer => Assert.Contains(answer, (string[])[RealClient.Silence, RealClient.Unreachable]));
        Assert.Equal("a b", await lab.From("client2").NamesAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task AllocateLoadBalancerNodePortsFalse_MeansNoNodePort()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer, allocateLoadBalancerNodePorts: false");
        await web.ServeAsync("a");
        await web.BalanceAsync("203.0.113.11");
        await lab.SettleAsync();
        Assert.Equal(0, web.NodePort);
        Assert.Equal("a", await lab.From("outside").GetAsync(IpAddress.Parse("203.0.113.11"), 80));
        var vips = await VipsAsync(1, $"{ServicesLab.Space}/{web.Name}:tcp/80");
        Assert.Equal(["10.96", "203.0.113.11"], vips.Select(static vip => vip.StartsWith("10.96.", StringComparison.Ordinal) ? "10.96" : vip.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task Protocol_IsPartOfTheVip()
    {
        await using var mixed = await lab.ServiceAsync("ports: [{name: t, port: 80}, {name: u, port: 80, protocol: UDP}, {name: s, port: 80, protocol: SCTP}]");
        await mixed.ServeAsync("t", [new("a")], ports: "{name: t, port: 8080, protocol: TCP}");
        await mixed.ServeAsync("u", [new("b")], ports: "{name: u, port: 8080, protocol: UDP}");
        await mixed.ServeAsync("s", [new("c")], ports: "{name: s, port: 8080, protocol: SCTP}");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("a", await lab.From("client1").NamesAsync(mixed.ClusterIp(family), 80, 10));
            Assert.Equal("b", await lab.From("client1").AskAsync(mixed.ClusterIp(family), 80));
            using var endpoint = lab.From("c").Sctp(family);
            using var client = lab.From("client1").Sctp(family);
            client.SendInit($"{mixed.ClusterIp(family)}", 5000, 80);
            Assert.Equal($"{lab.Pod("client1", family)}:5000 > 8080", endpoint.ReceiveInit());
        }
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task SctpInit_ReachesAnEndpoint_FromThePodItself()
    {
        await using var sctp = await lab.ServiceAsync("type: NodePort, ports: [{name: s, port: 2905, protocol: SCTP}]");
        await sctp.ServeAsync("s", [new("b")], ports: "{name: s, port: 3868, protocol: SCTP}");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            using var endpoint = lab.From("b").Sctp(family);
            using var client = lab.From("client1").Sctp(family);
            client.SendInit($"{sctp.ClusterIp(family)}", 5001, 2905);
            Assert.Equal($"{lab.Pod("client1", family)}:5001 > 3868", endpoint.ReceiveInit());
            using var outside = lab.From("outside").Sctp(family);
            outside.SendInit($"{lab.Node(2, family)}", 5002, (ushort)sctp.NodePort);
            var seen = endpoint.ReceiveInit();
            Assert.EndsWith(" > 3868", seen, StringComparison.Ordinal);
            Assert.DoesNotContain($"{ServicesLab.Outsider(family)}:", seen, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task ServiceRoutes_LetANodeWithoutDefaultRouteReachClusterIps()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("c");
        await lab.SettleAsync();
        var gateways = new[] { await lab.RunAsync("node3", "ip", "-4", "route", "show", "default"), await lab.RunAsync("node3", "ip", "-6", "route", "show", "default") };
        await lab.RunAsync("node3", "ip", "-4", "route", "del", "default");
        await lab.RunAsync("node3", "ip", "-6", "route", "del", "default");
        try
        {
            Assert.Equal("c", await lab.From("node3").GetAsync(web.ClusterIp(), 80));
            Assert.Equal("c", await lab.From("node3").GetAsync(web.ClusterIp(IpFamily.V6), 80));
        }
        finally
        {
            await lab.RunAsync("node3", ["ip", "-4", "route", "add", .. gateways[0].Split(' ', '\n').Where(static word => word.Length > 0)]);
            await lab.RunAsync("node3", "ip", "-6", "route", "add", "default", "via", gateways[1].Split(' ')[2], "dev", "eth0");
        }
    }

    [Fact]
    [Conformance("services", "Addresses")]
    public async Task ServiceCidrsOfTheApi_AreServed_EachAsItComesAndGoes()
    {
        await using var first = await lab.ServiceAsync("clusterIP: 10.96.200.1, ipFamilyPolicy: SingleStack");
        await first.ServeAsync("a");
        var unassigned = IpAddress.Parse("10.98.7.7");
        await lab.CreateAllAsync("", "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: extra}, spec: {cidrs: [10.98.0.0/16]}}");
        try
        {
            await LabFixture.UntilAsync("an address of the new prefix is refused at once", async () => await lab.From("client4").GetAsync(unassigned, 80) == RealClient.Refused);
            await LabFixture.UntilAsync("and has a route", async () => (await lab.RunAsync("node4", "ip", "route", "show", "10.98.0.0/16")).Contains("dev lo", StringComparison.Ordinal));
            Assert.Equal(RealClient.Refused, await lab.From("client4").GetAsync(IpAddress.Parse("10.96.200.200"), 80));
            Assert.Equal("a", await lab.From("client4").GetAsync(IpAddress.Parse("10.96.200.1"), 80));
        }
        finally
        {
            await lab.Client.EnsureDeletedAsync(ApiResources.ServiceCidrs, null, "extra", null, CancellationToken.None);
        }

        await LabFixture.UntilAsync("the route goes with it", async () => await lab.RunAsync("node4", "ip", "route", "show", "10.98.0.0/16") == "");
        Assert.Equal("a", await lab.From("client4").GetAsync(IpAddress.Parse("10.96.200.1"), 80));
    }

    private async Task AssertReachesAllAsync(string place, IpAddress address, int port)
    {
        var client = lab.From(place);
        Assert.Equal(Everybody, await client.NamesAsync(address, port));
        Assert.Contains(await client.AskAsync(address, port), Everybody.Split(' '));
        var sources = (await client.GetAllAsync(address, port, 12, "/clientip")).Distinct().ToArray();
        if (place.StartsWith("client", StringComparison.Ordinal) && port == 80)
        {
            Assert.Equal([$"{lab.Pod(place, address.Family)}"], sources);
        }
        else
        {
            var clients = (string[])[$"{ServicesLab.Outsider(address.Family)}", $"{lab.Pod("client1", address.Family)}", $"{lab.Pod("client2", address.Family)}"];
            Assert.DoesNotContain(sources, source => clients.Contains(source));
            Assert.DoesNotContain(sources, source => source.Contains(' ', StringComparison.Ordinal));
        }
    }

    private async Task<string[]> VipsAsync(int node, string list)
    {
        var lists = await lab.RunAsync($"node{node}", "nft", "-j", "list", "map", "inet", "kn-proxy", "lists");
        var elements = System.Text.Json.Nodes.JsonNode.Parse(lists)!["nftables"]!.AsArray().Select(static item => item!["map"]).First(static map => map is not null)!["elem"]!.AsArray();
        var numbers = elements.Where(element => element![0]!["elem"]?["comment"]?.ToString() == list).Select(static element => $" : {element![0]!["elem"]!["val"]}").ToArray();
        Assert.NotEmpty(numbers);
        var services = await lab.RunAsync($"node{node}", "nft", "list", "map", "inet", "kn-proxy", "services4");
        return [.. services.Split(',', '{', '}').Select(static text => text.Trim()).Where(text => numbers.Any(number => text.EndsWith(number, StringComparison.Ordinal)))];
    }

    private static (IpAddress Address, int Port)[] Vips(params (IpAddress Address, int Port)[] vips) => vips;
}
