using Kn.E2E.Tests.Framework;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Who reaches whom, and as whom.</summary>
public abstract class TrafficScenarios(LabFixture lab)
{
    [Scenario]
    public async Task PodToPod_SameNodeAndAcrossNodes_BothFamilies_KeepsTheSource()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var client = await space.EchoPodAsync("client", "node1");
        foreach (var (name, node) in ((string, string)[])[("near", "node1"), ("far", "node2")])
        {
            var server = await space.EchoPodAsync(name, node);
            foreach (var target in DemoCluster.AddressesOf(server))
            {
                var own = DemoCluster.AddressesOf(client).First(address => address.Family == target.Family).ToString();
                Assert.Equal(own, await lab.InPod(space.Name, "client").GetAsync(target, 8080, "/clientip", CancellationToken.None));
                Assert.Equal(own, await lab.InPod(space.Name, "client").AskAsync(target, 5353, "clientip", CancellationToken.None));
            }
        }
    }

    [Scenario]
    public async Task ClusterIp_SpreadsOverAllEndpoints_AndFollowsThem()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        string[] servers = ["a", "b", "c"];
        for (var i = 0; i < servers.Length; i++)
        {
            await space.EchoPodAsync(servers[i], $"node{i + 1}", "{app: web}");
        }

        await space.EchoPodAsync("client", "node1");
        var addresses = await space.ServiceAsync("web");
        Assert.Equal(2, addresses.Count);
        var client = lab.InPod(space.Name, "client");
        foreach (var address in addresses)
        {
            await LabFixture.UntilAsync($"{address} reaches all endpoints", async () => (await NamesAsync(client, address, 30)).SetEquals(servers));
        }

        await space.DeletePodAsync("c");
        foreach (var address in addresses)
        {
            await LabFixture.UntilAsync($"{address} left the deleted pod alone", async () => (await NamesAsync(client, address, 30)).SetEquals(["a", "b"]));
            Assert.Equal(["a", "b"], (await NamesAsync(client, address, 100)).Order());
        }
    }

    [Scenario]
    public async Task NodePort_OnEveryNode_BothFamilies_AnswersOutside()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("a", "node1", "{app: web}");
        await space.ServiceAsync("web", "NodePort");
        var service = await lab.Client.GetAsync(Lab.Api.ApiResources.Services, space.Name, "web", CancellationToken.None);
        var ports = service["spec"]!["ports"]!.AsArray();
        var (tcp, udp) = ((int)ports[0]!["nodePort"]!, (int)ports[1]!["nodePort"]!);
        var outside = lab.Outside();
        foreach (var address in lab.Status.Nodes.SelectMany(static node => node.Addresses).Select(static text => IpAddress.Parse(text)))
        {
            await LabFixture.UntilAsync($"NodePort of {address}", async () => await TryAsync(() => outside.GetAsync(address, tcp, "/hostname", CancellationToken.None)) == "a");
            Assert.Equal("a", await outside.AskAsync(address, udp, "hostname", CancellationToken.None));
        }
    }

    [Scenario]
    public async Task Hairpin_PodReachesItselfThroughItsService()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("only", "node2", "{app: web}");
        foreach (var address in await space.ServiceAsync("web"))
        {
            var own = lab.InPod(space.Name, "only");
            await LabFixture.UntilAsync($"hairpin by {address}", async () => await TryAsync(() => own.GetAsync(address, 80, "/hostname", CancellationToken.None)) == "only");
        }
    }

    [Scenario]
    public async Task ServiceWithoutEndpoints_RefusesAtOnce()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.EchoPodAsync("client", "node3");
        var client = lab.InPod(space.Name, "client");
        foreach (var address in await space.ServiceAsync("nobody"))
        {
            await LabFixture.UntilAsync($"{address} refuses", async () =>
            {
                try
                {
                    await client.GetAsync(address, 80, "/", CancellationToken.None);
                    return false;
                }
                catch (TrafficException e)
                {
                    return e.IsRefused;
                }
            });
        }
    }

    [Scenario]
    public async Task HeadlessService_HasNoAddress_AndItsPodsAreReachedDirectly()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        var pod = await space.EchoPodAsync("a", "node2", "{app: web}");
        Assert.Empty(await space.ServiceAsync("web", more: "clusterIP: None,"));
        await space.EchoPodAsync("client", "node1");
        Assert.Equal("a", await lab.InPod(space.Name, "client").GetAsync(DemoCluster.AddressesOf(pod)[0], 8080, "/hostname", CancellationToken.None));
    }

    private static async Task<HashSet<string>> NamesAsync(EchoClient client, IpAddress address, int questions)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < questions; i++)
        {
            names.Add(await TryAsync(() => client.GetAsync(address, 80, "/hostname", CancellationToken.None)));
        }

        return names;
    }

    private static async Task<string> TryAsync(Func<Task<string>> askAsync)
    {
        try
        {
            return await askAsync();
        }
        catch (TrafficException e)
        {
            return e.Message;
        }
    }
}

[Collection(OwnServerGroup.Name)]
public sealed class TrafficOnOwnServer(OwnServerLab lab) : TrafficScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class TrafficOnRealServer(RealServerLab lab) : TrafficScenarios(lab);
