using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Demo;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Scenarios;

/// <summary>Ports of a node that lead to a pod.</summary>
public abstract class HostPortScenarios(LabFixture lab)
{
    private const int Http = 18080;
    private const int Words = 18053;

    [Scenario]
    public async Task HostPort_AnswersOutside_OtherPods_AndThePodItself_AndGoesWithThePod()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await space.ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: web, annotations: {kubernetes.io/ingress-bandwidth: 100M, kubernetes.io/egress-bandwidth: 100M} }
            spec: {nodeName: node2, terminationGracePeriodSeconds: 2, containers: [{name: echo, image: echo, ports: [{containerPort: 8080, hostPort: {{Http}} }, {containerPort: 5353, hostPort: {{Words}}, protocol: UDP} ] } ] }
            """);
        await space.ReadyAsync("web");
        var near = await space.EchoPodAsync("near", "node2");
        var far = await space.EchoPodAsync("far", "node1");
        var addresses = lab.Status.Nodes.Single(static node => node.Name == "node2").Addresses.Select(static text => IpAddress.Parse(text)).ToList();
        foreach (var address in addresses)
        {
            Assert.Equal("web", await lab.Outside().GetAsync(address, Http, "/hostname", CancellationToken.None));
            Assert.Equal("web", await lab.Outside().AskAsync(address, Words, "hostname", CancellationToken.None));
            Assert.Equal("web", await lab.InPod(space.Name, "web").GetAsync(address, Http, "/hostname", CancellationToken.None));
            foreach (var (name, pod) in ((string, JsonObject)[])[("near", near), ("far", far)])
            {
                var own = DemoCluster.AddressesOf(pod).First(own => own.Family == address.Family).ToString();
                Assert.Equal(own, await lab.InPod(space.Name, name).GetAsync(address, Http, "/clientip", CancellationToken.None));
            }
        }

        await space.DeletePodAsync("web");
        await LabFixture.UntilAsync("the port is closed", async () => await IsRefusedAsync(addresses[0]));
    }

    private async Task<bool> IsRefusedAsync(IpAddress address)
    {
        try
        {
            await lab.Outside().GetAsync(address, Http, "/hostname", CancellationToken.None);
            return false;
        }
        catch (TrafficException error)
        {
            return error.IsRefused;
        }
    }
}

[Collection(OwnServerGroup.Name)]
public sealed class HostPortsOnOwnServer(OwnServerLab lab) : HostPortScenarios(lab);

[Collection(RealServerGroup.Name)]
public sealed class HostPortsOnRealServer(RealServerLab lab) : HostPortScenarios(lab);
