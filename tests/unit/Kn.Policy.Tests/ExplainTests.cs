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

    private static string Explain(string source, string destination, ushort port, params NetworkPolicy[] policies) =>
        new PolicyExplainer(ClusterSnapshot.Of(Cases.BaseObjects.Concat(policies)), new PolicyOptions())
            .Explain(new FlowQuestion(IpAddress.Parse(source), IpAddress.Parse(destination), Kubernetes.Objects.IpProtocol.Tcp, port)).ToString();
}
