using Kn.Lab.Api;
using Kn.Lab.Processes;
using Kn.Primitives;

namespace Kn.E2E.Tests.Policies;

/// <summary>What applies to the node itself, its processes and its ports. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class NodeTests(PolicyLab lab)
{
    private const string DenyAll = "{podSelector: {}, policyTypes: [Ingress, Egress]}";

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task PodsOwnNode_AlwaysReachesIt()
    {
        await using var policy = await lab.PolicyAsync("px", DenyAll);
        await lab.ExpectAsync("no client -> web TCP 8080", "yes node1 -> web TCP 8080", "yes node1 -> web UDP 8080", "yes node1 -> client SCTP 9000", "yes node2 -> far TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task OtherNodesProcesses_AreJudgedByTheNodesAddress()
    {
        // On the segment its own, in the tunnel between segments that of its end there.
        var sources = await Task.WhenAll(PolicyLab.Families.Select(family => lab.OnNode(2).GetAsync(lab.Address("web", family), 8080, "/clientip", CancellationToken.None)));
        var nodes = string.Join(", ", sources.Select(static source => $"{{ipBlock: {{cidr: \"{source}/{(source.Contains(':', StringComparison.Ordinal) ? 128 : 32)}\"}}}}"));
        await using var policy = await lab.PolicyAsync("px", DenyAll);
        await lab.ExpectAsync("no host -> web TCP 8080", "no node2 -> web UDP 8080", "no node1 -> far TCP 8080");
        await using var fromNodes = await lab.PolicyAsync("px", $"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{nodes}]}}]}}");
        await lab.ExpectAsync("yes host -> web TCP 8080", "yes node2 -> web UDP 8080", "no outside -> web TCP 8080", "no far -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task Pod_AlwaysReachesItsOwnNode_AndItsDns()
    {
        var dns = await lab.Client.GetAsync(ApiResources.Services, "kube-system", "kube-dns", CancellationToken.None);
        lab.Name("dns", [.. dns.Texts("spec", "clusterIPs").Select(static text => IpAddress.Parse(text))], "node2");
        await using var policy = await lab.PolicyAsync("px", DenyAll);
        await lab.ExpectAsync("no far -> web TCP 8080", "yes far -> node2 TCP 8080", "yes far -> node2 UDP 8080", "yes far -> node2 TCP 9", "yes far -> dns TCP 53", "yes web -> node1 TCP 9", "no web -> node2 TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task PodsWayToItsOwnNode_IsJudged_WhereTheConfigWantsThat_AndDnsIsNot()
    {
        await using var policy = await lab.PolicyAsync("py", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8081}]}]}");
        await lab.ExpectAsync("no exempt -> node3 TCP 8080", "no exempt -> node3 UDP 8080", "yes exempt -> node3 TCP 8081", "yes exempt -> node3 TCP 53", "yes node3 -> exempt TCP 8080", "yes other -> node1 TCP 9", "no other -> web TCP 9");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task PodToItself_AlwaysPasses_ByItsAddressAndByAService()
    {
        var service = await ServiceAsync("self", "web");
        lab.Name("self", service, "web");
        await lab.ExpectAsync("yes web -> self TCP 80", "yes client -> self TCP 80");
        await using var policy = await lab.PolicyAsync("px", DenyAll);
        await lab.ExpectAsync("no client -> web TCP 8080", "yes web -> web TCP 8080", "yes web -> web UDP 8080", "yes web -> self TCP 80", "no client -> self TCP 80");
        await DeleteServiceAsync("self");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task Service_IsSeenThrough_ToTheEndpointsAddressAndPort()
    {
        var service = await ServiceAsync("web", "web");
        lab.Name("vip", service, "web");
        await lab.ExpectAsync("yes client -> vip TCP 80", "yes far -> vip UDP 53");
        await using var egress = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]}");
        await lab.ExpectAsync("yes client -> vip TCP 80", "yes far -> vip TCP 80", "no far -> vip UDP 53", "no client -> db TCP 8080");
        await egress.ReplaceAsync("{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]}");
        await lab.ExpectAsync("no client -> vip TCP 80", "no far -> vip TCP 80");
        await egress.ReplaceAsync($"{{podSelector: {{matchLabels: {{app: client}}}}, policyTypes: [Egress], egress: [{{to: [{string.Join(", ", service.Select(static address => $"{{ipBlock: {{cidr: \"{address}/{(address.Family == IpFamily.V6 ? 128 : 32)}\"}}}}"))}]}}]}}");
        await lab.ExpectAsync("no client -> vip TCP 80", "no far -> vip UDP 53");
        await DeleteServiceAsync("web");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task NodePort_IsJudgedByTheClient_OnTheNodeOfTheEndpoint()
    {
        await ServiceAsync("np", "web", "type: NodePort, externalTrafficPolicy: Local,");
        var port = (await lab.Client.GetAsync(ApiResources.Services, "px", "np", CancellationToken.None)).Maps("spec", "ports").First().Number("nodePort");
        lab.Name("np", [lab.Address("node1"), lab.Address("node1", IpFamily.V6)], "web");
        await lab.ExpectAsync($"yes outside -> np TCP {port}", $"yes client -> np TCP {port}");
        await using var policy = await lab.PolicyAsync("px", $"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{Blocks("outside")}], ports: [{{port: 8080}}]}}]}}");
        await lab.ExpectAsync($"yes outside -> np TCP {port}", $"no client -> np TCP {port}", $"yes node1 -> np TCP {port}", "no client -> web TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}");
        await lab.ExpectAsync($"no outside -> np TCP {port}", $"yes client -> np TCP {port}");
        await DeleteServiceAsync("np");
    }

    [Fact]
    [Conformance("policy", "Nodes")]
    public async Task NeighbourDiscovery_AlwaysPasses()
    {
        await using var policy = await lab.PolicyAsync("px", DenyAll);
        await lab.ExpectAsync("no far -> web TCP 8080");
        foreach (var place in (string[])["web", "node1"])
        {
            var flushed = await ProgramStart.RunAsync(lab.Place(place), ["ip", "neigh", "flush", "all"], null, "", CancellationToken.None);
            Assert.True(flushed.ExitCode == 0, flushed.Errors);
        }

        await lab.ExpectAsync("yes web -> node1 TCP 9", "yes node1 -> web TCP 8080");
    }

    private string Blocks(string place) =>
        string.Join(", ", PolicyLab.Families.Select(family => $"{{ipBlock: {{cidr: \"{lab.Address(place, family)}/{(family == IpFamily.V6 ? 128 : 32)}\"}}}}"));

    private async Task<IReadOnlyList<IpAddress>> ServiceAsync(string name, string app, string more = "")
    {
        await lab.CreateAllAsync("px", $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{{more} ipFamilyPolicy: RequireDualStack, selector: {{app: {app}}}, ports: [{{name: http, port: 80, targetPort: 8080}}, {{name: words, port: 53, targetPort: 8080, protocol: UDP}}]}}}}");
        var service = await lab.Client.GetAsync(ApiResources.Services, "px", name, CancellationToken.None);
        return [.. service.Texts("spec", "clusterIPs").Select(static text => IpAddress.Parse(text))];
    }

    private Task DeleteServiceAsync(string name) => lab.Client.EnsureDeletedAsync(ApiResources.Services, "px", name, null, CancellationToken.None);
}
