using Kn.E2E.Tests.Framework;

namespace Kn.E2E.Tests.Dns;

/// <summary>What clients see when upstreams fail: each row of docs/dns.md, "What a client sees", that is about them. Needs root.</summary>
[Collection(FaultGroup.Name)]
public sealed class UpstreamFaultTests(FaultLab lab)
{
    private static int _count;

    [Fact]
    [Conformance("dns", "Faults")]
    public Task SilentUpstream_TheNextIsAsked() => NextAnswersAsync("silent");

    [Fact]
    [Conformance("dns", "Faults")]
    public Task UpstreamThatCannot_TheNextIsAskedAtOnce() => NextAnswersAsync("servfail");

    [Fact]
    [Conformance("dns", "Faults")]
    public Task UpstreamThatLiesOnly_TheNextIsAsked() => Task.WhenAll(NextAnswersAsync("otherid"), NextAnswersAsync("otherquestion"));

    [Fact]
    [Conformance("dns", "Faults")]
    public Task Garbage_IsCounted_AndTheNextIsAsked() => NextAnswersAsync("garbage");

    [Fact]
    [Conformance("dns", "Faults")]
    public Task ForgedAnswer_IsIgnored_AndTheRightOneWins() => AnswersAllTheSameAsync("forged");

    [Fact]
    [Conformance("dns", "Faults")]
    public Task SlowUpstream_ItsLateAnswerIsStillTaken() => AnswersAllTheSameAsync("slow");

    [Fact]
    [Conformance("dns", "Faults")]
    public Task UpstreamWithoutEdns_IsAskedWithout() => AnswersAllTheSameAsync("noedns");

    /// <summary>What an upstream says of names that it was not asked for is not kept.</summary>
    [Theory]
    [EveryResolver]
    [Conformance("dns", "What a client sees")]
    public async Task UpstreamThatSaysMoreThanItWasAsked_IsNotBelievedTheRest(Resolver by)
    {
        var replies = await lab.From("client2").AskAllAsync(by, [(NewName("poison"), "A"), ("victim.example", "A"), (DnsLab.Name("web"), "A")]);
        Assert.Equal([FaultLab.FromMisbehaving], replies[0].Of("A"));
        Assert.Equal([FaultLab.FromMisbehaving], replies[1].Of("A"));
        Assert.Equal([lab.ClusterIp("web")], replies[2].Of("A"));
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Forwarding")]
    public async Task AnswerThatWasCut_IsFetchedByTcp_AndCutOnlyForWhoCannotTakeIt(Resolver by)
    {
        var name = NewName("cut");
        if (by is Resolver.Dig or Resolver.Kdig)
        {
            Assert.Equal(100, (await lab.From("client2").AskAsync(by, name)).Answers.Count);
            return;
        }

        var found = (await lab.From("client2").HostsAsync(by, name + ".", family: 4)).Split(' ');
        Assert.InRange(found.Length, by == Resolver.Glibc ? 100 : 20, 100);
    }

    /// <summary>Every client's own patience, 5 s by default, is longer than Kn's.</summary>
    [Fact]
    [Conformance("dns", "Faults")]
    public async Task AllSilent_NothingKept_ServfailWithinTheDeadline()
    {
        var dig = lab.From("client2").AskAsync(Resolver.Dig, NewName("silent"), "A", "+tries=1");
        var kdig = lab.From("client2").AskAsync(Resolver.Kdig, NewName("silent"), "A", "+retry=0", "+edns");
        Assert.All(await Task.WhenAll(dig, kdig), static reply => Assert.Equal(("SERVFAIL", 22), (reply.Status, reply.ExtendedError)));
    }

    /// <summary>What a program does with it: try again later.</summary>
    [Fact]
    [Conformance("dns", "What a client sees")]
    public async Task AllUpstreamsAreDead_ProgramsAreToldToTryAgain_AndClusterNamesGoOn()
    {
        var client = lab.From("client2");
        lab.Misbehaving.IsDead = true;
        try
        {
            var asking = Task.WhenAll(client.HostsAsync(Resolver.Glibc, NewName("x") + ".", family: 4), client.HostsAsync(Resolver.Musl, NewName("x") + ".", family: 4));
            var rounds = 0;
            for (; !asking.IsCompleted; rounds++)
            {
                var by = rounds % 2 == 0 ? Resolver.Glibc : Resolver.Musl;
                Assert.Equal([lab.ClusterIps("web"), lab.PodIps("db-0")], await client.AllHostsAsync(by, ["web", "db-0.db"]));
            }

            Assert.All(await asking, static found => Assert.Equal("EAI_AGAIN", found));
            Assert.True(rounds > 3, $"cluster names were answered {rounds} times meanwhile");
        }
        finally
        {
            lab.Misbehaving.IsDead = false;
        }

        await LabFixture.UntilAsync("outside names are back", async () => await client.HostsAsync(Resolver.Musl, NewName("x") + ".", family: 4) == FaultLab.FromMisbehaving);
    }

    [Fact]
    [Conformance("dns", "Faults")]
    public async Task AllSilent_AnEndedAnswerKept_IsGivenSoon_AndThenAtOnce()
    {
        var client = lab.From("client2");
        var names = Enum.GetValues<Resolver>().ToDictionary(static by => by, _ => NewName("brief"));
        foreach (var (by, name) in names)
        {
            Assert.Equal([$"{name}. 1 A {FaultLab.FromMisbehaving}"], (await client.AskAsync(by, name)).Answers);
        }

        lab.Misbehaving.IsDead = true;
        try
        {
            await Task.WhenAll(names.Select(pair => LabFixture.UntilAsync(
                "an ended answer", async () => (await client.AskAsync(pair.Key, pair.Value)).Answers is [var record] && record == $"{pair.Value}. 30 A {FaultLab.FromMisbehaving}")));
            Assert.Equal(3, (await client.AskAsync(Resolver.Dig, names[Resolver.Dig])).ExtendedError);
            Assert.Equal(3, (await client.AskAsync(Resolver.Kdig, names[Resolver.Musl], "A", "+edns")).ExtendedError);
        }
        finally
        {
            lab.Misbehaving.IsDead = false;
        }

        await LabFixture.UntilAsync("new names", async () => (await client.AskAsync(Resolver.Dig, NewName("x"))).Answers.Count == 1);
    }

    private static string NewName(string manner) => $"{manner}-{Interlocked.Increment(ref _count)}.example";

    /// <summary>node1's second upstream answers, whoever asks.</summary>
    private Task NextAnswersAsync(string manner) => EveryoneGetsAsync("client1", manner, FaultLab.FromOther);

    /// <summary>node2 has one upstream only.</summary>
    private Task AnswersAllTheSameAsync(string manner) => EveryoneGetsAsync("client2", manner, FaultLab.FromMisbehaving);

    private Task EveryoneGetsAsync(string client, string manner, string expected) => Task.WhenAll(Enum.GetValues<Resolver>().Select(async by =>
    {
        var reply = await lab.From(client).AskAsync(by, NewName(manner));
        Assert.True(reply.Of("A") is [var address] && address == expected, $"{by}: {reply}");
    }));
}
