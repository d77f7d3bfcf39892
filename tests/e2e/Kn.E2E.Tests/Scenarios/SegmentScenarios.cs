using Kn.E2E.Tests.Framework;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Three nodes on two segments with a router between: node1 and node3 share one, node2 is behind the router.</summary>
public abstract class SegmentScenarios(LabFixture lab)
{
    private static readonly string[] Nodes = ["node1", "node2", "node3"];

    [Scenario]
    public async Task EveryPairOfPods_BothFamilies_KeepsTheSource()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pods = new Dictionary<string, IReadOnlyList<IpAddress>>(StringComparer.Ordinal);
        foreach (var node in Nodes.Concat(Nodes))
        {
            var name = $"p{pods.Count}";
            pods[name] = DemoCluster.AddressesOf(await space.EchoPodAsync(name, node));
        }

        foreach (var (client, addresses) in pods)
        {
            var inside = lab.InPod(space.Name, client);
            foreach (var target in pods.Where(pod => pod.Key != client).SelectMany(static pod => pod.Value))
            {
                var own = addresses.First(address => address.Family == target.Family).ToString();
                Assert.Equal(own, await inside.GetAsync(target, 8080, "/clientip", CancellationToken.None));
                Assert.Equal(own, await inside.AskAsync(target, 5353, "clientip", CancellationToken.None));
            }
        }
    }

    [Scenario]
    public async Task Service_AcrossSegments_IsReachedFromEveryNode_WithTheClientsAddress()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("far", "node2", "{app: web}");
        var addresses = await space.ServiceAsync("web", "NodePort");
        var service = await lab.Client.GetAsync(Lab.Api.ApiResources.Services, space.Name, "web", CancellationToken.None);
        var port = (int)service["spec"]!["ports"]!.AsArray()[0]!["nodePort"]!;
        foreach (var node in Nodes)
        {
            var client = DemoCluster.AddressesOf(await space.EchoPodAsync("on-" + node, node));
            foreach (var address in addresses)
            {
                var own = client.First(candidate => candidate.Family == address.Family).ToString();
                await LabFixture.UntilAsync(
                    $"{address} from {node}", async () => await TryAsync(lab.InPod(space.Name, "on-" + node), address, 80, "/clientip") == own);
            }
        }

        // From outside by a node of the other segment: the node's tunnel address stands in for the client.
        foreach (var address in lab.Status.Nodes.SelectMany(static node => node.Addresses).Select(static text => IpAddress.Parse(text)))
        {
            await LabFixture.UntilAsync($"NodePort of {address}", async () => await TryAsync(lab.Outside(), address, port, "/hostname") == "far");
        }
    }

    [Scenario]
    public async Task Node_SaysWhichWayItHasToTheOthers()
    {
        var routes = (await lab.OnNodeAsync("node1", "ip", "route", "show", "proto", "75")).Output + (await lab.OnNodeAsync("node1", "ip", "-6", "route", "show", "proto", "75")).Output;
        Assert.Equal(2, routes.Split('\n').Count(static line => line.Contains("dev kn-vxlan", StringComparison.Ordinal)));
        Assert.Equal(2, routes.Split('\n').Count(static line => line.Contains("dev eth0", StringComparison.Ordinal)));
        var config = Path.Combine(lab.Status.Nodes.First(static node => node.Name == "node1").Folder, "kn.yaml");
        var status = (await lab.OnNodeAsync("node1", Binaries.Kn, "status", "--config", config)).Output;
        foreach (var fact in (string[])["direct 2 podCIDRs", "vxlan 2 podCIDRs", "kn-vxlan from 192.168.77.11 MTU 1450 VNI 75 port 4789"])
        {
            Assert.True(status.Contains(fact, StringComparison.Ordinal), $"'{fact}' is not in\n{status}");
        }
    }

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

[Collection(OwnServerGroup.Name)]
public sealed class SegmentsOnOwnServer(OwnServerLab lab) : SegmentScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class SegmentsOnRealServer(RealServerLab lab) : SegmentScenarios(lab);
