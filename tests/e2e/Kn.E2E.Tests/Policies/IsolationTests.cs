namespace Kn.E2E.Tests.Policies;

/// <summary>Whom policies isolate, and in which direction. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class IsolationTests(PolicyLab lab)
{
    private static readonly string[] Protocols = ["TCP 8080", "UDP 8080", "SCTP 9000"];

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task PodThatNoPolicySelects_IsOpen()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress, Egress]}");
        await lab.ExpectAsync([.. Protocols.SelectMany(static protocol => new[] { $"yes other -> web {protocol}", $"yes far -> web {protocol}", $"yes web -> peer {protocol}", $"yes outside -> web {protocol}" })]);
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task PolicyWithoutTypesAndRules_IsolatesForIngressOnly()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}}");
        await lab.ExpectAsync([
            .. Protocols.SelectMany(static protocol => new[] { $"no client -> web {protocol}", $"no far -> web {protocol}", $"no outside -> web {protocol}" }),
            .. Protocols.SelectMany(static protocol => new[] { $"yes web -> client {protocol}", $"yes web -> peer {protocol}", $"yes client -> db {protocol}" })]);
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task TypesThatAreNotSaid_AreIngress_AndEgressWhereThereAreEgressRules()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}");
        await lab.ExpectAsync("no client -> web TCP 8080", "yes web -> db TCP 8080", "no web -> client TCP 8080", "no web -> peer UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task TypeEgressAlone_LeavesIngressOpen()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}");
        await lab.ExpectAsync([.. Protocols.SelectMany(static protocol => new[] { $"no web -> client {protocol}", $"no web -> peer {protocol}", $"yes client -> web {protocol}", $"yes far -> web {protocol}" })]);
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task TypeIngressAlone_IgnoresEgressRules()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}");
        await lab.ExpectAsync("no client -> web TCP 8080", "yes web -> client TCP 8080", "yes web -> peer TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task EmptyPodSelector_SelectsEveryPodOfItsNamespace_AndNoOther()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {}}");
        await lab.ExpectAsync("no other -> web TCP 8080", "no other -> db UDP 8080", "no peer -> far TCP 8080", "no client -> far TCP 8080", "yes web -> other TCP 8080", "yes far -> peer UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task PoliciesOfAPod_MakeAUnion()
    {
        await using var none = await lab.PolicyAsync("px", "{podSelector: {}}");
        await using var fromClients = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 8080}]}]}");
        await using var fromPy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {tier: front}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: y}}}], ports: [{port: 8081}]}]}");
        await lab.ExpectAsync(
            "yes client -> web TCP 8080", "no client -> web TCP 8081", "yes far -> web TCP 8080",
            "yes other -> web TCP 8081", "no other -> web TCP 8080", "yes peer -> web TCP 8081",
            "no db -> web TCP 8080", "no client -> db TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task BothEnds_MustAllow()
    {
        await using var ingress = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}");
        await using var egress = await lab.PolicyAsync("py", "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 8080}, {port: 8081}]}]}");
        await lab.ExpectAsync(
            "yes other -> web TCP 8080", "no other -> web TCP 8081", "yes other -> db TCP 8081", "no other -> db TCP 9",
            "yes peer -> web TCP 8080", "no peer -> web TCP 8081", "no peer -> web UDP 8080", "yes client -> db TCP 9");
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task AnnotationOfOld_DeniesIngressToAllPodsOfItsNamespace()
    {
        const string Annotation = "net.beta.kubernetes.io/network-policy";
        try
        {
            await lab.AnnotateNamespaceAsync("py", Annotation, """{"ingress":{"isolation":"DefaultDeny"}}""");
            await lab.ExpectAsync("no client -> other TCP 8080", "no far -> peer UDP 8080", "yes other -> client TCP 8080", "yes other -> far TCP 8080");
            await using var policy = await lab.PolicyAsync("py", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}]}");
            await lab.ExpectAsync("yes client -> other TCP 8080", "no client -> other TCP 8081", "no outside -> other TCP 8080");
            await policy.DeleteAsync();
        }
        finally
        {
            await lab.AnnotateNamespaceAsync("py", Annotation, null);
            await lab.AllOpenAsync();
        }
    }

    [Fact]
    [Conformance("policy", "Isolation")]
    public async Task DefaultDenyOfTheConfig_IsolatesPodsWithoutPolicies_ButThoseOfExemptNamespaces()
    {
        await lab.ExpectAsync("no far -> strict TCP 8080", "no strict -> far UDP 8080", "no strict -> web SCTP 9000", "yes peer -> exempt TCP 8080", "yes exempt -> peer TCP 8080", "yes node3 -> strict TCP 8080");
        await using (var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: strict}}, ingress: [{from: [{podSelector: {}}]}]}"))
        {
            await lab.ExpectAsync("yes far -> strict TCP 8080", "yes web -> strict UDP 8080", "no other -> strict TCP 8080", "no strict -> far TCP 8080");
        }

        await lab.ExpectAsync("no far -> strict TCP 8080");
    }
}
