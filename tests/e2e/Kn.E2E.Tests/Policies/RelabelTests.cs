using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.E2E.Tests.Policies;

/// <summary>What changes of labels, policies and pods do. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class RelabelTests(PolicyLab lab)
{
    [Fact]
    [Conformance("policy", "Changes")]
    public async Task LabelsOfAPeer_CountAsTheyChange()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {may: 'yes'}}}]}]}");
        await lab.ExpectAsync("no client -> web TCP 8080", "no far -> web UDP 8080", "no peer -> web TCP 8080");
        await lab.LabelPodAsync("far", "may", "yes");
        await lab.ExpectAsync("no client -> web TCP 8080", "yes far -> web UDP 8080", "no peer -> web TCP 8080");
        await lab.LabelPodAsync("far", "may", null);
        await lab.LabelPodAsync("client", "may", "yes");
        await lab.ExpectAsync("yes client -> web TCP 8080", "no far -> web UDP 8080", "no peer -> web TCP 8080");
        await lab.LabelPodAsync("client", "may", null);
    }

    [Fact]
    [Conformance("policy", "Changes")]
    public async Task LabelsOfTheSelectedPod_CountAsTheyChange()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {guarded: 'yes'}}, policyTypes: [Ingress, Egress]}");
        await lab.LabelPodAsync("web", "guarded", "yes");
        await lab.ExpectAsync("no client -> web TCP 8080", "no web -> far UDP 8080", "yes client -> db TCP 8080");
        await lab.LabelPodAsync("web", "guarded", null);
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes web -> far UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Changes")]
    public async Task LabelsOfANamespace_CountAsTheyChange()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {trusted: 'yes'}}}]}]}");
        await lab.ExpectAsync("no other -> web TCP 8080", "no peer -> web TCP 8080", "no client -> web TCP 8080");
        await lab.LabelNamespaceAsync("py", "trusted", "yes");
        await lab.ExpectAsync("yes other -> web TCP 8080", "yes peer -> web UDP 8080", "no client -> web TCP 8080");
        await lab.LabelNamespaceAsync("py", "trusted", null);
        await lab.ExpectAsync("no other -> web TCP 8080", "no peer -> web UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Changes")]
    public async Task LastPolicyThatGoes_LeavesPodsOpen()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {}, policyTypes: [Ingress, Egress]}");
        await lab.ExpectAsync("no client -> web TCP 8080", "no other -> far TCP 8080");
        await policy.DeleteAsync();
        await lab.AllOpenAsync();
    }

    /// <summary>An address that the API gives from one pod to another means the other one from then on.</summary>
    [Fact]
    [Conformance("policy", "Changes")]
    public async Task AddressThatIsUsedAgain_HasTheNewPodsRights()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {may: 'yes'}}}]}]}");
        await lab.ExpectAsync("no outside -> web TCP 8080");
        try
        {
            await GhostAsync("first", "yes");
            await lab.ExpectAsync("yes outside -> web TCP 8080", "yes outside -> web UDP 8080");
            await GhostAsync("second", "no");
            await RemoveAsync("first");
            await lab.ExpectAsync("no outside -> web TCP 8080", "no outside -> web UDP 8080");
        }
        finally
        {
            await RemoveAsync("first");
            await RemoveAsync("second");
        }
    }

    [Fact]
    [Conformance("policy", "Changes")]
    public async Task PodThatTerminates_KeepsItsRights_UntilItIsGone()
    {
        await lab.PodAsync("leaving", "nodeName: node2, containers: [{name: e, image: echo, command: [sh, -c, \"trap '' TERM; sleep 300 & wait; sleep 300\"]}]", "app: leaving", ready: false);
        await lab.ExpectAsync("yes leaving -> web TCP 8080", "yes leaving -> db TCP 8080");
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, leaving]}]}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: leaving}}}]}], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]}");
        await lab.ExpectAsync("yes leaving -> web TCP 8080", "no leaving -> db TCP 8080", "no client -> web TCP 8080");
        await lab.Client.DeleteAsync(ApiResources.Pods, "px", "leaving", new JsonObject { ["gracePeriodSeconds"] = 60 }, CancellationToken.None);
        await Framework.LabFixture.UntilAsync("the pod terminates", async () => (await lab.Client.GetAsync(ApiResources.Pods, "px", "leaving", CancellationToken.None)).IsDeleting());
        await lab.ExpectAsync("yes leaving -> web TCP 8080", "yes leaving -> web UDP 8080", "no leaving -> db TCP 8080", "no client -> web TCP 8080");
        await lab.Client.EnsureDeletedAsync(ApiResources.Pods, "px", "leaving", new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
    }

    private async Task GhostAsync(string name, string may)
    {
        await lab.CreateAllAsync("px", $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{may: '{may}'}}}}, spec: {{nodeName: nowhere, containers: [{{name: e, image: echo}}]}}}}");
        var ips = new JsonArray(PolicyLab.Families.Select(family => (JsonNode)new JsonObject { ["ip"] = $"{lab.Address("outside", family)}" }).ToArray());
        await lab.Client.PatchAsync(
            ApiResources.Pods, "px", name, "status", new JsonObject { ["status"] = new JsonObject { ["phase"] = "Running", ["podIP"] = $"{lab.Address("outside")}", ["podIPs"] = ips } }, PatchKind.Merge, CancellationToken.None);
    }

    private Task RemoveAsync(string name) =>
        lab.Client.EnsureDeletedAsync(ApiResources.Pods, "px", name, new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
}
