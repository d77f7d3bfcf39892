using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.E2E.Tests.Policies;

/// <summary>Whom a rule means. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class PeerTests(PolicyLab lab)
{
    [Fact]
    [Conformance("policy", "Peers")]
    public async Task RuleWithoutPeers_MeansEverybody_AndAListWithoutRulesNobody()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes outside -> web UDP 8080", "yes peer -> web SCTP 9000", "yes host -> web TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: []}");
        await lab.ExpectAsync("no client -> web TCP 8080", "no outside -> web UDP 8080", "no peer -> web SCTP 9000", "no host -> web TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: []}]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes outside -> web UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task PodSelector_MeansPodsOfThePolicysNamespace()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes far -> web SCTP 9000", "no peer -> web TCP 8080", "no other -> web UDP 8080", "no db -> web TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes db -> web UDP 8080", "no peer -> web TCP 8080", "no outside -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task NamespaceSelector_MeansAllPodsOfItsNamespaces()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: y}}}]}]}");
        await lab.ExpectAsync("yes other -> web TCP 8080", "yes peer -> web UDP 8080", "yes peer -> web SCTP 9000", "no client -> web TCP 8080", "no far -> web UDP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}}]}]}");
        await lab.ExpectAsync("yes other -> web TCP 8080", "yes client -> web TCP 8080", "yes far -> web UDP 8080", "no outside -> web TCP 8080", "no host -> web TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: py}}}]}]}");
        await lab.ExpectAsync("yes other -> web TCP 8080", "no client -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task BothSelectorsOfAPeer_MustHold_AndOneOfTwoPeers()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: y}}, podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes peer -> web TCP 8080", "no other -> web TCP 8080", "no client -> web TCP 8080", "no far -> web UDP 8080");
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: y}}}, {podSelector: {matchLabels: {app: client}}}]}]}");
        await lab.ExpectAsync("yes peer -> web TCP 8080", "yes other -> web TCP 8080", "yes client -> web TCP 8080", "yes far -> web UDP 8080", "no db -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task MatchExpressions_KnowInNotInExistsAndDoesNotExist()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [db, x]}]}}]}]}");
        await lab.ExpectAsync("yes db -> web TCP 8080", "no client -> web TCP 8080", "yes client -> db TCP 8080");
        await policy.ReplaceAsync("{podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [x]}]}}]}]}");
        await lab.ExpectAsync("no client -> db TCP 8080", "yes other -> db TCP 8080", "yes peer -> far UDP 8080", "yes client -> web TCP 8080", "no web -> client TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task IpBlock_MeansAddressesOutside_AndItsExceptsNot()
    {
        const string Spec = "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [V4]}}, {ipBlock: {cidr: \"::/0\", except: [\"V6\"]}}]}]}";
        var (v4, v6) = ($"{lab.Address("outside")}/32", $"{lab.Address("outside", Primitives.IpFamily.V6)}/128");
        await using var policy = await lab.PolicyAsync("px", Spec.Replace("V4", v4, StringComparison.Ordinal).Replace("V6", v6, StringComparison.Ordinal));
        await lab.ExpectAsync("no outside -> web TCP 8080", "no outside -> web UDP 8080", "no outside -> web SCTP 9000", "yes host -> web TCP 8080");
        await policy.ReplaceAsync($"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {v4}}}}}, {{ipBlock: {{cidr: \"{v6}\"}}}}]}}]}}");
        await lab.ExpectAsync("yes outside -> web TCP 8080", "yes outside -> web UDP 8080", "yes outside -> web SCTP 9000", "no client -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task OverlappingIpBlocks_MakeAUnion_AlsoWhereOneExceptsWhatTheOtherAllows()
    {
        var (v4, v6) = ($"{lab.Address("outside")}/32", $"{lab.Address("outside", Primitives.IpFamily.V6)}/128");
        var ports = "ports: [{port: 8080}]";
        await using var policy = await lab.PolicyAsync(
            "px",
            $"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{{ipBlock: {{cidr: 0.0.0.0/0, except: [{v4}]}}}}, {{ipBlock: {{cidr: \"::/0\", except: [\"{v6}\"]}}}}]}}, {{from: [{{ipBlock: {{cidr: {v4}}}}}, {{ipBlock: {{cidr: \"{v6}\"}}}}], {ports}}}]}}");
        await lab.ExpectAsync("yes outside -> web TCP 8080", "no outside -> web TCP 8081", "no outside -> web UDP 8080", "yes client -> web TCP 8081");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task IpBlock_MeansPodsToo()
    {
        await using var policy = await lab.PolicyAsync("px", $"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{{ipBlock: {{cidr: {lab.Address("other")}/32}}}}, {{ipBlock: {{cidr: \"{lab.Address("other", Primitives.IpFamily.V6)}/128\"}}}}]}}]}}");
        await lab.ExpectAsync("yes other -> web TCP 8080", "yes other -> web SCTP 9000", "no peer -> web TCP 8080", "no client -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task Egress_KnowsTheSamePeers()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}, {to: [{namespaceSelector: {matchLabels: {team: y}}, podSelector: {matchLabels: {app: client}}}], ports: [{port: 8081, protocol: UDP}]}]}");
        await lab.ExpectAsync(
            "yes client -> web TCP 8080", "yes far -> web SCTP 9000", "no client -> db TCP 8080", "no far -> db UDP 8080", "no far -> db SCTP 9000",
            "yes client -> peer UDP 8081", "yes far -> peer UDP 8081", "no client -> peer TCP 8081", "no far -> other UDP 8081", "no client -> outside TCP 9");
        await policy.ReplaceAsync($"{{podSelector: {{matchLabels: {{app: client}}}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {lab.Address("outside")}/32}}}}, {{ipBlock: {{cidr: \"{lab.Address("outside", Primitives.IpFamily.V6)}/128\"}}}}]}}]}}");
        await lab.ExpectAsync("yes client -> outside TCP 9", "no client -> web TCP 8080", "no far -> web TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Peers")]
    public async Task PodOfTheNodesNetwork_IsNeitherSelected_NorMatchedBySelectors()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Ingress, Egress]}");
        await lab.ExpectAsync("yes web -> host TCP 8080", "yes host -> web TCP 8080", "yes host -> other UDP 8080", "no web -> far TCP 8080", "no far -> web TCP 8080");
        await using var clients = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}, {namespaceSelector: {}}]}]}");
        await lab.ExpectAsync("no host -> web TCP 8080", "yes other -> web TCP 8080");
    }

    /// <summary>Pods that the API has and nobody runs, with the address of the host outside: so that a peer can finish, and one that is not known stays out.</summary>
    [Fact]
    [Conformance("policy", "Peers")]
    public async Task PeerThatIsNotKnown_IsNeverLetIn_AndOneThatHasFinishedNoLonger()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: ghost}}}, {namespaceSelector: {matchLabels: {ghosts: 'yes'}}}]}]}");
        await lab.ExpectAsync("no outside -> web TCP 8080", "no client -> web TCP 8080");
        try
        {
            await lab.CreateAllAsync("px", "{apiVersion: v1, kind: Pod, metadata: {name: ghost, labels: {app: ghost}}, spec: {nodeName: nowhere, containers: [{name: e, image: echo}]}}");
            await SetStatusAsync("Running");
            await lab.ExpectAsync("yes outside -> web TCP 8080", "yes outside -> web UDP 8080");
            await SetStatusAsync("Succeeded");
            await lab.ExpectAsync("no outside -> web TCP 8080", "no outside -> web UDP 8080");
        }
        finally
        {
            await lab.Client.EnsureDeletedAsync(ApiResources.Pods, "px", "ghost", new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
        }
    }

    private Task SetStatusAsync(string phase) => lab.Client.PatchAsync(
        ApiResources.Pods, "px", "ghost", "status",
        JsonNode.Parse($$$"""{"status":{"phase":"{{{phase}}}","podIP":"{{{lab.Address("outside")}}}","podIPs":[{"ip":"{{{lab.Address("outside")}}}"},{"ip":"{{{lab.Address("outside", Primitives.IpFamily.V6)}}}"}]}}""")!,
        PatchKind.Merge,
        CancellationToken.None);
}
