using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.E2E.Tests.Services;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Policies;

/// <summary>A pod's first packet, and agents that stop and start. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class StartTests(PolicyLab lab)
{
    /// <summary>The pod's first act is to ask; its exit code says whether it was answered.</summary>
    [Fact]
    [Conformance("policy", "Start and stop")]
    public async Task NewPod_IsIsolated_BeforeItsFirstPacket()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: shy}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}");

        // Policies and pods come by watches of their own, in no order between them: that every node knows the policy, pods that run already show.
        foreach (var node in (int[])[1, 2])
        {
            await lab.PodAsync($"known{node}", $"nodeName: node{node}, containers: [{{name: e, image: echo}}]", "app: shy");
        }

        await lab.ExpectAsync("no known1 -> web TCP 8080", "no known2 -> web TCP 8080", "yes known1 -> db TCP 8080", "yes known2 -> db TCP 8080");
        const int Turns = 6;
        var phases = await Task.WhenAll(Enumerable.Range(0, Turns).Select(turn => PhaseAsync(turn, seconds: 1, lab.Address("web", PolicyLab.Families[turn % 2]))));
        Assert.Equal(Enumerable.Repeat("Failed", Turns), phases);
        phases = await Task.WhenAll(Enumerable.Range(Turns, 4).Select(turn => PhaseAsync(turn, seconds: 20, lab.Address("db", PolicyLab.Families[turn % 2]))));
        Assert.Equal(Enumerable.Repeat("Succeeded", 4), phases);
        foreach (var node in (int[])[1, 2])
        {
            await lab.Client.EnsureDeletedAsync(ApiResources.Pods, "px", $"known{node}", new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
        }
    }

    [Fact]
    [Conformance("policy", "Start and stop")]
    public async Task AgentThatStops_LeavesItsRules_AndOneThatStarts_NeitherOpensNorDenies()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes far -> web TCP 8080", "no other -> web TCP 8080", "no peer -> web TCP 8080");
        await using var allowed = new ConnectStream(lab.Place("client"), lab.Address("web"), 8080);
        await using var allowedFar = new ConnectStream(lab.Place("far"), lab.Address("web", IpFamily.V6), 8080);
        await using var denied = new ConnectStream(lab.Place("other"), lab.Address("web", IpFamily.V6), 8080);
        await using var deniedFar = new ConnectStream(lab.Place("peer"), lab.Address("web"), 8080);
        ConnectStream[] streams = [allowed, allowedFar, denied, deniedFar];
        using var open = await OpenConnection.ConnectAsync(lab.Place("far"), lab.Address("web"), 8080, System.Net.Sockets.ProtocolType.Tcp);
        foreach (var verb in (string[])["stop", "kill"])
        {
            var starts = lab.Status.Nodes[0].AgentStarts;
            await lab.LabAsync("agent", verb, "node1");
            await MoreAsync(streams, 60);
            if (verb == "stop")
            {
                await lab.StartAgentAsync(1);
            }

            await LabFixture.UntilAsync("the agent is back", () => Task.FromResult(lab.Status.Nodes[0] is var now && now.AgentStarts > starts && now.AgentPid > 0));
            await MoreAsync(streams, 200);
            Assert.Equal("web", await open.AskAsync());
        }

        // It follows the API again.
        await lab.LabelPodAsync("other", "app", "client");
        await using var fromPy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes other -> db TCP 8080", "no web -> db TCP 8080", "no other -> web TCP 8080");
        await lab.LabelPodAsync("other", "app", "other");
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }

        Assert.Equal([0, 0], new[] { allowed, allowedFar }.Select(static stream => stream.Failures));
        Assert.All(new[] { denied, deniedFar }, static stream => Assert.Equal(stream.Count, stream.Failures));
    }

    /// <summary>Without an API server the rules stay, and an agent that starts takes them from its snapshot.</summary>
    [Fact]
    [Conformance("policy", "Start and stop")]
    public async Task AgentThatStartsWithoutApiServer_KeepsTheRules()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes far -> web TCP 8080", "no other -> web TCP 8080");
        await lab.LabAsync("api", "stop");
        try
        {
            await lab.LabAsync("agent", "stop", "node1");
            await lab.ExpectAsync("yes far -> web TCP 8080", "no other -> web TCP 8080");
            await lab.StartAgentAsync(1);
            await lab.ExpectAsync("yes far -> web TCP 8080", "no other -> web TCP 8080", "no peer -> web UDP 8080");
        }
        finally
        {
            await lab.LabAsync("api", "start");
        }

        await lab.ExpectAsync("yes far -> web TCP 8080", "no other -> web TCP 8080");
    }

    private static async Task MoreAsync(IReadOnlyList<ConnectStream> streams, int more)
    {
        var goals = streams.Select(stream => stream.Count + more).ToArray();
        await LabFixture.UntilAsync("connections are begun", () => Task.FromResult(streams.Zip(goals).All(static pair => pair.First.Count >= pair.Second)));
    }

    private async Task<string> PhaseAsync(int turn, int seconds, IpAddress target)
    {
        var name = $"shy{turn}";
        var url = target.Family == IpFamily.V6 ? $"http://[{target}]:8080/" : $"http://{target}:8080/";
        await lab.CreateAllAsync("px", $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: shy}}}}, spec: {{nodeName: node{1 + (turn % 2)}, restartPolicy: Never, containers: [{{name: c, image: echo, command: [curl, -s, -g, --max-time, '{seconds}', '{url}']}}]}}}}");
        string? phase = null;
        await LabFixture.UntilAsync($"pod {name} has finished", async () =>
        {
            phase = (await lab.Client.GetAsync(ApiResources.Pods, "px", name, CancellationToken.None)).Text("status", "phase");
            return phase is "Failed" or "Succeeded";
        });
        await lab.Client.EnsureDeletedAsync(ApiResources.Pods, "px", name, new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
        return phase!;
    }
}
