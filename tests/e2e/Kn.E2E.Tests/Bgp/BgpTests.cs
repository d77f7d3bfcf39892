using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Bgp;

/// <summary>Pods and Services by BGP, through the real binary. Needs root.</summary>
[Collection(BgpGroup.Name)]
public sealed class BgpTests(BgpLab lab)
{
    private static readonly string[] Nodes = ["node1", "node2", "node3"];

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public async Task EveryPairOfPods_OfModeBgp_HasAWay_InBothFamilies()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pods = new Dictionary<string, IReadOnlyList<IpAddress>>(StringComparer.Ordinal);
        foreach (var node in Nodes)
        {
            pods[node] = DemoCluster.AddressesOf(await space.EchoPodAsync("on-" + node, node));
        }

        foreach (var (client, addresses) in pods)
        {
            foreach (var target in pods.Where(pod => pod.Key != client).SelectMany(static pod => pod.Value))
            {
                var own = addresses.First(address => address.Family == target.Family).ToString();
                await LabFixture.UntilAsync($"{target} from {client}", async () => await TryAsync(lab.InPod(space.Name, "on-" + client), target, 8080, "/clientip") == own);
            }
        }

        var routes = (await lab.OnNodeAsync("node1", "ip", "route", "show", "proto", "77")).Output;
        Assert.Contains("dev kn-vxlan", routes, StringComparison.Ordinal);
        Assert.Contains("dev eth0", routes, StringComparison.Ordinal);

        // The router knows pods too, without a tunnel.
        await LabFixture.UntilAsync("a pod from outside", async () => await TryAsync(lab.Outside(), pods["node2"][0], 8080, "/hostname") == "on-node2");
    }

    [Conformance("bgp", "Nodes and routers")]
    [Fact]
    public async Task AddressOfALoadBalancer_IsReachedByEveryNode_AndWithPolicyLocalByThatOfTheEndpoint()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("web1", "node1", "{app: web}");
        await space.ServiceAsync("web", "LoadBalancer");
        await GiveAsync(space, "web", $"{BgpLab.Pool}.7");
        await LabFixture.UntilAsync("three ways", () => Task.FromResult(lab.WaysTo($"{BgpLab.Pool}.7/32") == 3));
        var address = IpAddress.Parse($"{BgpLab.Pool}.7");
        for (var connection = 0; connection < 12; connection++)
        {
            Assert.Equal("web1", await lab.Outside().GetAsync(address, 80, "/hostname", CancellationToken.None));
        }

        await PatchAsync(space, "web", new JsonObject { ["spec"] = new JsonObject { ["externalTrafficPolicy"] = "Local" } }, null);
        await LabFixture.UntilAsync("one way", () => Task.FromResult(lab.WaysTo($"{BgpLab.Pool}.7/32") == 1));
        Assert.Equal("192.168.77.2", await lab.Outside().GetAsync(address, 80, "/clientip", CancellationToken.None));
        await space.DeletePodAsync("web1");
        await LabFixture.UntilAsync("no way", () => Task.FromResult(lab.WaysTo($"{BgpLab.Pool}.7/32") == 0));
    }

    [Fact]
    public async Task CommandLine_TellsWhatIsKnown()
    {
        var socket = Path.Combine(lab.Status.Nodes.First(static node => node.Name == "node1").Folder, "run", "kn.sock");
        var neighbors = (await lab.OnNodeAsync("node1", Binaries.Kn, "bgp", "neighbors", "--socket", socket)).Output;
        Assert.Equal(3, neighbors.Split('\n').Count(static line => line.Contains("established", StringComparison.Ordinal)));
        var one = (await lab.OnNodeAsync("node1", Binaries.Kn, "bgp", "neighbors", "192.168.77.1", "--socket", socket)).Output;
        Assert.Contains("AS 65001", one, StringComparison.Ordinal);
        Assert.Contains("graceful-restart", one, StringComparison.Ordinal);
        var rib = JsonNode.Parse((await lab.OnNodeAsync("node1", Binaries.Kn, "bgp", "rib", "-o", "json", "--socket", socket)).Output)!.AsArray();
        Assert.True(rib.Count >= 6, rib.ToJsonString());
        var routes = (await lab.OnNodeAsync("node1", Binaries.Kn, "bgp", "routes", "-f", "ipv4", "--socket", socket)).Output;
        Assert.Equal(2, routes.Split('\n').Count(static line => line.Contains("installed", StringComparison.Ordinal)));
        var none = await lab.OnNodeAsync("node1", Binaries.Kn, "bgp", "reset", "192.0.2.99", "--socket", socket);
        Assert.Equal((1, "kn: there is no peer 192.0.2.99"), (none.ExitCode, none.Errors.Trim()));
    }

    private Task GiveAsync(ScenarioSpace space, string service, string address) => PatchAsync(
        space, service, new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = address }) } } }, "status");

    private async Task PatchAsync(ScenarioSpace space, string service, JsonObject patch, string? subresource) =>
        await lab.Client.PatchAsync(ApiResources.Services, space.Name, service, subresource, patch, PatchKind.Merge, CancellationToken.None);

    private static async Task<string> TryAsync(EchoClient client, IpAddress address, int port, string path)
    {
        try
        {
            return await client.GetAsync(address, port, path, CancellationToken.None);
        }
        catch (TrafficException e)
        {
            return e.Message;
        }
    }
}
