using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Policy.Drops;
using Kn.Policy.Explaining;
using Kn.Policy.Inspection;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
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
    [InlineData("c/none", "b/web:80", "there is no pod c/none, and no namespace c")]
    [InlineData("web", "b/web:80", "'web' is a pod in several namespaces; say which: a/web, b/web")]
    [InlineData("nobody", "b/web:80", "'nobody' is neither an address nor a pod of any namespace; pods are named NAMESPACE/POD")]
    [InlineData("a/web", "b/web:none", "pod b/web has no port named 'none': there are http")]
    [InlineData("a/web", "203.0.113.5:http", "'http' is the name of a port, and '203.0.113.5' is no pod that could have one: give the number")]
    [InlineData("a/web", "b/web:", "'b/web:' has no port after the colon")]
    [InlineData("a/web", "b/web:0", "'0' is not a port: 1 to 65535, or a name that the pod gives one")]
    [InlineData("a/web", "b/web:70000", "'70000' is not a port: 1 to 65535, or a name that the pod gives one")]
    [InlineData("a/web", "svc/a/none:80", "there is no Service a/none")]
    [InlineData("a/web", "svc/a/web", "say which port of Service a/web is meant: there are 80/tcp (http), 53/udp (dns)")]
    [InlineData("a/web", "svc/a/web:81", "say which port of Service a/web is meant: there are 80/tcp (http), 53/udp (dns)")]
    [InlineData("a/web", "svc/a/web:53/udp", "Service a/web has no endpoint for port 53: no pod that it selects is ready")]
    [InlineData("a/web", "b/web:80/icmp", "'b/web:80/icmp' does not end in /tcp, /udp or /sctp")]
    [InlineData("b/v4", "2001:db8::9", "'b/v4' and '2001:db8::9' have no address family in common")]
    [InlineData("a/web", "b/", "'b/' is neither an address nor NAMESPACE/POD")]
    public void WrongRequest_IsToldWhatIsWrong(string source, string destination, string fault) =>
        Assert.Equal(fault, ExplainRequest.Parse(ClusterSnapshot.Of(Cases.BaseObjects.Concat(WebService)), source, destination, out _));

    [Theory]
    [InlineData("svc/a/web:80")]
    [InlineData("svc/a/web:http")]
    [InlineData("10.96.0.1:80")]
    [InlineData("svc/a/web:80/tcp")]
    public void Service_IsItsEndpoints(string destination)
    {
        Assert.Null(ExplainRequest.Parse(ClusterSnapshot.Of(Cases.BaseObjects.Concat(WebService)), "a/client", destination, out var questions));
        Assert.Equal("10.0.1.1:8080, 10.0.2.2:8080", string.Join(", ", questions.Select(static item => $"{item.Destination}:{item.Port}")));
    }

    [Fact]
    public void PodWithoutAddress_AndPodByItsNameAlone()
    {
        var cluster = ClusterSnapshot.Of(Cases.BaseObjects.Append(Pod("a/new", "n1", "") with { Phase = "Pending" }));
        Assert.Equal("pod a/new has no address yet (it is Pending): ask again when it runs, or ask for an address", ExplainRequest.Parse(cluster, "new", "a/web:80", out _));
        Assert.Null(ExplainRequest.Parse(cluster, "v4", "b/web:http", out var questions));
        Assert.Equal(("10.0.1.4", "10.0.2.2", (ushort)8080), (questions[0].Source.ToString(), questions[0].Destination.ToString(), questions[0].Port));
    }

    [Fact]
    public async Task Report_SaysWhatTheWordsSay()
    {
        var cluster = ClusterSnapshot.Of(Cases.BaseObjects.Append(PolicyOf("a/web", """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"ports":[{"port":81}]},{"ports":[{"port":80}]}]}""")));
        var inspector = new PolicyInspector(() => cluster, new PolicyOptions(), new DropFeed(() => throw new NotSupportedException(), static _ => null, new PolicyMetrics(new MetricRegistry()), NullLogger.Instance), notLogged: "no NFLOG");
        var answer = await inspector.HandleAsync(Ask((PolicyVerb.Action, PolicyVerb.Explain), (PolicyVerb.Source, "a/client"), (PolicyVerb.Destination, "10.0.1.1:80")), default);
        var report = JsonSerializer.Deserialize(answer.Body.Span, PolicyReportJson.Default.PolicyExplainReport)!;
        var verdict = Assert.Single(report.Connections);
        Assert.True(report.Allowed && verdict.Allowed);
        Assert.Equal(("a/client", "a/web", 80, "TCP"), (verdict.Source.Pod, verdict.Destination.Pod, verdict.Destination.Port, verdict.Protocol));
        Assert.Equal(("notIsolated", "rule", "allowed by policy a/web, ingress rule 2"), (verdict.Egress.Cause, verdict.Ingress.Cause, verdict.Ingress.Words));
        Assert.Equal(("a/web", "a/web", 2), (verdict.Ingress.IsolatedBy[0], verdict.Ingress.AllowedBy[0].Policy, verdict.Ingress.AllowedBy[0].Rule));
        Assert.Equal(PolicyVerb.BadQuestion, (await inspector.HandleAsync(Ask((PolicyVerb.Action, PolicyVerb.Explain)), default)).ExitCode);
        Assert.Equal(PolicyVerb.BadQuestion, (await inspector.HandleAsync(Ask((PolicyVerb.Action, "dance")), default)).ExitCode);
        var drops = await inspector.HandleAsync(Ask((PolicyVerb.Action, PolicyVerb.Drops)), default);
        Assert.Equal((PolicyVerb.Failed, null), (drops.ExitCode, drops.Pieces));
        Assert.Contains("not logged: no NFLOG; they are counted still", Encoding.UTF8.GetString(drops.Body.Span), StringComparison.Ordinal);
    }

    private static KubernetesObject[] WebService =>
    [
        new Service
        {
            Metadata = new ObjectMeta { Namespace = "a", Name = "web" },
            ClusterIps = [IpAddress.Parse("10.96.0.1")],
            Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 0), new ServicePort("dns", IpProtocol.Udp, 53, 0)],
        },
        new EndpointSlice
        {
            Metadata = new ObjectMeta { Namespace = "a", Name = "web-1" },
            ServiceName = "web",
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
            Endpoints =
            [
                new Endpoint { Address = IpAddress.Parse("10.0.1.1") },
                new Endpoint { Address = IpAddress.Parse("10.0.2.2") },
                new Endpoint { Address = IpAddress.Parse("10.0.2.3"), Ready = false, Terminating = true },
            ],
        },
    ];

    private static ControlRequest Ask(params (string Name, string Value)[] arguments) =>
        new(PolicyVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), default);

    private static string Explain(string source, string destination, ushort port, params NetworkPolicy[] policies) =>
        new PolicyExplainer(ClusterSnapshot.Of(Cases.BaseObjects.Concat(policies)), new PolicyOptions())
            .Explain(new FlowQuestion(IpAddress.Parse(source), IpAddress.Parse(destination), Kubernetes.Objects.IpProtocol.Tcp, port)).ToString();
}
