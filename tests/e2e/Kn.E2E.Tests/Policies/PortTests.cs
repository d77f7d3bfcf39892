namespace Kn.E2E.Tests.Policies;

/// <summary>Which ports a rule means. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class PortTests(PolicyLab lab)
{
    [Fact]
    [Conformance("policy", "Ports")]
    public async Task PortWithoutProtocol_IsOfTcp()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{port: 8080}"));
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes far -> web TCP 8080", "no client -> web TCP 8081", "no client -> web UDP 8080", "no far -> web SCTP 8080");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task PortOfUdp_IsOfNoOtherProtocol()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{port: 8081, protocol: UDP}"));
        await lab.ExpectAsync("yes client -> web UDP 8081", "yes far -> web UDP 8081", "no client -> web UDP 8080", "no far -> web TCP 8081", "no client -> web SCTP 8081");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task PortOfSctp_NeverOpensTcp_AndIsolates()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{port: 9000, protocol: SCTP}"));
        await lab.ExpectAsync("yes client -> web SCTP 9000", "yes far -> web SCTP 9000", "yes outside -> web SCTP 9000", "no client -> web SCTP 9001", "no client -> web TCP 9000", "no far -> web TCP 8080", "no far -> web UDP 8080");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task ProtocolWithoutPort_IsAllItsPorts()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{protocol: UDP}, {protocol: SCTP}"));
        await lab.ExpectAsync("yes client -> web UDP 8080", "yes far -> web UDP 8081", "yes far -> web SCTP 9", "yes client -> web SCTP 65535", "no client -> web TCP 8080", "no far -> web TCP 9");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task EndPort_IsARange_WithBothItsEnds()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{port: 8070, endPort: 8080}, {port: 20000, endPort: 30000}, {port: 9000, endPort: 9001, protocol: SCTP}, {port: 8080, endPort: 8080, protocol: UDP}"));
        await lab.ExpectAsync(
            "yes client -> web TCP 8070", "yes far -> web TCP 8080", "no client -> web TCP 8081", "no far -> web TCP 8069",
            "yes far -> web TCP 20000", "yes client -> web TCP 30000", "no client -> web TCP 30001", "no far -> web TCP 19999",
            "yes far -> web SCTP 9001", "no far -> web SCTP 9002", "yes client -> web UDP 8080", "no client -> web UDP 8081");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task NamedPortOfIngress_IsEachSelectedPodsOwn()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}, ingress: [{ports: [{port: http}, {port: uhttp, protocol: UDP}, {port: sctp, protocol: SCTP}]}]}");
        await lab.ExpectAsync(
            "yes client -> web TCP 8080", "no client -> web TCP 8081", "no far -> db TCP 8080", "yes far -> db TCP 8081",
            "yes client -> web UDP 8080", "no far -> web UDP 8081", "no client -> db UDP 8080", "yes client -> db UDP 8081", "yes far -> web SCTP 9000", "no far -> web SCTP 9001");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task NamedPortOfEgress_IsTheReceivingPodsOwn()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: http}]}]}");
        await lab.ExpectAsync(
            "yes client -> web TCP 8080", "no client -> web TCP 8081", "no client -> db TCP 8080", "yes client -> db TCP 8081",
            "yes far -> web TCP 8080", "no far -> db TCP 8080", "yes far -> db TCP 8081", "no far -> web UDP 8080", "no client -> other TCP 8080");
    }

    [Fact]
    [Conformance("policy", "Ports")]
    public async Task NameThatThePodsPortHasInAnotherProtocol_AllowsNothing()
    {
        await using var policy = await lab.PolicyAsync("px", Ingress("{port: uhttp}, {port: nothing}, {port: http, protocol: SCTP}"));
        await lab.ExpectAsync("no client -> web TCP 8080", "no far -> web UDP 8080", "no client -> web SCTP 8080", "yes client -> db TCP 8080");
    }

    private static string Ingress(string ports) => $"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{ports: [{ports}]}}]}}";
}
