using System.Text.Json.Nodes;
using Kn.NetnsTests;

namespace Kn.Cni.NetnsTests;

/// <summary>Kn in a list of plugins, with Debian's before and after it. Needs root and containernetworking-plugins.</summary>
public sealed class ChainTests : IAsyncLifetime
{
    private const string Mac = "02:00:00:aa:bb:cc";
    private static readonly string[] AddressesOfOther = ["10.244.1.2", "fd00:10:244:1::2"];
    private readonly HostPortNet _net = new();

    public Task InitializeAsync() => _net.InitializeAsync();

    public Task DisposeAsync() => _net.DisposeAsync();

    /// <summary>A link that gets another address loses its permanent neighbours, and the node's entry for the pod is wrong: nothing would get through.</summary>
    [Fact]
    [Conformance("cni", "Chaining")]
    public async Task Tuning_After_MayChangeSysctls_AndTheMac_AndThePodIsStillReached()
    {
        var members = new JsonObject { ["mac"] = Mac, ["sysctl"] = new JsonObject { ["net.core.somaxconn"] = "500" } };
        var pod = _net.Node.CreatePodNamespace();
        var first = await _net.Node.AddAsync("c1", pod);
        var other = _net.Node.CreatePodNamespace();
        await _net.Node.AddAsync("c2", other);
        var result = await ReferencePlugin.CallAsync(_net.Node, "tuning", "ADD", "c1", pod, members, first);
        Assert.Equal(Mac, (string?)result!["interfaces"]![1]!["mac"]);
        Assert.Equal("500", (await Run.TextAsync($"ip netns exec {pod} cat /proc/sys/net/core/somaxconn")).Trim());
        await AssertReachedAsync(pod);
        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "c1", pod, result)).Message);
        await ReferencePlugin.CallAsync(_net.Node, "tuning", "CHECK", "c1", pod, members, result);

        // The new address is remembered, and a repair does not bring the old one back.
        await _net.Node.StopAsync();
        await _net.Node.StartAsync();
        await Run.TextAsync($"ip -n {_net.Node.Name} route flush proto 75");
        await Poll.UntilAsync(async () => (await Run.TextAsync($"ip -n {_net.Node.Name} -6 route")).Contains("fd00:10:244:1::1 ", StringComparison.Ordinal));
        await AssertReachedAsync(pod);

        await ReferencePlugin.CallAsync(_net.Node, "tuning", "DEL", "c1", pod, members, result);
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "c1", pod)).ExitCode);
    }

    /// <summary>The agent may be away when the later plugin is called.</summary>
    [Fact]
    public async Task MacChangedWhileTheAgentIsAway_IsFollowedAtItsStart()
    {
        var pod = _net.Node.CreatePodNamespace();
        var first = await _net.Node.AddAsync("c1", pod);
        await _net.Node.AddAsync("c2", _net.Node.CreatePodNamespace());
        await _net.Node.StopAsync();
        await ReferencePlugin.CallAsync(_net.Node, "tuning", "ADD", "c1", pod, new JsonObject { ["mac"] = Mac }, first);
        await _net.Node.StartAsync();
        await AssertReachedAsync(pod);
    }

    [Fact]
    public async Task Check_TellsOfANodeThatDoesNotKnowThePodsMac()
    {
        var pod = _net.Node.CreatePodNamespace();
        var result = await _net.Node.AddAsync("c1", pod);
        var link = (string)result["interfaces"]![0]!["name"]!;
        await Run.TextAsync($"ip -n {_net.Node.Name} neigh replace 10.244.1.1 lladdr 02:00:00:00:00:99 dev {link} nud permanent");
        var answer = await _net.Node.CallAsync("CHECK", "c1", pod, result);
        Assert.Equal(103, answer.Code);
        Assert.Contains("10.244.1.1", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "Chaining")]
    public async Task Bandwidth_After_ShapesTheLinkThatKnReported()
    {
        var limits = new JsonObject { ["ingressRate"] = 8_000_000, ["ingressBurst"] = 8_000_000, ["egressRate"] = 16_000_000, ["egressBurst"] = 16_000_000 };
        var pod = _net.Node.CreatePodNamespace();
        var first = await _net.Node.AddAsync("c1", pod);
        var link = (string)first["interfaces"]![0]!["name"]!;
        var result = await ReferencePlugin.CallAsync(_net.Node, "bandwidth", "ADD", "c1", pod, limits, first);
        Assert.Contains("tbf", await Run.TextAsync($"tc -n {_net.Node.Name} qdisc show dev {link}"), StringComparison.Ordinal);
        await ReferencePlugin.CallAsync(_net.Node, "bandwidth", "CHECK", "c1", pod, limits, result);
        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "c1", pod, result)).Message);
        await Run.TextAsync($"ip netns exec {_net.Node.Name} ping -n -c 1 -W 20 10.244.1.1");
        await ReferencePlugin.CallAsync(_net.Node, "bandwidth", "DEL", "c1", pod, limits, result);
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "c1", pod)).ExitCode);
    }

    [Fact]
    [Conformance("cni", "Chaining")]
    public async Task Portmap_After_PublishesThePortBesideThoseOfKn()
    {
        var mapping = new JsonObject { ["runtimeConfig"] = HostPortNet.Mapping(9090, 80), ["snat"] = true };
        var first = await _net.AddPodWithResultAsync("web", HostPortNet.Mapping(8080, 80));
        var pod = _net.LastPod;
        var result = await ReferencePlugin.CallAsync(_net.Node, "portmap", "ADD", "web", pod, mapping, first);
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 9090));
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
        // portmap's own CHECK (1.1.1) looks for IPv4 rules among those of IPv6 when a container has both, and so fails whoever attached it.
        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "web", pod, result, runtimeConfig: HostPortNet.Mapping(8080, 80))).Message);
        await ReferencePlugin.CallAsync(_net.Node, "portmap", "DEL", "web", pod, mapping, result);
        Assert.Equal("ConnectionRefused", Client.Ask(_net.Outside, HostPortNet.NodeV4, 9090));
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
    }

    [Fact]
    [Conformance("cni", "Chaining")]
    public async Task PreviousResult_IsPassedOn_WithOurPartsBehindIt()
    {
        var pod = _net.Node.CreatePodNamespace();
        var before = await ReferencePlugin.CallAsync(_net.Node, "loopback", "ADD", "c1", pod, []);
        var answer = await _net.Node.CallAsync("ADD", "c1", pod, before, version: "1.0.0");
        Assert.True(answer.ExitCode == 0, answer.Message);
        var result = answer.Body!;
        Assert.Equal(["lo", "eth0"], result["interfaces"]!.AsArray().Where(static link => link!["sandbox"] is not null).Select(static link => (string)link!["name"]!));
        foreach (var ip in result["ips"]!.AsArray())
        {
            var owner = (string)result["interfaces"]![(int)ip!["interface"]!]!["name"]!;
            Assert.Equal(((string)ip["address"]!).StartsWith("10.244.", StringComparison.Ordinal) || ((string)ip["address"]!).StartsWith("fd00:", StringComparison.Ordinal) ? "eth0" : "lo", owner);
        }

        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "c1", pod, result, version: "1.0.0")).Message);
    }

    [Theory]
    [InlineData("mac", "")]
    [InlineData("", ";MAC=02:00:00:aa:bb:cc")]
    [Conformance("cni", "Capabilities")]
    public async Task MacThatIsAskedFor_IsThePods_AndItIsReached(string capability, string arguments)
    {
        var pod = _net.Node.CreatePodNamespace();
        var answer = await _net.Node.CallAsync("ADD", "c1", pod, runtimeConfig: capability.Length > 0 ? new JsonObject { [capability] = Mac } : null, arguments: arguments);
        Assert.True(answer.ExitCode == 0, answer.Message);
        Assert.Equal(Mac, (string)answer.Body!["interfaces"]![1]!["mac"]!);
        Assert.Contains(Mac, await Run.TextAsync($"ip -n {pod} link show eth0"), StringComparison.Ordinal);
        await _net.Node.AddAsync("c2", _net.Node.CreatePodNamespace());
        await AssertReachedAsync(pod);
        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "c1", pod, answer.Body)).Message);
        await _net.Node.StopAsync();
        await _net.Node.StartAsync();
        await AssertReachedAsync(pod);
    }

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task DnsThatIsAskedFor_IsInTheResult()
    {
        var asked = new JsonObject { ["dns"] = new JsonObject { ["servers"] = new JsonArray("10.96.0.10"), ["searches"] = new JsonArray("a.b"), ["options"] = new JsonArray("ndots:5") } };
        var result = await _net.Node.AddAsync("c1", _net.Node.CreatePodNamespace(), asked);
        Assert.Equal("""{"nameservers":["10.96.0.10"],"search":["a.b"],"options":["ndots:5"]}""", result["dns"]!.ToJsonString());
    }

    /// <summary>Both ways, both families: what the neighbours decide.</summary>
    private async Task AssertReachedAsync(string pod)
    {
        foreach (var address in (string[])[.. AddressesOfOther, HostPortNet.NodeV4, HostPortNet.NodeV6])
        {
            await Poll.UntilAsync(async () => (await Run.TryAsync($"ip netns exec {pod} ping -n -c 1 -W 1 {address}")).ExitCode == 0);
        }

        foreach (var address in (string[])["10.244.1.1", "fd00:10:244:1::1"])
        {
            await Poll.UntilAsync(async () => (await Run.TryAsync($"ip netns exec {_net.Node.Name} ping -n -c 1 -W 1 {address}")).ExitCode == 0);
        }
    }
}
