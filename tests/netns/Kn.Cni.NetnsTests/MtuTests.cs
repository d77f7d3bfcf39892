using System.Text.Json.Nodes;
using Kn.Cni.Attaching;

namespace Kn.Cni.NetnsTests;

/// <summary>Pods' MTU and the underlay's. Needs root.</summary>
public sealed class MtuTests
{
    [Theory]
    [InlineData(AttachmentMode.Routed)]
    [InlineData(AttachmentMode.Bridge)]
    public async Task RunningPods_FollowTheUnderlay_OnBothEnds(AttachmentMode mode)
    {
        await using var node = await WithUnderlayAsync(1500);
        node.Options = node.Options with { Attachment = mode };
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        Assert.Equal(1500, (int)result["interfaces"]!.AsArray()[^1]!["mtu"]!);
        await Run.TextAsync($"ip -n {node.Name} link set up0 mtu 1400");
        await UntilAsync(node, pod, result, 1400);
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        if (mode == AttachmentMode.Bridge)
        {
            Assert.Equal(1400, await MtuAsync(node.Name, "kn-bridge"));
        }

        Assert.Equal(1400, (int)(await node.AddAsync("c2")).Result["interfaces"]!.AsArray()[^1]!["mtu"]!);
        await Run.TextAsync($"ip -n {node.Name} link set up0 mtu 9000");
        await UntilAsync(node, pod, result, 9000);
        await Run.TextAsync($"ip -n {pod} link set eth0 mtu 1300");
        Assert.Contains("MTU 1300", (await node.CallAsync("CHECK", "c1", pod, result)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Encapsulation_MakesPacketsSmaller()
    {
        await using var node = await WithUnderlayAsync(1500);
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        node.Context.Encapsulation.Set(50);
        await UntilAsync(node, pod, result, 1450);
        node.Context.Encapsulation.Set(70);
        await UntilAsync(node, pod, result, 1430);
        node.Context.Encapsulation.Set(0);
        await UntilAsync(node, pod, result, 1500);
    }

    [Fact]
    public async Task WhatChangedWhileTheAgentWasAway_IsFollowedAtTheStart_AndATunnelThatIsLeftCounts()
    {
        await using var node = await WithUnderlayAsync(1500);
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.StopAsync();
        await Run.TextAsync($"ip -n {node.Name} link add kn-vxlan type vxlan id 75 dstport 4789 local 192.0.2.1");
        await node.StartAsync();
        await UntilAsync(node, pod, result, 1450);
        await Run.TextAsync($"ip -n {node.Name} link del kn-vxlan");
        await UntilAsync(node, pod, result, 1500);
    }

    [Fact]
    public async Task APodWithAnMtuOfItsOwn_KeepsIt()
    {
        await using var node = await WithUnderlayAsync(1500);
        await node.StartAsync();
        var own = node.CreatePodNamespace();
        var answer = await node.CallAsync("ADD", "own", own, edit: static config => config["mtu"] = 1350);
        Assert.Equal(0, answer.ExitCode);
        var (pod, result) = await node.AddAsync("c1");
        await Run.TextAsync($"ip -n {node.Name} link set up0 mtu 1400");
        await UntilAsync(node, pod, result, 1400);
        Assert.Equal(1350, await MtuAsync(own, "eth0"));
        await node.StopAsync();
        await node.StartAsync();
        await Run.TextAsync($"ip -n {node.Name} link set up0 mtu 1420");
        await UntilAsync(node, pod, result, 1420);
        Assert.Equal(1350, await MtuAsync(own, "eth0"));
    }

    private static async Task<TestNode> WithUnderlayAsync(int mtu)
    {
        var node = new TestNode();
        await Run.TextAsync($"ip -n {node.Name} link add up0 mtu {mtu} type veth peer name up1 mtu 9000");
        await Run.TextAsync($"ip -n {node.Name} addr add 192.0.2.1/24 dev up0");
        await Run.TextAsync($"ip -n {node.Name} link set up0 up");
        await Run.TextAsync($"ip -n {node.Name} route add default via 192.0.2.254");
        return node;
    }

    private static async Task UntilAsync(TestNode node, string pod, JsonNode result, int mtu)
    {
        var link = result["interfaces"]!.AsArray().Select(static item => (string)item!["name"]!).First(PodLinkNames.IsHostLink);
        await Poll.UntilAsync(async () => await MtuAsync(pod, "eth0") == mtu && await MtuAsync(node.Name, link) == mtu);
    }

    private static async Task<int> MtuAsync(string netns, string link) => (int)(await Run.JsonAsync($"ip -n {netns} -j link show {link}"))[0]!["mtu"]!;
}
