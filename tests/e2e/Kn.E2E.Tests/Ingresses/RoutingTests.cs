using System.Text.Json.Nodes;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>Which rule a request takes. Needs root.</summary>
[Collection(IngressGroup.Name)]
public sealed class RoutingTests(IngressLab lab)
{
    [Fact]
    [Conformance("ingress", "Hosts and paths")]
    public async Task ExactHost_ComesBeforeAWildcard_WhichStandsForOneLabel()
    {
        var host = lab.NewHost();
        await using var exact = await lab.IngressAsync(Rule($"x.{host}", "other"));
        await using var wildcard = await lab.IngressAsync(Rule($"'*.{host}'", "mirror"));
        await lab.ExpectAsync($"x.{host}", "/", "other");
        await lab.ExpectAsync($"y.{host}", "/", static answer => answer.Has("X-Backend: mirror"));
        Assert.Equal(404, (await lab.AskAsync($"z.y.{host}")).Status);
        Assert.Equal(404, (await lab.AskAsync(host)).Status);
        Assert.Equal("other", (await lab.AskAsync($"X.{host.ToUpperInvariant()}:8080", "/")).Body);
    }

    [Fact]
    [Conformance("ingress", "Hosts and paths")]
    public async Task Path_GoesByElements_ExactFirst_ThenTheLongestPrefix()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync($"rules: [{{host: {host}, http: {{paths: [{Path("/", "Prefix", "other")}, {Path("/a", "Prefix", "mirror")}, {Path("/a", "Exact", "empty")}]}}}}]");
        await lab.ExpectAsync(host, "/", "other");
        Assert.Equal(503, (await lab.AskAsync(host, "/a")).Status);
        Assert.StartsWith("GET /a/b?c=d ", (await lab.AskAsync(host, "/a/b?c=d")).Body, StringComparison.Ordinal);
        Assert.Equal(404, (await lab.AskAsync(host, "/ab")).Status);
        Assert.Equal("other", (await lab.AskAsync(host, "/hostname")).Body);
        Assert.Equal(404, (await lab.AskAsync(host, "/a%2Fb")).Status);
        Assert.Equal(400, (await lab.AskAsync(host, "/a/../b")).Status);
    }

    [Fact]
    [Conformance("ingress", "Hosts and paths")]
    public async Task PathOfTwoIngresses_IsTheOlders()
    {
        var host = lab.NewHost();
        await using var older = await lab.IngressAsync(Rule(host, "other"));
        await lab.ExpectAsync(host, "/", "other");

        // Ages have whole seconds.
        await Task.Delay(1100);
        await using var younger = await lab.IngressAsync(Rule(host, "mirror"));
        await using var seen = await lab.IngressAsync(Rule(lab.NewHost() is var last ? last : "", "other"));
        await lab.ExpectAsync(last, "/", "other");
        Assert.Equal("other", (await lab.AskAsync(host)).Body);
        await older.DisposeAsync();
        await lab.ExpectAsync(host, "/", static answer => answer.Has("X-Backend: mirror"));
    }

    [Fact]
    [Conformance("ingress", "Hosts and paths")]
    public async Task NoRule_Is404_AndTheDefaultBackendTakesTheRest()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync($"defaultBackend: {{service: {{name: other, port: {{number: 80}}}}}}, rules: [{{host: {host}, http: {{paths: [{Path("/a", "Prefix", "mirror")}]}}}}]");
        await lab.ExpectAsync(host, "/hostname", "other");
        Assert.Equal(404, (await lab.AskAsync("nobody.test")).Status);
        await using var all = await lab.IngressAsync("defaultBackend: {service: {name: mirror, port: {name: http}}}");
        await lab.ExpectAsync("nobody.test", "/", static answer => answer.Has("X-Backend: mirror"));
    }

    [Fact]
    [Conformance("ingress", "Classes")]
    public async Task IngressOfAnotherClass_IsLeftAlone_UntilItIsKns()
    {
        var host = lab.NewHost();
        await using var foreign = await lab.IngressAsync(Rule(host, "other"), className: "foreign");
        await using var mine = await lab.IngressAsync(Rule(lab.NewHost() is var own ? own : "", "other"));
        await lab.ExpectAsync(own, "/", "other");
        Assert.Equal(404, (await lab.AskAsync(host)).Status);
        await foreign.PatchAsync(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["kubernetes.io/ingress.class"] = "kn" } } });
        await lab.ExpectAsync(host, "/", "other");
    }

    [Fact]
    [Conformance("ingress", "Backends")]
    public async Task ServiceWithoutEndpoints_Is503_AndAPortHasANumberOrAName()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync($"rules: [{{host: {host}, http: {{paths: [{Path("/", "Prefix", "empty")}, {{path: /hostname, pathType: Exact, backend: {{service: {{name: other, port: {{name: http}}}}}}}}]}}}}]");
        await lab.ExpectAsync(host, "/hostname", "other");
        Assert.Equal(503, (await lab.AskAsync(host)).Status);
    }

    [Fact]
    [Conformance("ingress", "Backends")]
    public async Task EveryNode_ServesEveryIngress_ByPodsOfAllNodes()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "web"));
        await lab.ExpectAsync(host, "/", static answer => answer.Status == 200);
        foreach (var node in (int[])[1, 2])
        {
            var names = new HashSet<string>();
            await Framework.LabFixture.UntilAsync($"both pods answer by node{node}", async () =>
            {
                names.Add((await lab.AskNodeAsync(node, host, "/hostname")).Body);
                return names.IsSupersetOf(["a", "b"]);
            });
        }
    }

    [Fact]
    [Conformance("ingress", "Clients")]
    public async Task RequestId_IsMade_OrKept_AndTraceContextIsPassedOn()
    {
        const string Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"));
        await lab.ExpectAsync(host, "/", static answer => answer.Status == 200);
        Assert.Matches("id=[0-9a-f]{32} ", (await lab.AskAsync(host)).Body);
        Assert.Contains($"id=mine-1 trace={Trace}", (await lab.AskAsync(host, "/", "-H", "X-Request-ID: mine-1", "-H", $"traceparent: {Trace}")).Body, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "Clients")]
    public async Task Client_IsNamedToTheBackend_AndCannotNameItself()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"));
        await lab.ExpectAsync(host, "/", static answer => answer.Status == 200);
        Assert.Contains($" for={Services.ServicesLab.Outsider()} ", (await lab.AskAsync(host, "/", "-H", "X-Forwarded-For: 192.0.2.7")).Body, StringComparison.Ordinal);
    }

    /// <summary>A rule that sends all of a host to a Service.</summary>
    internal static string Rule(string host, string service) => $"rules: [{{host: {host}, http: {{paths: [{Path("/", "Prefix", service)}]}}}}]";

    /// <summary>A path.</summary>
    internal static string Path(string path, string type, string service) => $"{{path: '{path}', pathType: {type}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}";
}
