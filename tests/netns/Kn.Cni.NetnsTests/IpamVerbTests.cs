using System.Text.Json.Nodes;
using Kn.Cni.Inspection;
using Kn.Cni.Ipam;
using Kn.Primitives;

namespace Kn.Cni.NetnsTests;

/// <summary>What <c>kn ipam</c> asks of the agent, against the kernel. Needs root.</summary>
public sealed class IpamVerbTests
{
    /// <summary>The agent's own collection would be faster than the check.</summary>
    private static readonly CniOptions Patient = new()
    {
        InstallPlugin = false,
        PodCidrTimeout = TimeSpan.FromSeconds(20),
        Ipam = new IpamOptions { CollectInterval = TimeSpan.FromHours(1), CollectAfter = TimeSpan.FromHours(1) },
    };

    [Fact]
    public async Task Show_ListsPoolsAndPods()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var (exit, report) = await node.IpamAsync(IpamVerb.Show);
        Assert.Equal(0, exit);
        Assert.Equal("10.244.1.0/24", (string)report!["pools"]![0]!["prefix"]!);
        Assert.Equal((1, 253), ((int)report["pools"]![0]!["used"]!, (int)report["pools"]![0]!["free"]!));
        var item = Assert.Single(report["attachments"]!.AsArray())!;
        Assert.Equal("10.244.1.1", (string)item["addresses"]![0]!);
        Assert.Equal(("default/c1", "c1", "running"), ((string)item["pod"]!, (string)item["container"]!, (string)item["state"]!));
        Assert.Equal((string)result["interfaces"]![0]!["name"]!, (string)item["link"]!);
        Assert.Equal($"/run/netns/{pod}", (string)item["namespace"]!);
    }

    [Fact]
    public async Task Check_OfAHealthyNode_FindsNothing_WithAndWithoutTheApiServer()
    {
        await using var node = new TestNode { Options = Patient };
        await node.StartAsync();
        await node.AddAsync("c1");
        var (exit, report) = await node.IpamAsync(IpamVerb.Check);
        Assert.Equal((0, false), (exit, (bool)report!["api"]!));
        Assert.Empty(report["faults"]!.AsArray());
        node.SetPods(TestNode.Pod("c1") with { PodIps = [IpAddress.Parse("10.244.1.1"), IpAddress.Parse("fd00:10:244:1::1")] });
        (exit, report) = await node.IpamAsync(IpamVerb.Check);
        Assert.Equal((0, true), (exit, (bool)report!["api"]!));
        Assert.Empty(report["faults"]!.AsArray());
    }

    [Fact]
    public async Task Check_FindsWhatDoesNotFit_AndRepairsIt()
    {
        await using var node = new TestNode { Options = Patient };
        node.SetPods(TestNode.Pod("cut"), TestNode.Pod("alive"));
        await node.StartAsync();
        await node.AddAsync("deserted");
        var (_, cut) = await node.AddAsync("cut");
        var (alive, result) = await node.AddAsync("alive");
        var link = (string)result["interfaces"]![0]!["name"]!;
        await Run.TextAsync($"ip -n {node.Name} link del {cut["interfaces"]![0]!["name"]!}");
        await Run.TextAsync($"ip -n {node.Name} route add 10.244.1.99 dev {link} proto 75");
        await File.AppendAllTextAsync(Path.Combine(node.Context.Node.Paths.State, "cni", "attachments"), "rubbish\n");

        var (exit, report) = await node.IpamAsync(IpamVerb.Check);
        Assert.Equal(1, exit);
        Assert.Equal([IpamFaultKinds.Cut, IpamFaultKinds.Deserted, IpamFaultKinds.Journal, IpamFaultKinds.Route], Kinds(report));
        (exit, report) = await node.IpamAsync(IpamVerb.Check, (IpamVerb.Repair, "true"));
        Assert.Equal(1, exit);
        Assert.Equal([false, true, true, true], report!["faults"]!.AsArray().OrderBy(static fault => (string)fault!["kind"]!, StringComparer.Ordinal).Select(static fault => (bool)fault!["repaired"]!));
        (_, report) = await node.IpamAsync(IpamVerb.Check);
        Assert.Equal([IpamFaultKinds.Cut], Kinds(report));
        Assert.Equal("", (await node.CallAsync("CHECK", "alive", alive, result)).Message);
    }

    [Fact]
    public async Task Check_ComparesTheApi()
    {
        await using var node = new TestNode { Options = Patient };
        node.SetPods(
            TestNode.Pod("other-ip") with { PodIps = [IpAddress.Parse("10.244.1.200")] },
            TestNode.Pod("never-added") with { PodIps = [IpAddress.Parse("10.244.1.201")] },
            TestNode.Pod("on-the-host") with { PodIps = [IpAddress.Parse("192.0.2.1")], HostNetwork = true },
            TestNode.Pod("elsewhere") with { PodIps = [IpAddress.Parse("10.244.2.1")], NodeName = "n2" },
            TestNode.Pod("done") with { PodIps = [IpAddress.Parse("10.244.1.202")], Phase = "Succeeded" });
        await node.StartAsync();
        await node.AddAsync("other-ip");
        var (exit, report) = await node.IpamAsync(IpamVerb.Check, (IpamVerb.Repair, "true"));
        Assert.Equal(1, exit);
        Assert.Equal([IpamFaultKinds.PodIps, IpamFaultKinds.Unattached], Kinds(report));
        Assert.Contains("default/never-added", report!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Release_FreesALeakedAddress_AndRefusesALiveOne()
    {
        await using var node = new TestNode { Options = Patient };
        node.SetPods(TestNode.Pod("alive"));
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("alive");
        await node.AddAsync("leaked");
        var (exit, report) = await node.IpamAsync(IpamVerb.Release, (IpamVerb.Address, "10.244.1.1"));
        Assert.Equal((1, false), (exit, (bool)report!["released"]!));
        Assert.Contains("default/alive", (string)report["message"]!, StringComparison.Ordinal);
        Assert.Equal("", (await node.CallAsync("CHECK", "alive", pod, result)).Message);
        Assert.Equal(0, (await node.IpamAsync(IpamVerb.Release, (IpamVerb.Address, "10.244.1.2"))).ExitCode);
        Assert.Equal(0, (await node.IpamAsync(IpamVerb.Release, (IpamVerb.Address, "10.244.1.2"))).ExitCode);
        Assert.DoesNotContain("10.244.1.2", await node.LeftoversAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await node.IpamAsync(IpamVerb.Release, (IpamVerb.Address, "10.244.1.1"), (IpamVerb.Force, "true"))).ExitCode);
        Assert.Equal("", await node.LeftoversAsync());
        Assert.Contains(": 0 of 254", node.Fact("addresses"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WhilePodsComeAndGo_FindsNothing()
    {
        await using var node = new TestNode { Options = Patient };
        await node.StartAsync();
        using var stop = new CancellationTokenSource();
        var churn = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            var pod = node.CreatePodNamespace();
            while (!stop.IsCancellationRequested)
            {
                await node.AddAsync($"c{worker}", pod);
                await node.CallAsync("DEL", $"c{worker}", pod);
            }
        })).ToList();
        for (var round = 0; round < 5; round++)
        {
            var (_, report) = await node.IpamAsync(IpamVerb.Check);
            Assert.Empty(report!["faults"]!.AsArray());
        }

        await stop.CancelAsync();
        await Task.WhenAll(churn);
    }

    private static IEnumerable<string> Kinds(JsonNode? report) =>
        report!["faults"]!.AsArray().Select(static fault => (string)fault!["kind"]!).Order(StringComparer.Ordinal);
}
