using System.Text.Json.Nodes;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.NetnsTests;

/// <summary>Addresses that are asked for, reserved, or just freed. Needs root.</summary>
public sealed class RequestedAddressTests
{
    private static readonly CniOptions Reserving = new()
    {
        InstallPlugin = false,
        PodCidrTimeout = TimeSpan.FromSeconds(20),
        Ipam = new IpamOptions { Reserved = [IpRange.Parse("10.244.1.1-10.244.1.9"), IpRange.Parse("fd00:10:244:1::1"), IpRange.Parse("192.0.2.0/24")] },
    };

    [Fact]
    [Conformance("cni", "Parameters")]
    public async Task Add_WithIPInCniArgs_GetsThatAddress()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var answer = await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), arguments: ";IP=10.244.1.77");
        Assert.Equal(["10.244.1.77/32", "fd00:10:244:1::1/128"], Addresses(answer));
        Assert.Equal(["10.244.1.1/32", "fd00:10:244:1::2/128"], Addresses(await node.CallAsync("ADD", "c2", node.CreatePodNamespace())));
    }

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task Add_WithTheCapabilityIps_GetsThoseAddresses()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var wish = new JsonObject { ["ips"] = new JsonArray("10.244.1.200/24", "fd00:10:244:1::200/64") };
        Assert.Equal(["10.244.1.200/32", "fd00:10:244:1::200/128"], Addresses(await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), runtimeConfig: wish)));
    }

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task Add_WithTheCapabilityIpRanges_StaysWithinThem()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        JsonObject Wish() => new()
        {
            ["ipRanges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = "10.244.1.0/24", ["rangeStart"] = "10.244.1.40", ["rangeEnd"] = "10.244.1.41" })),
        };
        Assert.Equal("10.244.1.40/32", Addresses(await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), runtimeConfig: Wish()))[0]);
        Assert.Equal("10.244.1.41/32", Addresses(await node.CallAsync("ADD", "c2", node.CreatePodNamespace(), runtimeConfig: Wish()))[0]);
        var full = await node.CallAsync("ADD", "c3", node.CreatePodNamespace(), runtimeConfig: Wish());
        Assert.Equal((int)CniErrorCode.AddressesExhausted, full.Code);
        Assert.Contains("10.244.1.40", full.Message, StringComparison.Ordinal);
        Assert.Contains("10.244.1.0/24: 2 of 254 used", node.Fact("addresses"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kn.internal/ip-addresses", "10.244.1.50, fd00:10:244:1::50")]
    [InlineData("kn.internal/ip-addresses", "[\"10.244.1.50\",\"fd00:10:244:1::50\"]")]
    [InlineData("cni.projectcalico.org/ipAddrs", "[\"10.244.1.50\",\"fd00:10:244:1::50\"]")]
    public async Task Add_OfAPodWithTheAnnotation_GetsThoseAddresses(string annotation, string value)
    {
        await using var node = new TestNode();
        node.SetPods(TestNode.Pod("c1", "u1", (annotation, value)));
        await node.StartAsync();
        Assert.Equal(["10.244.1.50/32", "fd00:10:244:1::50/128"], Addresses(await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), arguments: ";K8S_POD_UID=u1")));
    }

    [Fact]
    public async Task Add_OfAPodThatTheCacheLearnsOfAMomentLater_FindsItsAnnotation()
    {
        await using var node = new TestNode();
        node.SetPods();
        await node.StartAsync();
        var add = Task.Run(() => node.CallAsync("ADD", "c1", node.CreatePodNamespace(), arguments: ";K8S_POD_UID=u1"));
        node.SetPods(TestNode.Pod("c1", "u1", ("kn.internal/ip-addresses", "10.244.1.50")));
        Assert.Equal("10.244.1.50/32", Addresses(await add)[0]);
    }

    [Fact]
    public async Task Add_OfAPodThatTheCacheNeverLearnsOf_IsServed_AndTheNextPodOfThatNameIsNotMistakenForIt()
    {
        await using var node = new TestNode();
        node.SetPods(TestNode.Pod("c1", "another-uid", ("kn.internal/ip-addresses", "10.244.1.50")));
        await node.StartAsync();
        Assert.Equal("10.244.1.1/32", Addresses(await node.CallAsync("ADD", "c1", node.CreatePodNamespace(), arguments: ";K8S_POD_UID=u1"))[0]);
    }

    [Theory]
    [InlineData("10.9.9.9", "not in the node's podCIDR 10.244.1.0/24")]
    [InlineData("10.244.1.3", "reserved")]
    [InlineData("10.244.1.255", "reserved")]
    [InlineData("10.244.1.20", "in use by pod default/first")]
    [InlineData("10.244.1.30,10.244.1.31", "one address of a family")]
    public async Task Add_WithAnAddressThatCannotBeHad_IsRefusedAndSaysWhy(string wish, string says)
    {
        await using var node = new TestNode { Options = Reserving };
        await node.StartAsync();
        Assert.Equal(0, (await node.CallAsync("ADD", "first", node.CreatePodNamespace(), arguments: ";IP=10.244.1.20")).ExitCode);
        var pod = node.CreatePodNamespace();
        var answer = await node.CallAsync("ADD", "c1", pod, arguments: $";IP={wish}");
        Assert.Equal((int)CniErrorCode.AddressRefused, answer.Code);
        Assert.Contains(says, answer.Message, StringComparison.Ordinal);
        Assert.Contains("10.244.1.0/24: 1 of 245 used", node.Fact("addresses"), StringComparison.Ordinal);
        Assert.Equal(0, (await node.CallAsync("ADD", "c1", pod)).ExitCode);
    }

    [Fact]
    public async Task ReservedAddresses_AreNotGivenOut()
    {
        await using var node = new TestNode { Options = Reserving };
        await node.StartAsync();
        var (_, result) = await node.AddAsync("c1");
        Assert.Equal("10.244.1.10/32", (string)result["ips"]![0]!["address"]!);
        Assert.Equal("fd00:10:244:1::2/128", (string)result["ips"]![1]!["address"]!);
    }

    [Fact]
    public async Task AddressesThatTheNodeItselfHas_AreNotGivenOut()
    {
        await using var node = new TestNode();
        await Run.TextAsync($"ip -n {node.Name} link add left0 type bridge");
        await Run.TextAsync($"ip -n {node.Name} addr add 10.244.1.1/24 dev left0");
        await node.StartAsync();
        var (_, result) = await node.AddAsync("c1");
        Assert.Equal("10.244.1.2/32", (string)result["ips"]![0]!["address"]!);
    }

    [Fact]
    public async Task AddressAskedFor_OfAPodThatWasJustDeleted_IsGivenAtOnce()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        for (var round = 0; round < 5; round++)
        {
            var pod = node.CreatePodNamespace();
            var answer = await node.CallAsync("ADD", $"c{round}", pod, arguments: ";IP=10.244.1.60");
            Assert.Equal("", answer.Message);
            Assert.Equal(0, (await node.CallAsync("DEL", $"c{round}", pod)).ExitCode);
        }
    }

    [Fact]
    public async Task CoolDown_OutlivesARestart()
    {
        await using var node = new TestNode(podCidr4: "10.244.1.0/29");
        await node.StartAsync();
        // The round comes to its end and begins anew, so that only the cool-down keeps the freed ones back.
        for (var number = 1; number <= 6; number++)
        {
            Assert.Equal($"10.244.1.{number}/32", Addresses(await node.CallAsync("ADD", $"c{number}", node.CreatePodNamespace()))[0]);
        }

        await node.CallAsync("DEL", "c1", null);
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_cooling{family=\"ipv4\"} 1", StringComparison.Ordinal));
        await node.CallAsync("DEL", "c2", null);
        await node.CallAsync("DEL", "c6", null);
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_cooling{family=\"ipv4\"} 3", StringComparison.Ordinal));
        await node.StopAsync();
        await node.StartAsync();
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_cooling{family=\"ipv4\"} 3", StringComparison.Ordinal));
        // Nothing else is left: the one that has cooled longest.
        Assert.Equal("10.244.1.1/32", Addresses(await node.CallAsync("ADD", "new", node.CreatePodNamespace()))[0]);
        Assert.Contains("kn_cni_addresses_early_total{family=\"ipv4\"} 1", node.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
    }

    private static string[] Addresses(CniAnswer answer)
    {
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
        return [.. answer.Body!["ips"]!.AsArray().Select(static ip => (string)ip!["address"]!)];
    }
}
