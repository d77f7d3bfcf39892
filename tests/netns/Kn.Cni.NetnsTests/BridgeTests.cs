using Kn.Primitives;

namespace Kn.Cni.NetnsTests;

/// <summary>The agent with <c>attachment: bridge</c>. Needs root.</summary>
public sealed class BridgeTests
{
    [Fact]
    public async Task Add_PlugsThePodIn_WithTheFirstAddressOfThePodCidrAsGateway()
    {
        await using var node = Bridged();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        Assert.Equal(["10.244.1.2/24", "fd00:10:244:1::2/64"], result["ips"]!.AsArray().Select(static ip => (string)ip!["address"]!));
        Assert.Equal(["10.244.1.1", "fd00:10:244:1::1"], result["ips"]!.AsArray().Select(static ip => (string)ip!["gateway"]!));
        Assert.Equal("kn-bridge", (string)result["interfaces"]![0]!["name"]!);
        var bridge = (await Run.JsonAsync($"ip -n {node.Name} -j -d addr show kn-bridge"))[0]!;
        Assert.Equal((string)result["interfaces"]![0]!["mac"]!, (string)bridge["address"]!);
        Assert.Equal(["10.244.1.1/24", "fd00:10:244:1::1/64"], bridge["addr_info"]!.AsArray().Where(static info => (string)info!["scope"]! == "global").Select(static info => $"{info!["local"]}/{info["prefixlen"]}"));
        Assert.DoesNotContain("tentative", await Run.TextAsync($"ip -n {node.Name} -6 addr show dev kn-bridge scope global"), StringComparison.Ordinal);
        var port = (await Run.JsonAsync($"ip -n {node.Name} -j -d link show master kn-bridge"))[0]!;
        Assert.True((bool)port["linkinfo"]!["info_slave_data"]!["hairpin"]!);
        Assert.Equal("75", (string)port["group"]!);
        Assert.Contains("default via 10.244.1.1 dev eth0", await Run.TextAsync($"ip -n {pod} route"), StringComparison.Ordinal);
        Assert.Contains("default via fd00:10:244:1::1 dev eth0", await Run.TextAsync($"ip -n {pod} -6 route"), StringComparison.Ordinal);
        Assert.Equal("1", (await Run.TextAsync($"ip netns exec {node.Name} cat /proc/sys/net/bridge/bridge-nf-call-iptables")).Trim());
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        await PingAsync(pod, "10.244.1.1", "fd00:10:244:1::1");
        var (other, _) = await node.AddAsync("c2");
        await PingAsync(other, "10.244.1.2", "fd00:10:244:1::2");
        Assert.Equal((string)bridge["address"]!, (string)(await Run.JsonAsync($"ip -n {node.Name} -j link show kn-bridge"))[0]!["address"]!);
    }

