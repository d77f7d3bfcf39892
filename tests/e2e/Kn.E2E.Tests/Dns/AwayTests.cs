using Kn.E2E.Tests.Framework;

namespace Kn.E2E.Tests.Dns;

/// <summary>What clients see when the agent or the API server is away: the rows of docs/dns.md, "What a client sees". Needs root.</summary>
[Collection(FaultGroup.Name)]
public sealed class AwayTests(FaultLab lab)
{
    private static readonly string Web = DnsLab.Name("web");

    /// <summary>With every resolver's own time-outs and retries: 5 s and two tries in glibc, 2.5 s and two in musl, 5 s and three in dig and kdig.</summary>
    [Fact]
    [Conformance("dns", "What a client sees")]
    public async Task AgentIsRestartedOrKilled_ClientsWait_AndAllAreAnswered()
    {
        using var glibc = lab.From("client1").Watch(Resolver.Glibc, "web");
        using var musl = lab.From("client1").Watch(Resolver.Musl, "web");
        using var stop = new CancellationTokenSource();
        Task<int>[] tools = [AskAgainAsync(Resolver.Dig, stop.Token), AskAgainAsync(Resolver.Kdig, stop.Token)];
        foreach (var verb in (string[])["stop", "kill"])
        {
            var before = lab.Status.Nodes[0].AgentStarts;
            await lab.LabAsync("agent", verb, "node1");
            if (verb == "stop")
            {
                await lab.LabAsync("agent", "start", "node1");
            }

            await LabFixture.UntilAsync("the agent is back", () => Task.FromResult(lab.Status.Nodes[0] is { AgentPid: > 0 } now && now.AgentStarts > before));
            await LabFixture.UntilAsync("names are back", async () => (await lab.From("client1").AskAsync(Resolver.Dig, Web)).Answers.Count == 1);
        }

        foreach (var watch in (NameWatch[])[glibc, musl])
        {
            var (asked, failed, longest) = await watch.StopAsync();
            Assert.True(failed == 0 && asked > 100, $"{failed} of {asked} failed; the longest took {longest}");
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(tools), static answers => Assert.True(answers > 5));
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task WhileNoAgentRuns_ClientsHearNothing_AndTheirNextTryIsAnswered()
    {
        await lab.LabAsync("agent", "stop", "node1");
        foreach (var server in lab.Servers)
        {
            foreach (var transport in (string[])["+notcp", "+tcp"])
            {
                var heard = await lab.From("client1").RunAsync("dig", "@" + server, transport, "+time=1", "+tries=1", Web);
                Assert.Contains("timed out", heard.Output, StringComparison.Ordinal);
                Assert.DoesNotContain("refused", heard.Output, StringComparison.Ordinal);
            }
        }

        Task<string>[] asking =
        [
            lab.From("client1").HostsAsync(Resolver.Glibc, "web", 4), lab.From("client1").HostsAsync(Resolver.Musl, "web", 4),
            FirstAsync(Resolver.Dig), FirstAsync(Resolver.Kdig),
        ];
        Assert.NotSame(asking[0], await Task.WhenAny(asking[0], Task.Delay(500)));
        await lab.StartAgentAsync(1);
        Assert.All(await Task.WhenAll(asking), found => Assert.Equal(lab.ClusterIp("web"), found));

        async Task<string> FirstAsync(Resolver by) => (await lab.From("client1").AskAsync(by, Web)).Of("A")[0];
    }

    [Fact]
    [Conformance("dns", "What a client sees")]
    public async Task AgentIsAwayForLong_ProgramsAreToldToTryAgain_AndOtherNodesAreAsBefore()
    {
        await lab.LabAsync("agent", "stop", "node2");
        var asking = Task.WhenAll(((Resolver[])[Resolver.Glibc, Resolver.Musl]).Select(by => lab.From("client2").HostsAsync(by, Web + ".", 4)));
        for (var round = 0; round < 5 || !asking.IsCompleted; round++)
        {
            Assert.Equal(lab.ClusterIps("web"), await lab.From("client1").HostsAsync(Resolver.Musl, "web"));
        }

        Assert.All(await asking, static found => Assert.Equal("EAI_AGAIN", found));
        await lab.StartAgentAsync(2);
        await LabFixture.UntilAsync("names are back", async () => await lab.From("client2").HostsAsync(Resolver.Glibc, "web") == lab.ClusterIps("web"));
    }

    [Fact]
    [Conformance("dns", "What a client sees")]
    public async Task ApiServerIsAway_NamesStay_AndAnAgentThatStartsKnowsThemFromItsSnapshot()
    {
        await lab.LabAsync("api", "stop");
        try
        {
            await EverythingIsAnsweredAsync();
            foreach (var node in (int[])[1, 2])
            {
                await lab.LabAsync("agent", "stop", $"node{node}");
                await lab.StartAgentAsync(node);
            }

            await EverythingIsAnsweredAsync();
        }
        finally
        {
            await lab.LabAsync("api", "start");
        }

        await lab.ServiceAsync("meanwhile", "selector: {app: web}");
        await Task.WhenAll(FaultLab.Clients.Select(client => LabFixture.UntilAsync("a new name", async () => await lab.From(client).HostsAsync(Resolver.Musl, "meanwhile") == lab.ClusterIps("meanwhile"))));
        await lab.RemoveServiceAsync("meanwhile");
    }

    /// <summary>Neither API server nor snapshot: where the addresses are the config's, who asks waits 2 s from the agent's start and is then told to come again.</summary>
    [Fact]
    [Conformance("dns", "Zone")]
    public async Task BeforeTheClusterIsKnown_TheServerFails()
    {
        await lab.LabAsync("api", "stop");
        try
        {
            await Task.WhenAll(((int[])[1, 2]).Select(async node =>
            {
                await lab.LabAsync("agent", "stop", $"node{node}");
                File.Delete(Path.Combine(lab.Status.Nodes[node - 1].Folder, "state", "cluster.snapshot"));
                await lab.StartAgentAsync(node);
            }));
            foreach (var by in (Resolver[])[Resolver.Dig, Resolver.Kdig])
            {
                var replies = await lab.From("client1").AskAllAsync(by, [(Web, "A"), ("nobody.cluster.local", "A"), (DnsLab.Reverse(lab.ClusterIp("web")), "PTR"), ("before.example", "A")]);
                Assert.All(replies.Take(3), static reply => Assert.Equal("SERVFAIL", reply.Status));
                Assert.Equal([FaultLab.FromMisbehaving], replies[3].Of("A"));
            }

            foreach (var by in (Resolver[])[Resolver.Glibc, Resolver.Musl])
            {
                Assert.Equal("EAI_AGAIN", await lab.From("client1").HostsAsync(by, Web + "."));
            }

            // node2 has the addresses from the Service, of which it knows nothing now.
            Assert.Equal(DnsReply.Silence, (await lab.From("client2").AskAsync(Resolver.Dig, Web, "A", "+time=1", "+tries=1")).Status);
        }
        finally
        {
            await lab.LabAsync("api", "start");
        }

        await LabFixture.UntilAsync("the names are there", async () => (await lab.From("client1").AskAsync(Resolver.Kdig, Web)).Of("A") is [var address] && address == lab.ClusterIp("web"));
        await EverythingIsAnsweredAsync();
    }

    private async Task EverythingIsAnsweredAsync()
    {
        foreach (var client in FaultLab.Clients)
        {
            foreach (var by in Enum.GetValues<Resolver>())
            {
                var replies = await lab.From(client).AskAllAsync(
                    by,
                    [(Web, "A"), (Web, "AAAA"), ("_http._tcp." + Web, "SRV"), (DnsLab.Name("db-0.db"), "A"), (DnsLab.Name("ext"), "A"), (DnsLab.Reverse(lab.ClusterIp("web")), "PTR"), ("outside.example", "A"), (DnsLab.Name("nobody"), "A")]);
                Assert.All(replies.Take(7), reply => Assert.True(reply.Status == "NOERROR" && reply.Answers.Count > 0, $"{client}, {by}: {reply}"));
                Assert.Equal([lab.PodIp("db-0")], replies[3].Of("A"));
                replies[7].HasNoName();
            }
        }
    }

    /// <summary>How often the tool was answered; each question must be.</summary>
    private async Task<int> AskAgainAsync(Resolver by, CancellationToken stop)
    {
        var answers = 0;
        for (; !stop.IsCancellationRequested; answers++)
        {
            var reply = await lab.From("client1").AskAsync(by, Web);
            Assert.True(reply.Of("A") is [var address] && address == lab.ClusterIp("web"), $"{by}: {reply}");
        }

        return answers;
    }
}
