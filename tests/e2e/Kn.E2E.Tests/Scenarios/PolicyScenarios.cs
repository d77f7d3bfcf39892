using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>NetworkPolicy, in short; Policies/ has it rule by rule.</summary>
public abstract class PolicyScenarios(LabFixture lab)
{
    [Scenario]
    public async Task Policy_HoldsFromAPodsFirstPacket_AndUntilItGoes()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var web = DemoCluster.AddressesOf(await space.EchoPodAsync("web", "node1", "{app: web}"));
        await space.EchoPodAsync("friend", "node2", "{app: friend}");
        await space.EchoPodAsync("stranger", "node2", "{app: stranger}");
        await Task.WhenAll(web.Select(address => UntilAsync(space, "stranger", address, isAnswered: true)));
        await space.ApplyAsync("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 8080}]}]}}");
        await space.ApplyAsync("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shy}, spec: {podSelector: {matchLabels: {app: shy}}, policyTypes: [Egress]}}");
        await Task.WhenAll(web.SelectMany(address => new[] { UntilAsync(space, "friend", address, isAnswered: true), UntilAsync(space, "stranger", address, isAnswered: false) }));
        Assert.Equal("Succeeded", await FirstActAsync(space, "brave", "friend", web[0]));
        Assert.Equal("Failed", await FirstActAsync(space, "shy4", "shy", web[0]));
        Assert.Equal("Failed", await FirstActAsync(space, "shy6", "shy", web[1]));
        await lab.Client.EnsureDeletedAsync(ApiResources.NetworkPolicies, space.Name, "web", null, CancellationToken.None);
        await Task.WhenAll(web.Select(address => UntilAsync(space, "stranger", address, isAnswered: true)));
    }

    /// <summary>A pod that asks as soon as it runs: how it ends says whether it was answered.</summary>
    private async Task<string?> FirstActAsync(ScenarioSpace space, string name, string app, IpAddress target)
    {
        var url = target.Family == IpFamily.V6 ? $"http://[{target}]:8080/" : $"http://{target}:8080/";
        await space.ApplyAsync($"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {app}}}}}, spec: {{nodeName: node3, restartPolicy: Never, containers: [{{name: c, image: echo, command: [curl, -s, -g, --max-time, '1', '{url}']}}]}}}}");
        string? phase = null;
        await LabFixture.UntilAsync($"pod {name} has finished", async () =>
        {
            phase = (await lab.Client.GetAsync(ApiResources.Pods, space.Name, name, CancellationToken.None)).Text("status", "phase");
            return phase is "Failed" or "Succeeded";
        });
        return phase;
    }

    private Task UntilAsync(ScenarioSpace space, string pod, IpAddress target, bool isAnswered)
    {
        var client = lab.InPod(space.Name, pod);
        return LabFixture.UntilAsync($"{pod} is {(isAnswered ? "answered" : "not answered")} by {target}", async () =>
        {
            try
            {
                await client.GetAsync(target, 8080, "/hostname", CancellationToken.None);
                return isAnswered;
            }
            catch (TrafficException)
            {
                return !isAnswered;
            }
        });
    }
}

[Collection(OwnServerGroup.Name)]
public sealed class PoliciesOnOwnServer(OwnServerLab lab) : PolicyScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class PoliciesOnRealServer(RealServerLab lab) : PolicyScenarios(lab);
