using System.Diagnostics;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests;

/// <summary>Attachments whose DEL never came, by GC and by the agent itself. Needs root.</summary>
public sealed class GarbageTests
{
    private static readonly CniOptions Hasty = new()
    {
        InstallPlugin = false,
        PodCidrTimeout = TimeSpan.FromSeconds(20),
        Ipam = new IpamOptions { CollectInterval = TimeSpan.FromMilliseconds(100), CollectAfter = TimeSpan.FromMilliseconds(500) },
    };

    [Fact]
    [Conformance("cni", "DEL")]
    public async Task Del_ThatTheAgentNeverSaw_IsMadeUpForWhenTheNamespaceIsGone()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        var (kept, result) = await node.AddAsync("kept");
        NetworkNamespace.Remove(pod);
        await Poll.UntilAsync(() => node.Fact("pods") == "1");
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv4\"} 1", StringComparison.Ordinal));
        Assert.Contains("kn_cni_collected_total 1", node.Context.Metrics.ToPrometheusText(), StringComparison.Ordinal);
        Assert.Equal("", (await node.CallAsync("CHECK", "kept", kept, result)).Message);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
    }

    [Fact]
    public async Task Attachment_OfAPodThatTheApiNoLongerHas_IsCollected_WhenNobodyLivesInIt()
    {
        await using var node = new TestNode { Options = Hasty };
        node.SetPods(TestNode.Pod("c1"), TestNode.Pod("kept"));
        await node.StartAsync();
        await node.AddAsync("c1");
        var (kept, result) = await node.AddAsync("kept");
        node.SetPods(TestNode.Pod("kept"));
        await Poll.UntilAsync(() => node.Fact("pods") == "1");
        Assert.Equal("", (await node.CallAsync("CHECK", "kept", kept, result)).Message);
    }

    [Fact]
    public async Task Attachment_WithAProcessInItsNamespace_IsNeverCollected()
    {
        await using var node = new TestNode { Options = Hasty };
        node.SetPods();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("alive");
        using var process = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", pod, "sleep", "600"]))!;
        try
        {
            await Poll.UntilAsync(() => Directory.Exists($"/proc/{process.Id}") && new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget != new FileInfo("/proc/self/ns/net").LinkTarget);
            await node.AddAsync("deserted");
            // Whatever is collected is so at a look that saw both.
            await Poll.UntilAsync(() => node.Fact("pods") == "1");
            Assert.Equal("", (await node.CallAsync("CHECK", "alive", pod, result)).Message);
        }
        finally
        {
            process.Kill();
        }

        await Poll.UntilAsync(() => node.Fact("pods") == "0");
    }

    [Fact]
    public async Task WithoutTheApiServer_NoPodWithANamespaceIsCollected()
    {
        await using var node = new TestNode { Options = Hasty };
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var (gone, _) = await node.AddAsync("gone");
        NetworkNamespace.Remove(gone);
        await Poll.UntilAsync(() => node.Fact("pods") == "1");
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
    }

    [Fact]
    public async Task LostJournal_PodsGoOn_TheirAddressesAreNotGivenAway_AndDelFreesThem()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.StopAsync();
        File.Delete(Path.Combine(node.Context.Node.Paths.State, "cni", "attachments"));
        await node.StartAsync();
        await Poll.UntilAsync(() => node.Fact("addresses").Contains(": 1 of 254", StringComparison.Ordinal));
        Assert.Contains("10.244.1.1 ", await Run.TextAsync($"ip -n {node.Name} route"), StringComparison.Ordinal);
        await Run.TextAsync($"ip -n {pod} link show eth0");
        var refused = await node.CallAsync("ADD", "c9", node.CreatePodNamespace(), arguments: ";IP=10.244.1.1");
        Assert.Equal((int)CniErrorCode.AddressRefused, refused.Code);
        Assert.Equal((int)CniErrorCode.AlreadyAttached, (await node.CallAsync("ADD", "c1", pod)).Code);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod, result)).ExitCode);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv4\"} 0", StringComparison.Ordinal));
    }

    [Fact]
    [Conformance("cni", "GC")]
    public async Task Gc_RemovesAlsoWhatTheJournalDoesNotKnow_AndKeepsWhatIsValid()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (valid, _) = await node.AddAsync("valid");
        await node.AddAsync("stale");
        await node.StopAsync();
        File.Delete(Path.Combine(node.Context.Node.Paths.State, "cni", "attachments"));
        await node.StartAsync();
        Assert.Equal(0, await GcAsync(node, "valid"));
        await Poll.UntilAsync(async () => !(await node.LeftoversAsync()).Contains("10.244.1.2 ", StringComparison.Ordinal));
        Assert.Contains("10.244.1.1 ", await node.LeftoversAsync(), StringComparison.Ordinal);
        await Run.TextAsync($"ip -n {valid} link show eth0");
        Assert.Equal(0, await GcAsync(node));
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains("kn_cni_addresses_used{family=\"ipv6\"} 0", StringComparison.Ordinal));
    }

    [Fact]
    [Conformance("cni", "GC")]
    public async Task Gc_LeavesOtherNetworksAlone()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        Assert.Equal(0, (await node.CallAsync("ADD", "other", pod, network: "other-network")).ExitCode);
        await node.AddAsync("c1");
        Assert.Equal(0, await GcAsync(node));
        await Poll.UntilAsync(() => node.Fact("pods") == "1");
        await Run.TextAsync($"ip -n {pod} link show eth0");
    }

    [Fact]
    public async Task Reboot_FreesEverything_AndDelOfAnOldPodSucceeds()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.StopAsync();
        // What a reboot does: namespaces, links and routes are gone, /var/lib stays.
        NetworkNamespace.Remove(pod);
        await Poll.UntilAsync(async () => await node.LeftoversAsync() == "");
        await node.StartAsync();
        Assert.Equal("0", node.Fact("pods"));
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod, result)).ExitCode);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", null)).ExitCode);
        await node.AddAsync("c1");
    }

    private static async Task<int> GcAsync(TestNode node, params string[] valid)
    {
        var list = string.Join(',', valid.Select(static container => $$"""{"containerID":"{{container}}","ifname":"eth0"}"""));
        var config = System.Text.Encoding.UTF8.GetBytes($$"""{"cniVersion":"1.1.0","name":"kn","cni.dev/valid-attachments":[{{list}}]}""");
        var call = new Kn.Hosting.Control.ControlRequest("cni", new Dictionary<string, string> { ["CNI_COMMAND"] = "GC" }, config);
        return (await node.Context.Control.Find("cni")!(call, CancellationToken.None)).ExitCode;
    }
}
