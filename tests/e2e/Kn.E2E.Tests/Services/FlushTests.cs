using System.Globalization;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Xunit.Abstractions;

namespace Kn.E2E.Tests.Services;

/// <summary>Somebody else flushes the ruleset, under open and new connections. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class FlushTests(ServicesLab lab, ITestOutputHelper output)
{
    private const string OthersSpace = "others";

    /// <summary>What the product promises (docs/design/service-proxy.md): not a bar that a slow machine may miss.</summary>
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(1);

    /// <summary>How many other Services there are, with five endpoints each: a larger table takes longer to make.</summary>
    private static readonly int Others = int.Parse(Environment.GetEnvironmentVariable("KN_FLUSH_SERVICES") ?? "200", CultureInfo.InvariantCulture);

    [Fact]
    [Conformance("services", "Changes")]
    public async Task FlushBySomebodyElse_BreaksNoConnection_AndRefusesNewOnesForASecondAtMost()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a", "b", "c");
        await AddOthersAsync();
        await lab.SettleAsync();
        using var inside = await lab.From("client1").ConnectAsync(web.ClusterIp(), 80);
        using var outside = await lab.From("outside").ConnectAsync(lab.Node(1, Primitives.IpFamily.V6), web.NodePort);
        var answers = (await inside.AskAsync(), await outside.AskAsync());
        foreach (var damage in (string[])["flush ruleset", "delete table inet kn-proxy", "flush table inet kn-proxy"])
        {
            ConnectStream[] streams =
            [
                new(lab.From("client1").Inside, web.ClusterIp(), 80),
                new(lab.From("node1").Inside, web.ClusterIp(Primitives.IpFamily.V6), 80),
                new(lab.From("outside").Inside, lab.Node(1), web.NodePort),
            ];
            for (var turn = 0; turn < 4; turn++)
            {
                await AwaitMoreAsync(streams, 15);
                var (before, used) = (streams.Sum(static stream => stream.Failures), AgentTime());
                await lab.RunAsync("node1", ["nft", .. damage.Split(' ')]);
                await AwaitMoreAsync(streams, 15);
                await LabFixture.UntilAsync("served again", async () => await lab.From("client1").GetAsync(web.ClusterIp(), 80) is "a" or "b" or "c" && await lab.From("outside").GetAsync(lab.Node(1), web.NodePort) is "a" or "b" or "c");
                output.WriteLine($"{damage}: {streams.Sum(static stream => stream.Failures) - before} connections failed; the agent took {(AgentTime() - used).TotalMilliseconds:F0} ms of processor time");
            }

            await AwaitMoreAsync(streams, 15);
            foreach (var stream in streams)
            {
                await stream.DisposeAsync();
                output.WriteLine($"{damage}: of {stream.Count} connections {stream.Failures} failed, for {stream.LongestOutage().TotalMilliseconds:F0} ms at most");
                Assert.True(stream.LongestOutage() <= Promise, $"{damage}: new connections failed for {stream.LongestOutage()}");
            }

            Assert.Equal(answers, (await inside.AskAsync(), await outside.AskAsync()));
        }

        await lab.Client.EnsureDeletedAsync(ApiResources.Namespaces, null, OthersSpace, null, CancellationToken.None);
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task ConnectionThatBeganWithoutTheTable_IsServed_OnceTheTableIsBack()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer");
        await web.ServeAsync("c");
        await web.BalanceAsync("203.0.113.50");
        await lab.SettleAsync(1);
        await lab.LabAsync("agent", "stop", "node1");
        await lab.RunAsync("node1", "nft", "delete", "table", "inet", "kn-proxy");

        // node1 sends the SYN to its default gateway, which drops it; conntrack remembers it untranslated.
        await lab.RunAsync("underlay", "ip", "route", "add", "blackhole", "203.0.113.50/32");
        var asking = lab.From("client1").RunAsync(["curl", "-s", "--noproxy", "*", "--max-time", "30", "http://203.0.113.50/hostname"]);
        await LabFixture.UntilAsync("the SYN has passed", async () => (await lab.RunAsync("node1", "conntrack", "-L", "-p", "tcp", "--orig-dst", "203.0.113.50")).Contains("SYN_SENT", StringComparison.Ordinal));
        await lab.StartAsync(1);
        Assert.Equal("c", (await asking).Output);
        await lab.RunAsync("underlay", "ip", "route", "del", "blackhole", "203.0.113.50/32");
        await lab.SettleAsync(1);
    }

    /// <summary>What the agent of node1 has used of the processors so far: where the machine does other things too, it waits for them as well.</summary>
    private TimeSpan AgentTime()
    {
        using var agent = System.Diagnostics.Process.GetProcessById(lab.Status.Nodes[0].AgentPid);
        return agent.TotalProcessorTime;
    }

    private async Task AddOthersAsync()
    {
        await lab.CreateAllAsync("", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {OthersSpace}}}}}");
        await Parallel.ForEachAsync(Enumerable.Range(0, Others), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var addresses = string.Join(", ", Enumerable.Range(1, 5).Select(last => $"{{addresses: [\"10.{100 + last}.{number / 256}.{number % 256}\"], nodeName: node{last}}}"));
            await lab.CreateAllAsync(
                OthersSpace,
                $$"""
                {apiVersion: v1, kind: Service, metadata: {name: s{{number}} }, spec: {ports: [{port: 80}] } }
                ---
                {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s{{number}}, labels: {kubernetes.io/service-name: s{{number}} } }, addressType: IPv4, ports: [{name: "", port: 8080}], endpoints: [{{addresses}}] }
                """);
        });
    }

    private static Task AwaitMoreAsync(ConnectStream[] streams, int more)
    {
        var goals = streams.Select(stream => stream.Count + more).ToArray();
        return LabFixture.UntilAsync("more connections", () => Task.FromResult(streams.Index().All(entry => entry.Item.Count >= goals[entry.Index])));
    }
}
