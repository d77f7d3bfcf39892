using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Which connections end with their endpoint and which go on. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class ConnectionTests(ServicesLab lab)
{
    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfARemovedEndpoint_MovesToAnother()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("c");
        await lab.SettleAsync();
        foreach (var family in ServicesLab.Families)
        {
            using var inside = await lab.From("client1").OpenUdpAsync(web.ClusterIp(family), 80);
            using var outside = await lab.From("outside").OpenUdpAsync(lab.Node(1, family), web.NodePort);
            Assert.Equal(("c", "c"), (await inside.AskAsync(), await outside.AskAsync()));
            await web.ServeAsync("b");
            await lab.SettleAsync();
            await inside.UntilAsync("b");
            await outside.UntilAsync("b");
            await web.ServeAsync("c");
            await lab.SettleAsync();
        }
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClients_OfEndpointsThatStay_AreNotForgotten()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("b", "c");
        await lab.SettleAsync();
        using var inside = await lab.From("client1").OpenUdpAsync(web.ClusterIp(), 80);
        using var outside = await lab.From("outside").OpenUdpAsync(lab.Node(1), web.NodePort);
        using var stranger = await lab.From("client1").OpenUdpAsync(lab.Pod("a"), 8080);
        var before = (await inside.AskAsync(), await outside.AskAsync(), await stranger.AskAsync());
        var ids = await FlowsAsync(inside, outside, stranger);
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        Assert.Equal(before, (await inside.AskAsync(), await outside.AskAsync(), await stranger.AskAsync()));
        Assert.Equal(ids, await FlowsAsync(inside, outside, stranger));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfATerminatingEndpointThatServes_Stays_UntilThatIsGone()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("c");
        await lab.SettleAsync(1);
        using var client = await lab.From("client1").OpenUdpAsync(web.ClusterIp(), 80);
        Assert.Equal("c", await client.AskAsync());
        await web.ServeStatesAsync([new("b"), TestEndpoint.Leaving("c")]);
        await lab.SettleAsync(1);
        Assert.Equal("c", await client.AskAsync());
        await web.ServeAsync("b");
        await client.UntilAsync("b");
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_WhoseNodePortHadNoService_ReachesItAtOnce()
    {
        const int Port = 30999;
        using var client = await lab.From("outside").OpenUdpAsync(lab.Node(1), Port);
        Assert.Equal(RealClient.Refused, await client.AskAsync());
        await using var web = await lab.ServiceAsync($"type: NodePort, ports: [{{name: words, port: 80, protocol: UDP, nodePort: {Port}}}]");
        await web.ServeAsync("b");
        await client.UntilAsync("b");
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfAFormerlyEmptyService_ReachesItAtOnce()
    {
        await using var web = await lab.ServiceAsync();
        await lab.SettleAsync(1);
        foreach (var family in ServicesLab.Families)
        {
            using var client = await lab.From("client1").OpenUdpAsync(web.ClusterIp(family), 80);
            Assert.Equal(RealClient.Refused, await client.AskAsync());
            await web.ServeAsync("b");
            await client.UntilAsync("b");
            await web.ServeAsync();
            await lab.SettleAsync(1);
        }
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfADeletedService_IsRefused()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("c");
        await lab.SettleAsync(1);
        using var client = await lab.From("client1").OpenUdpAsync(web.ClusterIp(), 80);
        Assert.Equal("c", await client.AskAsync());
        await web.DisposeAsync();
        await client.UntilAsync(RealClient.Refused);
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task Restart_ForgetsNothing()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        using var udp = await lab.From("client1").OpenUdpAsync(web.ClusterIp(), 80);
        using var stranger = await lab.From("client1").OpenUdpAsync(lab.Pod("a"), 8080);
        using var tcp = await lab.From("client1").ConnectAsync(web.ClusterIp(IpFamily.V6), 80);
        var before = (await udp.AskAsync(), await stranger.AskAsync(), await tcp.AskAsync());
        var ids = await FlowsAsync(udp, stranger);
        await lab.RestartAsync(1);
        Assert.Equal(before, (await udp.AskAsync(), await stranger.AskAsync(), await tcp.AskAsync()));
        Assert.Equal(ids, await FlowsAsync(udp, stranger));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfAnEndpointThatWentWhileTheAgentWasAway_Moves()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("c");
        await lab.SettleAsync(1);
        using var client = await lab.From("client1").OpenUdpAsync(web.ClusterIp(), 80);
        Assert.Equal("c", await client.AskAsync());
        await lab.RestartAsync(1, () => web.ServeAsync("b"));
        await client.UntilAsync("b");
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task TcpConnections_ToARemovedEndpoint_GoOn()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("c");
        await lab.SettleAsync();
        using var inside = await lab.From("client2").ConnectAsync(web.ClusterIp(IpFamily.V6), 80);
        using var outside = await lab.From("outside").ConnectAsync(lab.Node(2), web.NodePort);
        Assert.Equal(("c", "c"), (await inside.AskAsync(), await outside.AskAsync()));
        foreach (var step in (TestEndpoint[][])[[new("b"), TestEndpoint.Leaving("c")], [new("b")], []])
        {
            await web.ServeStatesAsync(step);
            await lab.SettleAsync();
            Assert.Equal(("c", "c"), (await inside.AskAsync(), await outside.AskAsync()));
        }
    }

    /// <summary>The numbers that conntrack on node1 knows these sockets by: an entry that was deleted and made again has another.</summary>
    private async Task<string[]> FlowsAsync(params OpenConnection[] sockets)
    {
        var lines = (await lab.RunAsync("node1", "conntrack", "-L", "-p", "udp", "-o", "id")).Split('\n');
        return [.. sockets.Select(socket => lines.Single(line => line.Contains($" sport={socket.LocalPort} dport=", StringComparison.Ordinal))).Select(static line => line[(line.IndexOf(" id=", StringComparison.Ordinal) + 4)..])];
    }
}
