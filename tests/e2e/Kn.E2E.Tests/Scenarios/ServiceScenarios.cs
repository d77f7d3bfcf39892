using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Lab.Underlay;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>The Service API end to end: objects in the API server, clients in pods, on nodes and outside.</summary>
public abstract class ServiceScenarios(LabFixture lab)
{
    private const int HealthPort = 10256;
    private static readonly CancellationToken Never = CancellationToken.None;

    [Scenario]
    public async Task ExternalTrafficPolicyLocal_KeepsTheClientsAddress_OnNodesWithEndpointsOnly()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.ServiceAsync("web", "NodePort", "externalTrafficPolicy: Local,");
        var port = await NodePortAsync(space, "web");
        foreach (var (here, there) in lab.Status.Nodes[0].Addresses.Zip(lab.Status.Nodes[1].Addresses))
        {
            var address = IpAddress.Parse(here);
            var own = UnderlayPlan.Outside.First(candidate => candidate.Family == address.Family).ToString();
            await EventuallyAsync($"the client's address at {here}", own, () => lab.Outside().GetAsync(address, port, "/clientip", Never));
            // Another node, which may be a moment behind.
            await EventuallyAsync($"{there} is silent", "no answer in time", () => SayAsync(() => lab.Outside().GetAsync(IpAddress.Parse(there), port, "/clientip", Never)));
            Assert.Equal("a", await lab.OnNode(2).GetAsync(IpAddress.Parse(there), port, "/hostname", Never));
        }
    }

    [Scenario]
    public async Task InternalTrafficPolicyLocal_LeadsToEndpointsOfTheClientsNode()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.EchoPodAsync("b", "node2", "{app: web}");
        await space.EchoPodAsync("client", "node2");
        await space.EchoPodAsync("lonely", "node3");
        foreach (var address in await space.ServiceAsync("web", more: "internalTrafficPolicy: Local,"))
        {
            await EventuallyAsync($"{address} is served", "b", () => Client(space).GetAsync(address, 80, "/hostname", Never));
            Assert.Equal(["b"], await NamesAsync(Client(space), address, 80));
            await EventuallyAsync("a node without an endpoint is silent", "no answer in time", () => SayAsync(() => lab.InPod(space.Name, "lonely").GetAsync(address, 80, "/hostname", Never)));
        }
    }

    [Scenario]
    public async Task SessionAffinity_KeepsAClientAtItsEndpoint_UntilThatIsGone()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        foreach (var (name, node) in ((string, string)[])[("a", "node1"), ("b", "node2"), ("c", "node3")])
        {
            await space.EchoPodAsync(name, node, "{app: web}");
        }

        await space.EchoPodAsync("client", "node1");
        var address = (await space.ServiceAsync("web", more: "sessionAffinity: ClientIP,"))[0];
        await LabFixture.UntilAsync("served", async () => await SayAsync(() => Client(space).GetAsync(address, 80, "/hostname", Never)) is "a" or "b" or "c");
        var first = Assert.Single(await NamesAsync(Client(space), address, 80));
        await space.DeletePodAsync(first);
        await LabFixture.UntilAsync("the client moved", async () => !(await NamesAsync(Client(space), address, 80)).Contains(first));
        Assert.Single(await NamesAsync(Client(space), address, 80));
    }

    [Scenario]
    public async Task LoadBalancer_AnswersHealthChecks_OnNodesWithEndpoints_AndServesItsAddressWithinSourceRanges()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var client = DemoCluster.AddressesOf(await space.EchoPodAsync("client", "node2"));
        await space.EchoPodAsync("stranger", "node2");
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.ServiceAsync("web", "LoadBalancer", $"externalTrafficPolicy: Local, loadBalancerSourceRanges: [\"{client[0]}/32\"],");
        var balancer = IpAddress.Parse("203.0.113.77");
        await PatchAsync(space, "web", "status", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.77"}]}}}""");
        await EventuallyAsync("the balancer's address from a permitted pod", "a", () => Client(space).GetAsync(balancer, 80, "/hostname", Never));
        Assert.Equal("no answer in time", await SayAsync(() => lab.InPod(space.Name, "stranger").GetAsync(balancer, 80, "/hostname", Never)));
        var health = (int)(await lab.Client.GetAsync(ApiResources.Services, space.Name, "web", Never))["spec"]!["healthCheckNodePort"]!;
        var (with, without) = (IpAddress.Parse(lab.Status.Nodes[0].Addresses[0]), IpAddress.Parse(lab.Status.Nodes[1].Addresses[0]));
        await LabFixture.UntilAsync("healthy with an endpoint", async () => (await SayAsync(() => lab.Outside().GetAsync(with, health, "/", Never))).Contains("\"localEndpoints\": 1", StringComparison.Ordinal));
        Assert.Equal("answered 'HTTP/1.1 503 Service Unavailable'", await SayAsync(() => lab.Outside().GetAsync(without, health, "/", Never)));
        Assert.Contains("\"nodeEligible\": true", await lab.Outside().GetAsync(without, HealthPort, "/healthz", Never), StringComparison.Ordinal);
    }

    [Scenario]
    public async Task ServiceWithoutSelector_IsServedByItsOwnSlices_WithNamedPortsAndDuplicates()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pod = DemoCluster.AddressesOf(await space.EchoPodAsync("a", "node3"))[0];
        await space.EchoPodAsync("client", "node1");
        await space.ApplyAsync(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: own}
            spec: {ports: [{name: http, port: 80, targetPort: named}, {name: other, port: 81}]}
            """);
        foreach (var slice in (string[])["own-1", "own-2"])
        {
            await space.ApplyAsync(
                $$"""
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: {{slice}}, labels: {kubernetes.io/service-name: own} }
                addressType: IPv4
                ports: [{name: http, port: 8080, protocol: TCP}]
                endpoints: [{addresses: ["{{pod}}"], conditions: {ready: true} }]
                """);
        }

        var address = IpAddress.Parse((await lab.Client.GetAsync(ApiResources.Services, space.Name, "own", Never)).Texts("spec", "clusterIPs").First());
        await EventuallyAsync("its own endpoint", "a", () => Client(space).GetAsync(address, 80, "/hostname", Never));
        Assert.Equal("ConnectionRefused", await SayAsync(() => Client(space).GetAsync(address, 81, "/hostname", Never)));
        Assert.Equal("ConnectionRefused", await SayAsync(() => Client(space).GetAsync(address, 82, "/hostname", Never)));
    }

    [Scenario]
    public async Task ServiceOfAnotherProxy_IsLeftAlone_AndTakenOverWhenItsLabelGoes()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.EchoPodAsync("client", "node2");
        var address = (await space.ServiceAsync("web"))[0];
        await EventuallyAsync("served", "a", () => Client(space).GetAsync(address, 80, "/hostname", Never));
        await PatchAsync(space, "web", null, """{"metadata":{"labels":{"service.kubernetes.io/service-proxy-name":"another"}}}""");
        await LabFixture.UntilAsync("left alone: neither served nor refused", async () => await SayAsync(() => Client(space).GetAsync(address, 80, "/hostname", Never)) is not ("a" or "ConnectionRefused"));
        await PatchAsync(space, "web", null, """{"metadata":{"labels":{"service.kubernetes.io/service-proxy-name":null}}}""");
        await EventuallyAsync("served again", "a", () => Client(space).GetAsync(address, 80, "/hostname", Never));
    }

    [Scenario]
    public async Task KubeRoutersScheduler_TakesEndpointsInTurn()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        string[] servers = ["a", "b", "c"];
        for (var i = 0; i < servers.Length; i++)
        {
            await space.EchoPodAsync(servers[i], $"node{i + 1}", "{app: web}");
        }

        await space.EchoPodAsync("client", "node1");
        var address = (await space.ServiceAsync("web"))[0];
        await LabFixture.UntilAsync("all endpoints", async () => (await NamesAsync(Client(space), address, 80)).SetEquals(servers));
        await PatchAsync(space, "web", null, """{"metadata":{"annotations":{"kube-router.io/service.scheduler":"rr"}}}""");
        await LabFixture.UntilAsync("in turn", async () =>
        {
            var answers = new List<string>();
            for (var i = 0; i < 9; i++)
            {
                answers.Add(await SayAsync(() => Client(space).GetAsync(address, 80, "/hostname", Never)));
            }

            return answers[..3].Order().SequenceEqual(servers) && answers[..3].SequenceEqual(answers[3..6]) && answers[..3].SequenceEqual(answers[6..]);
        });
    }

    private EchoClient Client(ScenarioSpace space) => lab.InPod(space.Name, "client");

    private Task PatchAsync(ScenarioSpace space, string service, string? subresource, string json) =>
        lab.Client.PatchAsync(ApiResources.Services, space.Name, service, subresource, JsonNode.Parse(json)!, PatchKind.Merge, Never);

    private async Task<int> NodePortAsync(ScenarioSpace space, string name) =>
        (int)(await lab.Client.GetAsync(ApiResources.Services, space.Name, name, Never))["spec"]!["ports"]!.AsArray()[0]!["nodePort"]!;

    private static Task EventuallyAsync(string what, string expected, Func<Task<string>> askAsync) =>
        LabFixture.UntilAsync(what, async () => await SayAsync(askAsync) == expected);

    private static async Task<HashSet<string>> NamesAsync(EchoClient client, IpAddress address, int port)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 24; i++)
        {
            names.Add(await SayAsync(() => client.GetAsync(address, port, "/hostname", Never)));
        }

        return names;
    }

    /// <summary>The answer, or in words why there is none.</summary>
    private static async Task<string> SayAsync(Func<Task<string>> askAsync)
    {
        try
        {
            return await askAsync();
        }
        catch (TrafficException e)
        {
            return e.Message[(e.Message.IndexOf(": ", StringComparison.Ordinal) + 2)..];
        }
    }
}

[Collection(OwnServerGroup.Name)]
public sealed class ServicesOnOwnServer(OwnServerLab lab) : ServiceScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class ServicesOnRealServer(RealServerLab lab) : ServiceScenarios(lab);
