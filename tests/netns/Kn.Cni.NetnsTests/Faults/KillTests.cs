using System.Text.Json.Nodes;
using Kn.Cni.Attaching;
using Kn.Cni.Inspection;
using Kn.Cni.Ipam;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests.Faults;

/// <summary>The agent and the plugin are killed at every step of ADD, DEL and writing the journal; afterwards nothing may be leaked, and no two
/// pods may share an address. Needs root.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task AgentKilledAtEachStepOfAdd_LeaksNothing()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        foreach (var step in Enum.GetNames<AttachStep>())
        {
            node.SetFault($"kill Attach.{step}");
            Assert.Equal(11, (await node.CallAsync("ADD", "c1", pod, hostPort: 8080)).Code);
            await node.AgentDiesAsync();
            // The runtime is told that the ADD failed; some send a DEL then, and some do not. Without one, nothing is left either.
            await node.StartAgentAsync();
            Assert.Equal("", await node.LeftoversAsync());
            Assert.NotEqual(0, (await Run.TryAsync($"ip -n {pod} link show eth0")).ExitCode);
        }

        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        await WorksAsync(node, "c1", pod);
    }

    [Fact]
    public async Task AgentKilledAtEachStepOfDel_LeaksNothing()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        var kept = node.CreatePod();
        var result = await AddAsync(node, "kept", kept, hostPort: 8081);
        foreach (var step in Enum.GetNames<DetachStep>())
        {
            await AddAsync(node, "c1", pod, hostPort: 8080);
            node.SetFault($"kill Detach.{step}");
            // The answer may come before the agent dies; either way the runtime tries until it succeeds.
            await node.CallAsync("DEL", "c1", pod);
            await node.AgentDiesAsync();
            await node.StartAgentAsync();
            Assert.Equal("", (await node.CallAsync("CHECK", "kept", kept, result)).Message);
            Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
            await OnlyAsync(node, "kept");
        }

        Assert.Equal(0, (await node.CallAsync("DEL", "kept", kept)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await WorksAsync(node, "c1", pod);
    }

    [Fact]
    public async Task AgentKilledAtEachStepOfWritingTheJournalAnew_KeepsEveryPod()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        var result = await AddAsync(node, "c1", pod);
        foreach (var step in Enum.GetNames<RewriteStep>())
        {
            await File.AppendAllTextAsync(node.Journal, "damage\n");
            node.SetFault($"kill Rewrite.{step}");
            Assert.Throws<InvalidOperationException>(() => node.Ipam(IpamVerb.Check, (IpamVerb.Repair, "true")));
            await node.AgentDiesAsync();
            await node.StartAgentAsync();
            Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
            Assert.Equal(0, node.Ipam(IpamVerb.Check).ExitCode);
        }

        var second = await AddAsync(node, "c2", node.CreatePod());
        Assert.NotEqual((string)result["ips"]![0]!["address"]!, (string)second["ips"]![0]!["address"]!);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        Assert.Equal(0, (await node.CallAsync("DEL", "c2", null)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
    }

    [Fact]
    public async Task PluginKilledAtEachStepOfAdd_LeaksNothing_AfterADel()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        foreach (var step in Enum.GetNames<AttachStep>())
        {
            await KillPluginAsync(node, "ADD", pod, $"Attach.{step}");
            // The runtime does not know how far the ADD came. Its DEL waits for its turn.
            Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
            await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        }

        await WorksAsync(node, "c1", pod);
    }

    [Fact]
    public async Task PluginAndRuntimeKilledAtEachStepOfAdd_LeakNothing_OnceTheNamespaceIsGone()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        foreach (var step in Enum.GetNames<AttachStep>())
        {
            var pod = node.CreatePod();
            await KillPluginAsync(node, "ADD", pod, $"Attach.{step}");
            NetworkNamespace.Remove(pod);
            await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        }

        await WorksAsync(node, "c2", node.CreatePod());
    }

    [Fact]
    public async Task PluginKilledAtEachStepOfDel_LeaksNothing()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        foreach (var step in Enum.GetNames<DetachStep>())
        {
            await AddAsync(node, "c1", pod, hostPort: 8080);
            await KillPluginAsync(node, "DEL", pod, $"Detach.{step}");
            await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        }

        await WorksAsync(node, "c1", pod);
    }

    [Fact]
    public async Task PluginKilledBeforeItAsks_LeavesNothing()
    {
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pod = node.CreatePod();
        var plugin = node.StartPlugin("ADD", "c1", pod, withConfig: false);
        plugin.Kill();
        await FaultNode.WaitAsync(plugin);
        Assert.Equal("", await node.LeftoversAsync());
    }

    [Fact]
    public async Task AgentKilledUnder40Calls_LeaksNothing_AndNoTwoPodsShareAnAddress()
    {
        const int Pods = 40;
        await using var node = new FaultNode();
        await node.StartAgentAsync();
        var pods = Enumerable.Range(0, Pods).Select(_ => node.CreatePod()).ToList();
        var before = await Task.WhenAll(pods.Take(Pods / 4).Select((pod, index) => Task.Run(() => AddAsync(node, $"c{index}", pod))));
        node.SetFault($"kill Attach.{AttachStep.FlushJournal} {(Pods / 4) + (Pods / 8)}");
        var first = await Task.WhenAll(pods.Select((pod, index) => Task.Run(() => index < before.Length ? Task.FromResult(new CniAnswer(0, before[index])) : node.CallAsync("ADD", $"c{index}", pod))));
        await node.AgentDiesAsync();
        await node.StartAgentAsync();
        // Runtimes tear down what failed, and try again with a new container; here at once, over the same namespace.
        var answers = await Task.WhenAll(pods.Select((pod, index) => Task.Run(async () =>
        {
            if (first[index].ExitCode == 0)
            {
                return first[index];
            }

            Assert.Equal(0, (await node.CallAsync("DEL", $"c{index}", pod)).ExitCode);
            return await node.CallAsync("ADD", $"c{index}", pod);
        })));
        Assert.All(answers, static answer => Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString()));
        Assert.Contains(first, static answer => answer.ExitCode != 0);
        Assert.Equal(2 * Pods, answers.SelectMany(static answer => answer.Body!["ips"]!.AsArray()).Select(static ip => (string)ip!["address"]!).Distinct().Count());
        Assert.Equal(0, node.Ipam(IpamVerb.Check).ExitCode);
        await Task.WhenAll(pods.Select((pod, index) => Task.Run(() => node.CallAsync("DEL", $"c{index}", pod))));
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
    }

    private static async Task KillPluginAsync(FaultNode node, string command, string pod, string step)
    {
        node.SetFault($"hold {step}");
        var plugin = node.StartPlugin(command, "c1", pod, hostPort: 8080);
        await node.HeldAsync();
        plugin.Kill();
        await FaultNode.WaitAsync(plugin);
        node.Release();
    }

    /// <summary>Nothing is attached but this one.</summary>
    private static Task OnlyAsync(FaultNode node, string container) => Poll.UntilAsync(() =>
    {
        var (_, report) = node.Ipam(IpamVerb.Show);
        return report!["attachments"]!.AsArray().All(item => (string)item!["container"]! == container) && (int)report["pools"]![0]!["used"]! == 1;
    });

    /// <summary>The node goes on: pods get addresses, each its own, and all of it goes away again.</summary>
    private static async Task WorksAsync(FaultNode node, string container, string pod)
    {
        var other = node.CreatePod();
        var first = await AddAsync(node, container, pod);
        var second = await AddAsync(node, "other", other);
        Assert.NotEqual((string)first["ips"]![0]!["address"]!, (string)second["ips"]![0]!["address"]!);
        Assert.Equal("", (await node.CallAsync("CHECK", container, pod, first)).Message);
        Assert.Equal(0, (await node.CallAsync("DEL", container, pod, first)).ExitCode);
        Assert.Equal(0, (await node.CallAsync("DEL", "other", other, second)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
    }

    private static async Task<JsonNode> AddAsync(FaultNode node, string container, string pod, int hostPort = 0)
    {
        var answer = await node.CallAsync("ADD", container, pod, hostPort: hostPort);
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
        return answer.Body!;
    }
}
