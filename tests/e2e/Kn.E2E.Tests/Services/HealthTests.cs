using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>What load balancers are answered, byte by byte as kube-proxy does. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class HealthTests(ServicesLab lab)
{
    private const int Healthz = 10256;
    private const string Balanced = "type: LoadBalancer, externalTrafficPolicy: Local";

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_WithLocalEndpoints_Answers200AndHowMany_InEachFamily()
    {
        await using var web = await lab.ServiceAsync(Balanced);
        await web.ServeAsync("a", "client1", "b");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            await AnswersAsync(1, web, "200 OK", family);
            var (head, body) = await AskAsync(lab.Node(1, family), PortOf(web), "/anything");
            Assert.Equal($"{{\n\t\"service\": {{\n\t\t\"namespace\": \"{ServicesLab.Space}\",\n\t\t\"name\": \"{web.Name}\"\n\t}},\n\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}}", body);
            Assert.Contains("Content-Type: application/json", head);
            Assert.Contains("X-Content-Type-Options: nosniff", head);
            Assert.Contains("X-Load-Balancing-Endpoint-Weight: 2", head);
        }
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_WithoutReadyLocalEndpoint_Answers503_AndFollowsTheEndpoints()
    {
        await using var web = await lab.ServiceAsync(Balanced);
        await web.ServeAsync("a");
        await AnswersAsync(1, web, "200 OK");
        await AnswersAsync(3, web, "503 Service Unavailable");
        await web.ServeStatesAsync([TestEndpoint.Leaving("a"), new("c")]);
        await AnswersAsync(1, web, "503 Service Unavailable");
        await AnswersAsync(3, web, "200 OK");
        Assert.Contains("\"localEndpoints\": 0", (await AskAsync(lab.Node(1), PortOf(web), "/")).Body, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_ThatChanges_ClosesTheOldOneAndOpensTheNew()
    {
        await using var web = await lab.ServiceAsync(Balanced);
        await web.ServeAsync("a");
        await AnswersAsync(1, web, "200 OK");
        var old = PortOf(web);
        await web.PatchAsync("""{"spec":{"externalTrafficPolicy":"Cluster"}}""");
        await LabFixture.UntilAsync("policy Cluster has no health check", async () => await lab.From("outside").GetAsync(lab.Node(1), old) == RealClient.Refused);
        await web.PatchAsync("""{"spec":{"externalTrafficPolicy":"Local","healthCheckNodePort":32123}}""");
        Assert.Equal(32123, PortOf(web));
        await AnswersAsync(1, web, "200 OK");
        await web.DisposeAsync();
        await LabFixture.UntilAsync("nor has a Service that is gone", async () => await lab.From("outside").GetAsync(lab.Node(1), 32123) == RealClient.Refused);
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task HealthCheckNodePort_ThatIsTaken_IsAWarningEvent_AndIsOpenedOnceItIsFree()
    {
        await using var other = lab.From("node1").Start("nc", "-l", "-k", "-n", "0.0.0.0", "32124");
        await LabFixture.UntilAsync("the port is taken", async () => (await lab.RunAsync("node1", "ss", "-ltn")).Contains(":32124", StringComparison.Ordinal));
        await using var web = await lab.ServiceAsync(Balanced + ", healthCheckNodePort: 32124");
        await web.ServeAsync("a");
        await LabFixture.UntilAsync("a Warning", async () => (await lab.Client.ListAsync(ApiResources.Events, ServicesLab.Space, null, CancellationToken.None)).Items.Any(item =>
            item.Text("type") == "Warning" && item.Text("reason") == "FailedToStartServiceHealthcheck" && (item.Text("involvedObject", "name") ?? item.Text("regarding", "name")) == web.Name));
        await other.DisposeAsync();
        await AnswersAsync(1, web, "200 OK");
    }

    [Fact]
    [Conformance("services", "Health checks")]
    public async Task Healthz_IsNotOk_OnANodeThatGoes_AndLivezIs()
    {
        var (head, body) = await AskAsync(lab.Node(2), Healthz, "/healthz");
        Assert.Equal("HTTP/1.1 200 OK", head[0]);
        Assert.Matches("""^\{"lastUpdated": "\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \+0000 UTC","currentTime": "[^"]+", "nodeEligible": true\}$""", body);
        Assert.DoesNotContain(head, static line => line.StartsWith("X-Load-Balancing", StringComparison.Ordinal));
        await TaintAsync("""[{"key":"ToBeDeletedByClusterAutoscaler","effect":"NoSchedule"}]""");
        try
        {
            await LabFixture.UntilAsync("a node that is to go is not eligible", async () => (await AskAsync(lab.Node(2), Healthz, "/healthz")).Head[0] == "HTTP/1.1 503 Service Unavailable");
            var (livez, lives) = await AskAsync(lab.Node(2), Healthz, "/livez");
            Assert.Equal("HTTP/1.1 200 OK", livez[0]);
            Assert.Matches("""^\{"lastUpdated": "[^"]+","currentTime": "[^"]+"\}$""", lives);
        }
        finally
        {
            await TaintAsync("null");
        }

        await LabFixture.UntilAsync("eligible again", async () => (await AskAsync(lab.Node(2), Healthz, "/healthz")).Head[0] == "HTTP/1.1 200 OK");
        Assert.Equal("HTTP/1.1 404 Not Found", (await AskAsync(lab.Node(2), Healthz, "/metrics")).Head[0]);
    }

    private static int PortOf(TestService service) => (int)(service.Object.Number("spec", "healthCheckNodePort") ?? 0);

    private Task AnswersAsync(int node, TestService service, string status, IpFamily family = IpFamily.V4) => LabFixture.UntilAsync(
        $"node{node} says {status}", async () => (await AskAsync(lab.Node(node, family), PortOf(service), "/")).Head[0] == $"HTTP/1.1 {status}");

    private async Task<(string[] Head, string Body)> AskAsync(IpAddress address, int port, string path)
    {
        var text = await lab.From("outside").GetAsync(address, port, path, "-i");
        var split = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return split < 0 ? ([text], "") : (text[..split].Split("\r\n"), text[(split + 4)..]);
    }

    private Task TaintAsync(string taints) => lab.Client.PatchAsync(
        ApiResources.Nodes, null, "node2", null, System.Text.Json.Nodes.JsonNode.Parse($"{{\"spec\":{{\"taints\":{taints}}}}}")!, PatchKind.Merge, CancellationToken.None);
}
