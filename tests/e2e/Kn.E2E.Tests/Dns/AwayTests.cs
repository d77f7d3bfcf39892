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
        using var tcp = lab.From("client1").Watch(Resolver.Glibc, "web", byTcp: true);
        using var stop = new CancellationTokenSource();
        var answers = new int[2];
        Task[] tools = [AskAgainAsync(Resolver.Dig, count => answers[0] = count, stop.Token), AskAgainAsync(Resolver.Kdig, count => answers[1] = count, stop.Token)];
        foreach (var verb in (string[])["stop", "kill"])
        {
            var before = lab.Status.Nodes[0].AgentStarts;
            await lab.LabAsync("agent", verb, "node1");
            if (verb == "stop")
            {
                await lab.LabAsync("agent", "start", "node1");
            }

            await LabFixture.UntilAsync("the agent is back", () => Task.FromResult(lab.Status.Nodes[0] is { AgentPid: > 0 } now && now.AgentStarts > before));
            var (dig, kdig) = (answers[0], answers[1]);
            await LabFixture.UntilAsync("tools are answered", () => Task.FromResult(tools.Any(static tool => tool.IsFaulted) || (answers[0] > dig + 1 && answers[1] > kdig + 1)));
        }

        foreach (var watch in (NameWatch[])[glibc, musl, tcp])
        {
            var (asked, failed, longest) = await watch.StopAsync();
            Assert.True(failed == 0 && asked > 5, $"{failed} of {asked} failed; the longest took {longest}");
        }

        await stop.CancelAsync();
        await Task.WhenAll(tools);
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task WhileNoAgentRuns_ClientsHearNothing_AndTheirNextTryIsAnswered()
    {
        await lab.LabAsync("agent", "stop", "node1");
        var heard = await Task.WhenAll(lab.Servers.SelectMany(server => ((string[])["+notcp", "+tcp"])
            .Select(transport => lab.From("client1").RunAsync("dig", "@" + server, transport, "+time=1", "+tries=1", Web))));
        Assert.All(heard, static result => Assert.Contains("timed out", result.Output, StringComparison.Ordinal));
        Assert.All(heard, static result => Assert.DoesNotContain("refused", result.Output, StringComparison.Ordinal));
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
        await BackAsync("client2");
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

    /// <summary>Neither API server nor snapshot: where the addresses are the config's, who asks waits 4 s from the agent's start and is then told to come again.</summary>
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

            // node2 has the addresses from the Service, of which it knows nothing now.
            var silence = lab.From("client2").AskAsync(Resolver.Dig, Web, "A", "+time=1", "+tries=1");
            var programs = Task.WhenAll(((Resolver[])[Resolver.Glibc, Resolver.Musl]).Select(by => lab.From("client1").HostsAsync(by, Web + ".", 4)));
            Assert.All(await programs, static found => Assert.Equal("EAI_AGAIN", found));
            Assert.Equal(DnsReply.Silence, (await silence).Status);
        }
        finally
        {
            await lab.LabAsync("api", "start");
        }

        await Task.WhenAll(FaultLab.Clients.Select(BackAsync));
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

    private Task BackAsync(string client) => LabFixture.UntilAsync(
        "names are back", async () => (await lab.From(client).AskAsync(Resolver.Dig, Web, "A", "+time=1", "+tries=1")).Of("A") is [var address] && address == lab.ClusterIp("web"));

    /// <summary>Asks again and again, and tells how often it was answered; each question must be.</summary>
    private async Task AskAgainAsync(Resolver by, Action<int> tell, CancellationToken stop)
    {
        for (var answers = 1; !stop.IsCancellationRequested; answers++)
        {
            var reply = await lab.From("client1").AskAsync(by, Web);
            Assert.True(reply.Of("A") is [var address] && address == lab.ClusterIp("web"), $"{by}: {reply}");
            tell(answers);
        }
    }
}
