using Kn.E2E.Tests.Framework;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>sessionAffinity ClientIP. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class AffinityTests(ServicesLab lab)
{
    private static readonly string[] Servers = ["a", "b", "c"];

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Affinity_KeepsAClientAtItsEndpoint_AndMovesItWhenThatIsGone()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, sessionAffinity: ClientIP");
        await web.ServeAsync(Servers);
        await lab.SettleAsync();
        foreach (var (place, address, port) in Ways(web))
        {
            var first = await OnlyAsync(place, address, port);
            await web.ServeAsync([.. Servers.Where(server => server != first)]);
            await lab.SettleAsync(1, 2);
            var second = await OnlyAsync(place, address, port);
            Assert.NotEqual(first, second);
            await web.ServeAsync(Servers);
            await lab.SettleAsync(1, 2);
            Assert.Equal(second, await OnlyAsync(place, address, port));
        }
    }

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Affinity_OfAnEndpointThatIsNotReady_Ends()
    {
        await using var web = await lab.ServiceAsync("sessionAffinity: ClientIP");
        await web.ServeAsync(Servers);
        await lab.SettleAsync(1);
        var first = await OnlyAsync("client1", web.ClusterIp(), 80);
        await web.ServeStatesAsync([.. Servers.Select(server => server == first ? TestEndpoint.Unready(server) : new TestEndpoint(server))]);
        await lab.SettleAsync(1);
        Assert.NotEqual(first, await OnlyAsync("client1", web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Affinity_EndsWithItsTimeout_AndEveryConnectionRenewsIt()
    {
        await using var web = await lab.ServiceAsync("sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 3}}");
        await web.ServeAsync(Servers);
        await lab.SettleAsync(1);
        var client = lab.From("client1");
        var first = await OnlyAsync("client1", web.ClusterIp(), 80);

        // Without being renewed it would have ended within these; each wait is shorter than the timeout, unless the machine stood still.
        var renewed = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(800));
            var name = await client.GetAsync(web.ClusterIp(), 80);
            Assert.True(name == first || TimeProvider.System.GetElapsedTime(renewed) > TimeSpan.FromSeconds(2.8), $"{name} in place of {first} after {TimeProvider.System.GetElapsedTime(renewed)}");
            (first, renewed) = (name, TimeProvider.System.GetTimestamp());
        }

        await LabFixture.UntilAsync("the memory is gone", async () => !await IsRememberedAsync(web));
        await LabFixture.UntilAsync("another endpoint comes up", async () =>
        {
            var name = await client.GetAsync(web.ClusterIp(), 80);
            await LabFixture.UntilAsync("forgotten again", async () => !await IsRememberedAsync(web));
            return name != first;
        }, seconds: 90);
    }

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Client_IsRemembered_AcrossARestartOfTheAgent()
    {
        await using var web = await lab.ServiceAsync("sessionAffinity: ClientIP");
        await web.ServeAsync(Servers);
        await lab.SettleAsync(1);
        var (v4, v6) = (await OnlyAsync("client1", web.ClusterIp(), 80), await OnlyAsync("client1", web.ClusterIp(IpFamily.V6), 80));
        await lab.RestartAsync(1, async () => Assert.Equal(v4, await OnlyAsync("client1", web.ClusterIp(), 80)));
        Assert.Equal((v4, v6), (await OnlyAsync("client1", web.ClusterIp(), 80), await OnlyAsync("client1", web.ClusterIp(IpFamily.V6), 80)));
    }

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Client_WhoseEndpointWentWhileTheAgentWasAway_GetsAnother_AndIsRememberedThere()
    {
        await using var web = await lab.ServiceAsync("sessionAffinity: ClientIP");
        await web.ServeAsync(Servers);
        await lab.SettleAsync(1);
        var first = await OnlyAsync("client1", web.ClusterIp(), 80);
        await lab.RestartAsync(1, () => web.ServeAsync([.. Servers.Where(server => server != first)]));
        var second = await OnlyAsync("client1", web.ClusterIp(), 80);
        Assert.NotEqual(first, second);
        await web.ServeAsync(Servers);
        await lab.SettleAsync(1);
        Assert.Equal(second, await OnlyAsync("client1", web.ClusterIp(), 80));
    }

    private IEnumerable<(string Place, IpAddress Address, int Port)> Ways(TestService web) =>
    [
        ("client1", web.ClusterIp(), 80),
        ("client2", web.ClusterIp(IpFamily.V6), 80),
        ("outside", lab.Node(1), web.NodePort),
        ("outside", lab.Node(1, IpFamily.V6), web.NodePort),
    ];

    private async Task<string> OnlyAsync(string place, IpAddress address, int port)
    {
        var name = await lab.From(place).NamesAsync(address, port, 20);
        Assert.Contains(name, Servers);
        return name;
    }

    private async Task<bool> IsRememberedAsync(TestService web) =>
        (await lab.RunAsync("node1", "nft", "list", "map", "inet", "kn-proxy", "affinity4")).Contains($"{lab.Pod("client1")} . {web.ClusterIp()} . ", StringComparison.Ordinal);
}
