using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Explaining;
using Kn.Primitives;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

public sealed class ExplainTests
{
    [Fact]
    public void Words_NamePolicyAndRule()
    {
        var text = Explain("10.0.1.3", "10.0.1.1", 80, PolicyOf("a/web", """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"from":[{"podSelector":{}}]},{"ports":[{"port":80}]}]}"""), PolicyOf("b/out", """{"podSelector":{},"policyTypes":["Egress"]}"""));
        Assert.Equal(
            """
            denied: 10.0.1.3 to 10.0.1.1, TCP port 80
              egress: denied: pod b/client is isolated by policy b/out, and no egress rule allows this
              ingress: allowed by policy a/web, ingress rule 2

            """,
            text);
    }

    [Fact]
    public void Words_SayWhyNothingApplies()
    {
        Assert.Equal(
            """
            allowed: 192.168.0.1 to 10.0.1.1, TCP port 80
              egress: allowed, as this end is no pod that policies can select
              ingress: allowed, as the other end is the node of pod a/web

            """,
            Explain("192.168.0.1", "10.0.1.1", 80, PolicyOf("a/deny", """{"podSelector":{}}""")));
        Assert.Contains("egress: allowed, as no policy selects pod a/client for egress", Explain("10.0.1.2", "10.0.1.1", 80), StringComparison.Ordinal);
        Assert.Contains("allowed, as pod a/web talks to itself", Explain("10.0.1.1", "10.0.1.1", 80), StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultDeny_IsNamed()
    {
        var explainer = new PolicyExplainer(ClusterSnapshot.Of(Cases.BaseObjects), new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = true } });
        var text = explainer.Explain(new FlowQuestion(IpAddress.Parse("203.0.113.5"), IpAddress.Parse("10.0.1.1"), null, 0)).ToString();
        Assert.Contains("no port", text, StringComparison.Ordinal);
        Assert.Contains("isolated by the default of its namespace, and no ingress rule allows this", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/client", "b/web:8080", "10.0.1.2 > 10.0.2.2 Tcp 8080; fd00:10:1::2 > fd00:10:2::2 Tcp 8080")]
    [InlineData("b/v4", "a/web:53/udp", "10.0.1.4 > 10.0.1.1 Udp 53")]
    [InlineData("192.0.2.7", "a/web", "192.0.2.7 > 10.0.1.1  0")]
    [InlineData("a/web", "[2001:db8::9]:443/sctp", "fd00:10:1::1 > 2001:db8::9 Sctp 443")]
    [InlineData("a/web", "2001:db8::9", "fd00:10:1::1 > 2001:db8::9  0")]
    [InlineData("a/web", "192.0.2.1:80", "10.0.1.1 > 192.0.2.1 Tcp 80")]
    public void Request_IsRead(string source, string destination, string expected)
    {
        Assert.Null(ExplainRequest.Parse(ClusterSnapshot.Of(Cases.BaseObjects), source, destination, out var questions));
        Assert.Equal(expected, string.Join("; ", questions.Select(static question => $"{question.Source} > {question.Destination} {question.Protocol} {question.Port}")));
    }

    [Theory]
    [InlineData("a/none", "b/web:80", "there is no pod a/none")]
    [InlineData("web", "b/web:80", "'web' is neither an address nor NAMESPACE/POD")]
    [InlineData("a/web", "b/web:http", "'http' is not a port")]
    [InlineData("a/web", "b/web:70000", "'70000' is not a port")]
    [InlineData("a/web", "b/web:80/icmp", "'b/web:80/icmp' does not end in /tcp, /udp or /sctp")]
    [InlineData("b/v4", "2001:db8::9", "'b/v4' and '2001:db8::9' have no address family in common")]
    [InlineData("a/web", "b/", "'b/' is neither an address nor NAMESPACE/POD")]
    public void WrongRequest_IsToldWhatIsWrong(string source, string destination, string fault) =>
        Assert.Equal(fault, ExplainRequest.Parse(ClusterSnapshot.Of(Cases.BaseObjects), source, destination, out _));

    private static string Explain(string source, string destination, ushort port, params NetworkPolicy[] policies) =>
        new PolicyExplainer(ClusterSnapshot.Of(Cases.BaseObjects.Concat(policies)), new PolicyOptions())
            .Explain(new FlowQuestion(IpAddress.Parse(source), IpAddress.Parse(destination), Kubernetes.Objects.IpProtocol.Tcp, port)).ToString();
}
