using Kn.E2E.Tests.Framework;
using Kn.Lab.Traffic;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Changes of the cluster, of the agent, and of others' making. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class ChangeTests(ServicesLab lab)
{
    private const string Everybody = "a b c";

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Changes_OfServicesAndSlices_ArriveInTheKernel()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        Assert.Equal(Everybody, await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
        await web.PatchAsync("""{"spec":{"type":"NodePort","ports":[{"name":"http","port":81,"targetPort":8080}]}}""");
        await web.ServeAsync("b");
        await lab.SettleAsync(1);
        Assert.Equal("b", await lab.From("client1").NamesAsync(web.ClusterIp(), 81));
        Assert.Equal(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        Assert.Equal("b", await lab.From("outside").GetAsync(lab.Node(1), web.NodePort));
        var port = web.NodePort;
        await web.PatchAsync("""{"spec":{"type":"ClusterIP"}}""");
        await lab.SettleAsync(1);
        Assert.Equal(RealClient.Refused, await lab.From("outside").GetAsync(lab.Node(1), port));
        Assert.Equal("b", await lab.From("client1").GetAsync(web.ClusterIp(IpFamily.V6), 81));
        await web.DisposeAsync();
        await lab.SettleAsync(1);
        Assert.Equal(RealClient.Refused, await lab.From("client1").GetAsync(web.ClusterIp(), 81));
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Stop_LeavesTheTable_AndTheNextRunAdoptsItUntouched()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        var before = await HandlesAsync();
        await lab.RestartAsync(1, async () =>
        {
            Assert.Equal(Everybody, await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
            Assert.Equal(Everybody, await lab.From("outside").NamesAsync(lab.Node(1), web.NodePort));
        });
        Assert.Equal(before, await HandlesAsync());
        await web.ServeAsync("c");
        await lab.SettleAsync(1);
        Assert.Equal("c", await lab.From("client1").NamesAsync(web.ClusterIp(), 80));
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Restart_KeepsConnections_AndLeavesTheRulesetAlone()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        using var inside = await lab.From("client1").ConnectAsync(web.ClusterIp(), 80);
        using var outside = await lab.From("outside").ConnectAsync(lab.Node(1), web.NodePort);
        var (answers, handles) = ((await inside.AskAsync(), await outside.AskAsync()), await HandlesAsync());
        await using var stream = Stream("client1", web.ClusterIp(), 80);
        await stream.AwaitMoreAsync(20, CancellationToken.None);
        var before = lab.Status.Nodes[0].AgentStarts;
        await lab.LabAsync("agent", "kill", "node1");
        await LabFixture.UntilAsync("the agent is back", () => Task.FromResult(lab.Status.Nodes[0] is var now && now.AgentStarts > before && now.AgentPid > 0));
        await lab.SettleAsync(1);
        await stream.StopAsync();
        Assert.Empty(stream.Failures);
        Assert.Equal(answers, (await inside.AskAsync(), await outside.AskAsync()));
        Assert.Equal(handles, await HandlesAsync());
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task AnotherLayout_ReplacesTheTable_AndNoConnectionIsLostOrRefused()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        using var open = await lab.From("client3").ConnectAsync(web.ClusterIp(), 80);
        var answer = await open.AskAsync();
        await using var stream = Stream("client3", web.ClusterIp(), 80);
        await stream.AwaitMoreAsync(20, CancellationToken.None);
        await lab.ReconfigureAsync(3, static text => text + "\nserviceProxy: {masqueradeAll: true}\n");
        await LabFixture.UntilAsync("the new layout", async () => await lab.From("client3").GetAsync(web.ClusterIp(), 80, "/clientip") != $"{lab.Pod("client3")}");
        await lab.ReconfigureAsync(3, static text => text.Replace("\nserviceProxy: {masqueradeAll: true}\n", "", StringComparison.Ordinal));
        await LabFixture.UntilAsync("and the old one again", async () => await lab.From("client3").GetAsync(web.ClusterIp(), 80, "/clientip") == $"{lab.Pod("client3")}");
        await stream.StopAsync();
        Assert.Empty(stream.Failures);
        Assert.Equal(answer, await open.AskAsync());
        await lab.SettleAsync(3);
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task WhatSomebodyElseDestroyed_IsRepaired_WithoutBreakingConnections()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        using var inside = await lab.From("client1").ConnectAsync(web.ClusterIp(), 80);
        using var outside = await lab.From("outside").ConnectAsync(lab.Node(1), web.NodePort);
        var answers = (await inside.AskAsync(), await outside.AskAsync());
        string[] damages =
        [
            "flush chain inet kn-proxy balance4", "flush map inet kn-proxy services4", "flush map inet kn-proxy dispatch",
            "flush set inet kn-proxy cluster-ips4", "insert rule inet kn-proxy prerouting accept", "flush map inet kn-proxy endpoints6",
        ];
        foreach (var damage in damages)
        {
            await lab.RunAsync("node1", ["nft", .. damage.Split(' ')]);
            await LabFixture.UntilAsync($"repaired after {damage}", async () =>
                !(await lab.RunAsync("node1", "nft", "list", "chain", "inet", "kn-proxy", "prerouting")).Contains("\taccept\n", StringComparison.Ordinal)
                && await lab.From("client1").GetAsync(web.ClusterIp(), 81) == RealClient.Refused
                && await lab.From("client1").NamesAsync(web.ClusterIp(), 80) == Everybody
                && await lab.From("client1").NamesAsync(web.ClusterIp(IpFamily.V6), 80) == Everybody);
            Assert.Equal(answers, (await inside.AskAsync(), await outside.AskAsync()));
        }
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Cleanup_RemovesTableAndRoutes_AndNothingElse_AndMayBeRepeated()
    {
        await lab.RunAsync("node4", "nft", "add", "table", "inet", "somebody");
        Assert.Contains("dev lo", await lab.RunAsync("node4", "ip", "route", "show", "proto", "75"), StringComparison.Ordinal);
        for (var turn = 0; turn < 2; turn++)
        {
            await lab.ReconfigureAsync(4, static text => text.Replace("serviceProxy: {enabled: false, ", "serviceProxy: {", StringComparison.Ordinal).Replace("serviceProxy: {", "serviceProxy: {enabled: false, ", StringComparison.Ordinal));
            await LabFixture.UntilAsync("the routes are gone", async () => !(await lab.RunAsync("node4", "ip", "route", "show", "proto", "75")).Contains("dev lo", StringComparison.Ordinal));
            var tables = await lab.RunAsync("node4", "nft", "list", "tables");
            Assert.DoesNotContain("kn-proxy", tables, StringComparison.Ordinal);
            Assert.Contains("table inet somebody\n", tables, StringComparison.Ordinal);
            Assert.Contains("table inet kn-cni\n", tables, StringComparison.Ordinal);
        }

        await lab.ReconfigureAsync(4, static text => text.Replace("serviceProxy: {enabled: false, ", "serviceProxy: {", StringComparison.Ordinal));
        await lab.SettleAsync(4);
        await lab.RunAsync("node4", "nft", "delete", "table", "inet", "somebody");
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task FiftyEndpointChangesASecond_RefuseNobody_AndSendNobodyToAnEndpointThatIsGone()
    {
        string[] servers = ["a", "b", "c", "client2", "client3"];
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync(servers);
        await lab.SettleAsync(1);
        var client = new EchoClient(lab.From("client1").Inside);
        var gone = new System.Collections.Concurrent.ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var late = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var stream = new RequestStream(async token =>
        {
            var before = TimeProvider.System.GetTimestamp();
            var name = await client.GetAsync(web.ClusterIp(), 80, "/hostname", token);
            if (gone.TryGetValue(name, out var since) && TimeProvider.System.GetElapsedTime(since, before) > TimeSpan.FromSeconds(1))
            {
                late.Add(name);
            }
        }, parallel: 3, TimeSpan.FromMilliseconds(5));
        var random = new Random(4);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(40));
        for (var change = 0; change < 120; change++)
        {
            await pace.WaitForNextTickAsync();

            // Slices of two families: two changes.
            var away = servers.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).ToHashSet(StringComparer.Ordinal);
            foreach (var back in servers.Where(server => !away.Contains(server)))
            {
                gone.TryRemove(back, out _);
            }

            await web.ServeAsync([.. servers.Where(server => !away.Contains(server))]);
            foreach (var server in away)
            {
                gone.TryAdd(server, TimeProvider.System.GetTimestamp());
            }
        }

        await stream.StopAsync();
        Assert.Empty(stream.Failures);
        Assert.Empty(late);
        Assert.True(stream.Count > 200, $"only {stream.Count} requests: nothing was shown");
    }

    private RequestStream Stream(string place, IpAddress address, int port)
    {
        var client = new EchoClient(lab.From(place).Inside);
        return new RequestStream(token => client.GetAsync(address, port, "/hostname", token), parallel: 2, TimeSpan.FromMilliseconds(5));
    }

    /// <summary>Chains, rules and sets of node1's table, each with the number that the kernel gave it: made anew they have others.</summary>
    private async Task<string> HandlesAsync() => string.Join('\n', (await lab.RunAsync("node1", "nft", "-a", "list", "table", "inet", "kn-proxy"))
        .Split('\n').Where(static line => line.Contains("# handle", StringComparison.Ordinal)));
}
