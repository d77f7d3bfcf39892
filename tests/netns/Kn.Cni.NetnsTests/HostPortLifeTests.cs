using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kn.NetnsTests;

namespace Kn.Cni.NetnsTests;

/// <summary>Mappings that come, go, collide, outlive a restart, and are spoiled by others. Needs root.</summary>
public sealed class HostPortLifeTests : IAsyncLifetime
{
    private readonly HostPortNet _net = new();

    public Task InitializeAsync() => _net.InitializeAsync();

    public Task DisposeAsync() => _net.DisposeAsync();

    [Fact]
    [Conformance("cni", "Capabilities")]
    public async Task HostPort_ThatAnotherPodHas_IsRefused_AndNothingIsLeft()
    {
        var before = await _net.RulesetAsync();
        await _net.AddPodAsync("first", HostPortNet.Mapping(8080, 80));
        var after = await _net.RulesetAsync();
        Assert.NotEqual(before, after);
        var pod = _net.Node.CreatePodNamespace();
        foreach (var wanted in (JsonNode[])[HostPortNet.Mapping(8080, 81), HostPortNet.Mapping(8080, 80, hostIp: HostPortNet.NodeV4), HostPortNet.Mapping(8080, 80, hostIp: "::")])
        {
            var answer = await _net.Node.CallAsync("ADD", "second", pod, runtimeConfig: wanted);
            Assert.Equal(105, answer.Code);
            Assert.Contains("8080/tcp", answer.Message, StringComparison.Ordinal);
            Assert.Contains("default/first", answer.Message, StringComparison.Ordinal);
        }

        Assert.Equal(after, await _net.RulesetAsync());
        Assert.NotEqual(0, (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode);
        Assert.Equal("1", _net.Node.Fact("pods"));
        // Another protocol is another port, and a freed one is free.
        await _net.Node.AddAsync("second", pod, HostPortNet.Mapping(8080, 80, "udp"));
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "second", pod)).ExitCode);
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "first", null)).ExitCode);
        Assert.Equal(before, await _net.RulesetAsync());
        await _net.AddPodAsync("third", HostPortNet.Mapping(8080, 80));
        Assert.Equal($"third {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
    }

    [Fact]
    public async Task ManyAtOnce_ForOnePort_OneGetsIt()
    {
        var pods = Enumerable.Range(0, 20).Select(_ => _net.Node.CreatePodNamespace()).ToList();
        var answers = await Task.WhenAll(pods.Select((pod, number) => _net.Node.CallAsync("ADD", $"c{number}", pod, runtimeConfig: HostPortNet.Mapping(8080, 80))));
        Assert.Single(answers, static answer => answer.ExitCode == 0);
        Assert.Equal(19, answers.Count(static answer => answer.Code == 105));
        Assert.Equal("1", _net.Node.Fact("pods"));
    }

    [Fact]
    public async Task OneAddressOnly_IsOneAddressOnly()
    {
        await Run.TextAsync($"ip -n {_net.Node.Name} addr add 192.0.2.3/24 dev up0");
        await _net.AddPodAsync("one", HostPortNet.Mapping(8080, 80, hostIp: HostPortNet.NodeV4));
        await _net.AddPodAsync("other", HostPortNet.Mapping(8080, 80, hostIp: "192.0.2.3"));
        await _net.AddPodAsync("loop", HostPortNet.Mapping(8080, 80, hostIp: "127.0.0.1"));
        Assert.Equal($"one {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
        Assert.Equal($"other {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, "192.0.2.3", 8080));
        Assert.StartsWith("loop ", Client.Ask(_net.NodeSpace, "127.0.0.1", 8080), StringComparison.Ordinal);
        Assert.Equal("ConnectionRefused", Client.Ask(_net.Outside, HostPortNet.NodeV6, 8080));
    }

    /// <summary>As kube-proxy's NodePorts do: Services are translated at dstnat.</summary>
    [Fact]
    public async Task DestinationNatOfServices_ComesFirst()
    {
        await _net.AddPodAsync("web", HostPortNet.Mapping(8080, 80));
        await _net.AddPodAsync("endpoint");
        foreach (var command in (string[])[
            "add table inet services",
            "add chain inet services prerouting { type nat hook prerouting priority dstnat ; }",
            "add chain inet services output { type nat hook output priority -100 ; }",
            "add rule inet services prerouting meta nfproto ipv4 tcp dport 8080 dnat ip to 10.244.1.2:80",
            "add rule inet services output meta nfproto ipv4 tcp dport 8080 dnat ip to 10.244.1.2:80"])
        {
            await _net.NftAsync(command);
        }

        Assert.Equal($"endpoint {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
        Assert.Equal($"endpoint {HostPortNet.NodeV4}", Client.Ask(_net.NodeSpace, HostPortNet.NodeV4, 8080));
        Assert.Equal($"web {HostPortNet.OutsideV6}", Client.Ask(_net.Outside, HostPortNet.NodeV6, 8080));
    }

    [Fact]
    public async Task Restart_KeepsConnections_AndPutsRightWhatOthersDidMeanwhile()
    {
        await _net.AddPodAsync("web", HostPortNet.EveryProtocol);
        using var connection = Client.Open(_net.Outside, HostPortNet.NodeV4, 8080);
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.AskAgain(connection));
        var handles = await HandlesAsync();
        var ruleset = await _net.RulesetAsync();
        await _net.Node.StopAsync();
        Assert.Equal(ruleset, await _net.RulesetAsync());
        await _net.NftAsync("""add element inet kn-cni hostports4 { tcp . 9999 comment "kn gone eth0" : 10.244.1.77 . 80 }""");
        await _net.NftAsync("delete element inet kn-cni hostports6 { tcp . 8080 }");
        await _net.Node.StartAsync();
        Assert.Equal(ruleset, await _net.RulesetAsync());
        Assert.Equal(handles, await HandlesAsync());
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.AskAgain(connection));
        Assert.Equal($"web {HostPortNet.OutsideV6}", Client.Ask(_net.Outside, HostPortNet.NodeV6, 8080));
        // The claim survives too.
        Assert.Equal(105, (await _net.Node.CallAsync("ADD", "c2", _net.Node.CreatePodNamespace(), runtimeConfig: HostPortNet.Mapping(8080, 80))).Code);
    }

    [Fact]
    public async Task LostJournal_KeepsTheMappingsOfRunningPods_AndDelEndsThem()
    {
        var before = await _net.RulesetAsync();
        await _net.AddPodAsync("web", HostPortNet.EveryProtocol);
        var ruleset = await _net.RulesetAsync();
        await _net.Node.StopAsync();
        File.Delete(Path.Combine(_net.Node.Context.Node.Paths.State, "cni", "attachments"));
        await _net.Node.StartAsync();
        Assert.Equal(ruleset, await _net.RulesetAsync());
        Assert.Equal($"web {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8080));
        Assert.Equal(105, (await _net.Node.CallAsync("ADD", "c2", _net.Node.CreatePodNamespace(), runtimeConfig: HostPortNet.Mapping(8080, 80))).Code);
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "web", null)).ExitCode);
        Assert.Equal(before, await _net.RulesetAsync());
    }

    [Fact]
    public async Task PodThatIsGoneAtAStart_HasNoMapping()
    {
        var before = await _net.RulesetAsync();
        var pod = _net.Node.CreatePodNamespace();
        await _net.Node.AddAsync("gone", pod, HostPortNet.Mapping(8080, 80));
        await _net.Node.StopAsync();
        _net.Node.RemoveNamespace(pod);
        await Poll.UntilAsync(async () => !(await Run.TextAsync($"ip -n {_net.Node.Name} link")).Contains("kn", StringComparison.Ordinal));
        await _net.Node.StartAsync();
        Assert.Equal(before, await _net.RulesetAsync());
        await _net.Node.AddAsync("next", _net.Node.CreatePodNamespace(), HostPortNet.Mapping(8080, 80));
    }

    [Fact]
    public async Task Drift_IsRepaired()
    {
        await _net.AddPodAsync("web", HostPortNet.EveryProtocol);
        var whole = await _net.RulesetAsync();
        foreach (var change in (string[])[
            "flush ruleset",
            "delete table inet kn-cni",
            "delete element inet kn-cni hostports4 { tcp . 8080 }",
            "flush set inet kn-cni hairpin6",
            "flush chain inet kn-cni loopback",
            "flush chain inet kn-cni hostports6",
            "delete chain inet kn-cni prerouting",
            """add element inet kn-cni hostips4 { 192.0.2.1 . tcp . 8080 : 10.244.1.99 . 1 }"""])
        {
            await _net.NftAsync(change);
            await Poll.UntilAsync(async () => (await Run.TryAsync($"ip netns exec {_net.Node.Name} nft -s list table inet kn-cni")).Output == whole);
        }
    }

    [Fact]
    public async Task AddAndDel_WhileTheTableIsGone_LeaveItWhole()
    {
        await _net.AddPodAsync("web", HostPortNet.Mapping(8080, 80));
        await _net.NftAsync("delete table inet kn-cni");
        await _net.AddPodAsync("second", HostPortNet.Mapping(8081, 80));
        Assert.Equal($"second {HostPortNet.OutsideV4}", Client.Ask(_net.Outside, HostPortNet.NodeV4, 8081));
        await _net.NftAsync("delete table inet kn-cni");
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "web", null)).ExitCode);
        await Poll.UntilAsync(async () => (await Run.TryAsync($"ip netns exec {_net.Node.Name} nft list table inet kn-cni")).Output.Contains("8081", StringComparison.Ordinal));
        Assert.DoesNotContain("tcp . 8080", await _net.RulesetAsync(), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "CHECK")]
    public async Task Check_TellsWhichMappingIsMissing()
    {
        var pod = _net.Node.CreatePodNamespace();
        var mapping = HostPortNet.Mapping(8080, 80);
        var result = await _net.Node.AddAsync("web", pod, mapping);
        Assert.Equal("", (await _net.Node.CallAsync("CHECK", "web", pod, result, runtimeConfig: mapping)).Message);
        // The agent repairs what is taken away by others, so this is done in the same breath as the check.
        for (var code = 0; code != 103;)
        {
            await _net.NftAsync("flush map inet kn-cni hostports4");
            var answer = await _net.Node.CallAsync("CHECK", "web", pod, result, runtimeConfig: mapping);
            Assert.True(answer.ExitCode == 0 || answer.Message.Contains("8080/tcp", StringComparison.Ordinal), answer.Message);
            code = answer.Code;
        }
    }

    /// <summary>A client that keeps its port keeps its conntrack entry, which says where the port led when it first sent.</summary>
    [Theory]
    [InlineData(HostPortNet.NodeV4)]
    [InlineData(HostPortNet.NodeV6)]
    [Conformance("cni", "Capabilities")]
    public async Task HostPort_OfUdp_IsFollowedByAClientThatKeepsItsPort(string address)
    {
        using var client = Client.Open(_net.Outside, address, 8080, ProtocolType.Udp);
        Assert.ThrowsAny<SocketException>(() => Client.AskAgain(client));
        var source = address == HostPortNet.NodeV4 ? HostPortNet.OutsideV4 : HostPortNet.OutsideV6;
        await _net.AddPodAsync("first", HostPortNet.Mapping(8080, 80, "udp"));
        Assert.Equal($"first {source}", Client.AskAgain(client));
        Assert.Equal(0, (await _net.Node.CallAsync("DEL", "first", null)).ExitCode);
        await _net.AddPodAsync("second", HostPortNet.Mapping(8080, 80, "udp"));
        Assert.Equal($"second {source}", Client.AskAgain(client));
    }

    [Fact]
    public async Task FailedAdd_LeavesNoMapping()
    {
        var before = await _net.RulesetAsync();
        _net.Node.BeforeStep = static step =>
        {
            if (step == Kn.Cni.Attaching.AttachStep.WaitForGates)
            {
                throw new IOException("injected");
            }
        };
        Assert.Equal(5, (await _net.Node.CallAsync("ADD", "c1", _net.Node.CreatePodNamespace(), runtimeConfig: HostPortNet.EveryProtocol)).Code);
        _net.Node.BeforeStep = null;
        Assert.Equal(before, await _net.RulesetAsync());
        await _net.Node.AddAsync("c1", _net.Node.CreatePodNamespace(), HostPortNet.EveryProtocol);
    }

    /// <summary>Whoever rebuilds the table changes its rules' handles.</summary>
    private async Task<string> HandlesAsync() => string.Join('\n', (await _net.NftAsync("-a list table inet kn-cni")).Split('\n').Where(static line => line.Contains("# handle", StringComparison.Ordinal)));
}
