namespace Kn.Cni.NetnsTests;

/// <summary>What other modules are told of the pods. Needs root.</summary>
public sealed class AttachedPodsTests
{
    [Fact]
    public async Task Pod_IsToldBeforeTheGates_AndForgottenAfterDel()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        string? atGate = null;
        using var gate = node.Context.PodGates.Register("policy", (pod, _) =>
        {
            atGate = $"{node.Context.AttachedPods.All.Contains(pod)} {pod.Pod} {pod.Uid} {string.Join(' ', pod.Addresses)}";
            return Task.CompletedTask;
        });
        var space = node.CreatePodNamespace();
        Assert.Equal(0, (await node.CallAsync("ADD", "c1", space, arguments: ";K8S_POD_UID=u1")).ExitCode);
        Assert.Equal("True default/c1 u1 10.244.1.1 fd00:10:244:1::1", atGate);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", space)).ExitCode);
        Assert.Empty(node.Context.AttachedPods.All);
    }

    [Fact]
    public async Task PodThatIsRefused_IsForgotten_AndTheErrorSaysWhatWasWaitedFor()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        using var gate = node.Context.PodGates.Register("policy", static (_, stop) => Task.Delay(Timeout.Infinite, stop), static pod => $"Pod {pod.Pod}");
        var answer = await node.CallAsync("ADD", "c1", node.CreatePodNamespace());
        Assert.Equal((11, "the node is not ready for the pod: waited 1 s for policy, which waits for Pod default/c1"), (answer.Code, answer.Message));
        Assert.Empty(node.Context.AttachedPods.All);
    }

    [Fact]
    public async Task Start_TellsOfPodsThatRun()
    {
        await using var node = new TestNode();
        await node.StartAsync();
        await node.AddAsync("c1");
        var (_, gone) = (await node.AddAsync("c2"), node.Context.AttachedPods.All.First(static pod => pod.Pod?.Name == "c2"));
        await node.StopAsync();

        // What the next process is told is not what this one was told.
        await Run.TextAsync($"ip -n {node.Name} link del {gone.HostLink}");
        node.Context.AttachedPods.Replace([]);
        node.Context.AttachedPods.Expect();
        await node.StartAsync();
        Assert.Equal("default/c1", $"{Assert.Single(node.Context.AttachedPods.All).Pod}");
    }
}
