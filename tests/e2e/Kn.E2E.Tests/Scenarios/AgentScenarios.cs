using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Agents and the API server come and go; traffic stays.</summary>
public abstract class AgentScenarios(LabFixture lab)
{
    private static readonly string[] Nodes = ["node1", "node2", "node3"];

    [Scenario]
    public async Task AgentsKilledOrRestarted_InAStreamOfRequests_NotOneFails()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var (client, address) = await ServiceOfTwoAsync(space);
        await using var stream = Stream(client, address);
        await stream.AwaitMoreAsync(50, CancellationToken.None);
        foreach (var verb in (string[])["kill", "stop"])
        {
            var before = lab.Status.Nodes.ToDictionary(static node => node.Name, static node => node.AgentStarts, StringComparer.Ordinal);
            foreach (var node in Nodes)
            {
                await lab.LabAsync("agent", verb, node);
            }

            await stream.AwaitMoreAsync(50, CancellationToken.None);
            if (verb == "stop")
            {
                await StartAgentsAsync();
            }

            await LabFixture.UntilAsync("agents are back", () => Task.FromResult(lab.Status.Nodes.All(node => node.AgentStarts > before[node.Name] && node.AgentPid > 0)));
            await stream.AwaitMoreAsync(300, CancellationToken.None);
        }

        await stream.StopAsync();
        Assert.Empty(stream.Failures);
        await space.EchoPodAsync("later", "node2");
    }

    [Scenario]
    public async Task ApiServerAway_TrafficGoesOn_AndAnAgentStartsFromItsSnapshot()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var (client, address) = await ServiceOfTwoAsync(space);
        await using var stream = Stream(client, address);
        await lab.LabAsync("api", "stop");
        try
        {
            await stream.AwaitMoreAsync(100, CancellationToken.None);
            foreach (var node in Nodes)
            {
                await lab.LabAsync("agent", "stop", node);
            }

            await StartAgentsAsync();
            await LabFixture.UntilAsync("agents serve from the snapshot", async () => (await StatusAsync("node1"))?["modules"] is not null);
            await stream.AwaitMoreAsync(200, CancellationToken.None);

            // The lab's own kubelet still has its API server; the node's agent attaches the pod without one.
            await space.EchoPodAsync("meanwhile", "node1");
        }
        finally
        {
            await lab.LabAsync("api", "start");
        }

        await stream.StopAsync();
        Assert.Empty(stream.Failures);
        await space.EchoPodAsync("c", "node3", "{app: web}");
        await LabFixture.UntilAsync("a new endpoint is taken up again", async () => await client.GetAsync(address, 80, "/hostname", CancellationToken.None) == "c");
    }

    [Scenario]
    public async Task Status_AsJson_NamesNodeAndModules()
    {
        var status = await StatusAsync("node1");
        Assert.NotNull(status);
        Assert.Equal("node1", status["node"]?.ToString());
        Assert.NotNull(status["modules"]);
    }

    private async Task<JsonObject?> StatusAsync(string node)
    {
        var config = Path.Combine(lab.Status.Nodes.First(candidate => candidate.Name == node).Folder, "kn.yaml");
        var result = await lab.OnNodeAsync(node, Binaries.Kn, "status", "--config", config, "-o", "json");
        return result.ExitCode == 0 ? JsonNode.Parse(result.Output) as JsonObject : null;
    }

    private async Task StartAgentsAsync()
    {
        foreach (var node in Nodes)
        {
            await lab.LabAsync("agent", "start", node);
        }
    }

    private async Task<(EchoClient Client, IpAddress Address)> ServiceOfTwoAsync(ScenarioSpace space)
    {
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.EchoPodAsync("b", "node2", "{app: web}");
        await space.EchoPodAsync("client", "node3");
        var address = (await space.ServiceAsync("web"))[0];
        var client = lab.InPod(space.Name, "client");
        await LabFixture.UntilAsync("the Service answers", async () =>
        {
            try
            {
                await client.GetAsync(address, 80, "/hostname", CancellationToken.None);
                return true;
            }
            catch (TrafficException)
            {
                return false;
            }
        });
        return (client, address);
    }

    private static RequestStream Stream(EchoClient client, IpAddress address) =>
        new(token => client.GetAsync(address, 80, "/hostname", token), parallel: 2, TimeSpan.FromMilliseconds(5));
}

[Collection(OwnServerGroup.Name)]
public sealed class AgentsOnOwnServer(OwnServerLab lab) : AgentScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class AgentsOnRealServer(RealServerLab lab) : AgentScenarios(lab);
