using Kn.E2E.Tests.Framework;

namespace Kn.E2E.Tests.Dns;

/// <summary>Names outside the cluster, which real servers answer. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ForwardingTests(SpecificationLab lab)
{
    private static readonly (string Name, string Type)[] Questions =
    [
        ("example", "SOA"), ("example", "NS"), ("example", "MX"), ("example", "TXT"), ("www.example", "A"), ("www.example", "AAAA"), ("alias.example", "AAAA"), ("a1.example", "A"),
        ("lost.example", "A"), ("_http._tcp.example", "SRV"), ("x.y.wild.example", "A"), ("www.dn.example", "A"), ("none.example", "A"), ("www.example", "TXT"), ("WwW.ExAmPlE", "A"),
        ("local", "A"), ("xcluster.local", "A"), ("7.0.0.127.in-addr.arpa", "PTR"), ("many.example", "A"),
    ];

    [Theory]
    [EveryTool]
    [Conformance("dns", "Forwarding")]
    public async Task EveryAnswer_IsTheUpstreamsOwn(Resolver by)
    {
        await SameAsync(by, Upstreams.Nsd, Questions);
        await SameAsync(by, Upstreams.Unbound, [("x.unbound.example", "A"), ("x.unbound.example", "AAAA"), ("X.y.unbound.example", "A")]);
        await SameAsync(by, Upstreams.Dnsmasq, [("x.masq.example", "A"), ("x.masq.example", "TXT"), ("X.y.masq.example", "A")]);
    }

    [Fact]
    [Conformance("dns", "Forwarding")]
    public async Task StubDomain_GoesToItsOwnUpstreams_TheLongestWins()
    {
        foreach (var (name, asked) in ((string, string)[])[("s1.wild.example", Upstreams.Nsd + ":53"), ("s1.unbound.example", Upstreams.Unbound + ":53"), ("s1.masq.example", $"[{Upstreams.Dnsmasq}]:53")])
        {
            var before = await AskedAsync(asked);
            Assert.Single((await lab.From("client1").AskAsync(Resolver.Dig, name)).Answers);
            Assert.Equal(before + 1, await AskedAsync(asked));
        }
    }

    [Fact]
    [Conformance("dns", "Cache")]
    public async Task Name_IsAskedForOnce_AndThenComesFromTheCache()
    {
        var before = await AskedAsync(Upstreams.Nsd + ":53");
        foreach (var by in Enum.GetValues<Resolver>())
        {
            Assert.Equal(["192.0.2.99"], (await lab.From("client1").AskAsync(by, "once.wild.example")).Of("A"));
            Assert.Equal(["192.0.2.99"], (await lab.From("six").AskAsync(by, "once.wild.example")).Of("A"));
        }

        Assert.Equal(before + 1, await AskedAsync(Upstreams.Nsd + ":53"));
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Cache")]
    public async Task Ttl_FallsWithTheTimeInTheCache(Resolver by)
    {
        var name = $"ttl-{by}.wild.example";
        var first = await TtlAsync();
        Assert.Equal(30, first);
        await LabFixture.UntilAsync("the TTL falls", async () => await TtlAsync() < first);

        async Task<int> TtlAsync() => int.Parse(Assert.Single((await lab.From("client1").AskAsync(by, name)).Answers).Split(' ')[1]);
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Forwarding")]
    public async Task NameOfTheConfig_IsAnsweredFromThere_OnItsNodeAlone(Resolver by)
    {
        var replies = await lab.From("client3").AskAllAsync(by, [("registry.example", "A"), ("registry.example", "AAAA")]);
        Assert.Equal(["192.0.2.77"], replies[0].Of("A"));
        Assert.Equal(["2001:db8::77"], replies[1].Of("AAAA"));
        Assert.Equal("NXDOMAIN", (await lab.From("client1").AskAsync(by, "registry.example")).Status);
    }

    private Task<double> AskedAsync(string upstream) => lab.MetricAsync(1, $"kn_dns_forward_requests_total{{to=\"{upstream}\"}}");

    private async Task SameAsync(Resolver by, string upstream, (string Name, string Type)[] questions)
    {
        var expected = await lab.From("host/outside").AskAllAsync(by, questions, "@" + upstream);
        var first = await lab.From("client1").AskAllAsync(by, questions);
        var kept = await lab.From("six").AskAllAsync(by, questions, "+tcp");
        foreach (var (index, question) in questions.Index())
        {
            Assert.Equal((question, WithoutTtl(expected[index])), (question, WithoutTtl(first[index])));
            Assert.Equal((question, WithoutTtl(expected[index])), (question, WithoutTtl(kept[index])));
        }
    }

    private static string WithoutTtl(DnsReply reply) => reply.Status + '\n' + string.Join('\n', reply.Answers.Concat(reply.Authorities)
        .Select(static record => record.Split(' ')).Select(static parts => string.Join(' ', parts.Where(static (_, index) => index != 1))).Order(StringComparer.Ordinal));
}