    [Fact]
    public async Task Del_LeavesNothingOfThePod_AndItsAddressGoesToAnother()
    {
        await using var node = Bridged("10.244.1.0/29");
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var (peer, _) = await node.AddAsync("peer");
        await PingAsync(peer, "10.244.1.2");
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod, result)).ExitCode);
        Assert.DoesNotContain("10.244.1.2 ", await Run.TextAsync($"ip -n {node.Name} neigh show dev kn-bridge"), StringComparison.Ordinal);
        foreach (var container in (string[])["c4", "c5", "c6"])
        {
            await node.AddAsync(container);
        }

        // Round the podCIDR: the next one gets the first pod's addresses, with another link, and is reached at once.
        var (again, second) = await node.AddAsync("c7");
        Assert.Equal("10.244.1.2/29", (string)second["ips"]![0]!["address"]!);
        await PingAsync(peer, "10.244.1.2");
        await PingAsync(again, "10.244.1.3", "10.244.1.1");
    }

    public static TheoryData<string> Breakages() => new()
    {
        "ip -n NODE link del kn-bridge",
        "ip -n NODE link set kn-bridge down",
        "ip -n NODE addr flush dev kn-bridge",
        "ip -n NODE addr del 10.244.1.1/24 dev kn-bridge",
        "ip -n NODE link set LINK nomaster",
    };

    [Theory]
    [MemberData(nameof(Breakages))]
    public async Task WhatSomebodyElseTakesAway_ComesBack(string command)
    {
        await using var node = Bridged();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var (other, _) = await node.AddAsync("c2");
        await Run.TextAsync(command.Replace("NODE", node.Name, StringComparison.Ordinal).Replace("LINK", (string)result["interfaces"]![1]!["name"]!, StringComparison.Ordinal));
        await Poll.UntilAsync(async () => (await node.CallAsync("CHECK", "c1", pod, result)).ExitCode == 0);
        await PingAsync(other, "10.244.1.2", "10.244.1.1", "fd00:10:244:1::2", "fd00:10:244:1::1");
    }

    [Fact]
    public async Task AChangeOfTheConfig_KeepsRunningPods_AndBothKindsReachOneAnother()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (routed, routedResult) = await node.AddAsync("routed");
        Assert.Equal("10.244.1.1/32", (string)routedResult["ips"]![0]!["address"]!);
        await node.StopAsync();

        node.Options = node.Options with { Attachment = AttachmentMode.Bridge };
        await node.StartAsync();
        var (bridged, bridgedResult) = await node.AddAsync("bridged");
        // The first address is a pod's already, so the gateway is the next one.
        Assert.Equal("10.244.1.2", (string)bridgedResult["ips"]![0]!["gateway"]!);
        Assert.Equal("10.244.1.3/24", (string)bridgedResult["ips"]![0]!["address"]!);
        await PingAsync(routed, "10.244.1.3", "fd00:10:244:1::3");
        await PingAsync(bridged, "10.244.1.1", "fd00:10:244:1::1");
        Assert.Equal("", (await node.CallAsync("CHECK", "routed", routed, routedResult)).Message);
        await node.StopAsync();

        node.Options = node.Options with { Attachment = AttachmentMode.Routed };
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "bridged", bridged, bridgedResult)).Message);
        var (late, lateResult) = await node.AddAsync("late");
        Assert.EndsWith("/32", (string)lateResult["ips"]![0]!["address"]!, StringComparison.Ordinal);
        await PingAsync(bridged, ((string)lateResult["ips"]![0]!["address"]!)[..^3]);
        await PingAsync(late, "10.244.1.3", "fd00:10:244:1::3");
        await node.CallAsync("DEL", "bridged", bridged);
        await node.StopAsync();
        await node.StartAsync();
        Assert.NotEqual(0, (await Run.TryAsync($"ip -n {node.Name} link show kn-bridge")).ExitCode);
        Assert.Equal("", (await node.CallAsync("CHECK", "routed", routed, routedResult)).Message);
    }

    [Fact]
    public async Task AStart_AdoptsPorts_AlsoWithoutTheJournal()
    {
        await using var node = Bridged();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.StopAsync();
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        await node.StopAsync();
        File.Delete(node.JournalPath);
        await node.StartAsync();
        await PingAsync(pod, "10.244.1.1", "fd00:10:244:1::1");
        Assert.Equal("10.244.1.3/24", (string)(await node.AddAsync("c2")).Result["ips"]![0]!["address"]!);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        await Poll.UntilAsync(async () => (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode != 0);
        await node.StopAsync();
        await node.CleanupAsync();
        Assert.Equal("", await node.LeftoversAsync());
    }

    [Fact]
    public async Task AnotherPodCidr_GetsItsGateway_AndTheOldOneStaysWhileItHasPods()
    {
        await using var node = Bridged();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        node.SetNode([IpPrefix.Parse("10.244.7.0/24")]);
        await Poll.UntilAsync(async () => (await Run.TextAsync($"ip -n {node.Name} addr show dev kn-bridge")).Contains("10.244.7.1/24", StringComparison.Ordinal));
        var (fresh, freshResult) = await node.AddAsync("c2");
        Assert.Equal("10.244.7.2/24", (string)freshResult["ips"]![0]!["address"]!);
        await PingAsync(fresh, "10.244.1.2");
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    public async Task ServiceBetweenPodsOfTheSameBridge_IsTranslatedBack()
    {
        await using var node = Bridged();
        await node.StartAsync();
        var (client, _) = await node.AddAsync("c1");
        var (server, _) = await node.AddAsync("c2");
        await Run.ScriptAsync(node.Name, """
            add table inet kt-service
            add chain inet kt-service prerouting { type nat hook prerouting priority -100; }
            add rule inet kt-service prerouting ip daddr 10.96.0.10 tcp dport 80 dnat ip to 10.244.1.3:8080
            add rule inet kt-service prerouting ip6 daddr fd00:96::10 tcp dport 80 dnat ip6 to [fd00:10:244:1::3]:8080
            """);
        using var responder = HttpResponder.Start(server, 8080, "hello");
        foreach (var address in (string[])["10.96.0.10", "[fd00:96::10]"])
        {
            Assert.Equal("hello", (await Run.TextAsync($"ip netns exec {client} curl -s --max-time 20 --noproxy * http://{address}/")).Trim());
        }
    }

    private static TestNode Bridged(string podCidr4 = "10.244.1.0/24")
    {
        var node = new TestNode(podCidr4);
        node.Options = node.Options with { Attachment = AttachmentMode.Bridge };
        return node;
    }

    private static async Task PingAsync(string from, params string[] addresses)
    {
        foreach (var address in addresses)
        {
            await Run.TextAsync($"ip netns exec {from} ping -n -c 1 -W 20 {address}");
        }
    }
}
