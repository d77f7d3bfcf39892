using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Lab.Kubelet;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Pods come and go.</summary>
public abstract class PodScenarios(LabFixture lab)
{
    [Scenario]
    public async Task Pod_DeletedAndCreatedAgain_GetsItsNetwork()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("client", "node1");
        for (var round = 0; round < 3; round++)
        {
            var pod = await space.EchoPodAsync("again", "node2");
            foreach (var address in DemoCluster.AddressesOf(pod))
            {
                Assert.Equal("again", await lab.InPod(space.Name, "client").GetAsync(address, 8080, "/hostname", CancellationToken.None));
            }

            await space.DeletePodAsync("again");
            Assert.DoesNotContain(PodSandbox.ShortUid(pod), string.Join(' ', Directory.EnumerateFiles("/run/netns")), StringComparison.Ordinal);
        }
    }

    [Scenario]
    public async Task NodeSelector_PlacesThePod_AndItIsAttachedThere()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pod = await space.EchoPodAsync("picky", more: "nodeSelector: {kubernetes.io/hostname: node3},");
        Assert.Equal("node3", pod.Text("spec", "nodeName"));
        var node = await lab.Client.GetAsync(ApiResources.Nodes, null, "node3", CancellationToken.None);
        var prefixes = node.Texts("spec", "podCIDRs").Select(static text => Kn.Primitives.IpPrefix.Parse(text)).ToList();
        Assert.Equal(2, prefixes.Count);
        Assert.All(DemoCluster.AddressesOf(pod), address => Assert.Contains(prefixes, prefix => prefix.Contains(address)));
    }

    [Scenario]
    public async Task Exec_RunsInThePodsNamespaces_AndPassesTheExitCodeOn()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pod = await space.EchoPodAsync("inside", "node1");
        var result = await lab.ExecAsync(space.Name, "inside", "sh", "-c", "hostname; cat /etc/hosts /etc/resolv.conf; ls /sys/class/net; exit 7");
        Assert.Equal(7, result.ExitCode);
        Assert.StartsWith("inside\n", result.Output, StringComparison.Ordinal);
        Assert.Contains($"{DemoCluster.AddressesOf(pod)[0]}\tinside\n", result.Output, StringComparison.Ordinal);
        Assert.Contains($"search {space.Name}.svc.cluster.local svc.cluster.local cluster.local\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("eth0\nlo\n", result.Output, StringComparison.Ordinal);
    }

    [Scenario]
    public async Task FailingCommand_IsRestarted_AndAReadinessProbeDecides()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.ApplyAsync(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: crash}
            spec: {nodeName: node1, terminationGracePeriodSeconds: 1, containers: [{name: c, image: x, command: [sh, -c, "exit 3"]}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: never}
            spec: {nodeName: node1, terminationGracePeriodSeconds: 1, containers: [{name: c, image: x, command: [sleep, "1000"], readinessProbe: {tcpSocket: {port: 81}, periodSeconds: 1}}]}
            """);
        await LabFixture.UntilAsync("crash restarted twice", async () =>
        {
            var status = (await lab.Client.GetAsync(ApiResources.Pods, space.Name, "crash", CancellationToken.None)).Maps("status", "containerStatuses").FirstOrDefault();
            return status.Number("restartCount") >= 2 && status.Number("lastState", "terminated", "exitCode") == 3;
        });
        var never = await lab.Client.GetAsync(ApiResources.Pods, space.Name, "never", CancellationToken.None);
        Assert.Equal("Running", never.Text("status", "phase"));
        Assert.False(DemoCluster.IsReady(never));
    }
}

[Collection(OwnServerGroup.Name)]
public sealed class PodsOnOwnServer(OwnServerLab lab) : PodScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class PodsOnRealServer(RealServerLab lab) : PodScenarios(lab);
