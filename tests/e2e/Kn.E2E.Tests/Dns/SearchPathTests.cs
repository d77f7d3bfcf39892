using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>What programs get for the names that people write, by the resolv.conf that a kubelet gives: three domains to search, ndots:5. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class SearchPathTests(SpecificationLab lab)
{
    private const string NoName = "EAI_NONAME";

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_FindsAService_ByEachOfItsNames(Resolver by)
    {
        string[] names = ["web", "web.names", "web.names.svc", DnsLab.Name("web"), DnsLab.Name("web") + "."];
        foreach (var client in SpecificationLab.Clients)
        {
            Assert.All(await lab.From(client).AllHostsAsync(by, names), found => Assert.Equal(lab.ClusterIps("web"), found));
            Assert.Equal(lab.ClusterIps("other"), await lab.From(client).HostsAsync(by, "other.elsewhere"));
            Assert.Equal(NoName, await lab.From(client).HostsAsync(by, "other"));
        }
    }

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_FindsHeadlessServices_AndTheirEndpoints(Resolver by) => Assert.Equal(
        [lab.PodIps("db-0", "db-1", "plain"), lab.PodIps("db-0"), lab.PodIps("db-1"), NoName, lab.PodIps("sick")],
        await lab.From("client2").AllHostsAsync(by, ["db", "db-0.db", "db-1.db", "late", "early"]));

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_OfOneFamily_FindsThatFamily_AndSaysSoWhereItIsNotThere(Resolver by)
    {
        Assert.Equal([lab.ClusterIp("web"), lab.ClusterIp("four")], await lab.From("client1").AllHostsAsync(by, ["web", "four"], family: 4));
        Assert.Equal([lab.ClusterIp("web", IpFamily.V6), lab.ClusterIp("six", IpFamily.V6)], await lab.From("client1").AllHostsAsync(by, ["web", "six"], family: 6));
        Assert.Equal([lab.ClusterIp("four"), lab.ClusterIp("six", IpFamily.V6)], await lab.From("client1").AllHostsAsync(by, ["four", "six"]));
        Assert.Matches("^EAI_NO(DATA|NAME)$", await lab.From("client1").HostsAsync(by, "four", family: 6));
        Assert.Matches("^EAI_NO(DATA|NAME)$", await lab.From("client1").HostsAsync(by, "six", family: 4));
    }

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_OfANameOutside_FindsIt_BehindTheSearchPath(Resolver by)
    {
        foreach (var client in SpecificationLab.Clients)
        {
            Assert.Equal(
                ["192.0.2.80 2001:db8::80", "192.0.2.4", NoName],
                await lab.From(client).AllHostsAsync(by, ["www.example", "four.example", "nobody.example"]));
        }
    }

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_ByIpv6_FindsTheSame(Resolver by) => Assert.Equal(
        [lab.ClusterIps("web"), lab.PodIps("db-0"), "192.0.2.80 2001:db8::80", NoName],
        await lab.From("six").AllHostsAsync(by, ["web", "db-0.db", "www.example", "nobody"]));

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_OnTheHostsNetwork_FindsTheSame(Resolver by) => Assert.Equal(
        [lab.ClusterIps("web"), lab.PodIps("db-0"), "192.0.2.80 2001:db8::80", NoName],
        await lab.From("host2").AllHostsAsync(by, ["web", "db-0.db", "www.example", "nobody"]));

    /// <summary>dig walks the path by itself, by its own rules.</summary>
    [Fact]
    [Conformance("dns", "Clients")]
    public async Task Dig_FindsShortNames_ByTheSearchPath()
    {
        foreach (var client in SpecificationLab.Clients)
        {
            var replies = await lab.From(client).AskAllAsync(Resolver.Dig, [("web", "A"), ("other.elsewhere", "AAAA"), ("www.example", "A"), ("nobody", "A")], "+search");
            Assert.Equal([lab.ClusterIp("web")], replies[0].Of("A"));
            Assert.Equal([lab.ClusterIp("other", IpFamily.V6)], replies[1].Of("AAAA"));
            Assert.Equal(["192.0.2.80"], replies[2].Of("A"));
            Assert.Equal("NXDOMAIN", replies[3].Status);
        }
    }

    /// <summary>node2 walks the path for its pods; node1 does not.</summary>
    [Theory]
    [EveryResolver]
    [Conformance("dns", "Clients")]
    public async Task SearchPath_IsWalkedForPods_WhereTheConfigSaysSo(Resolver by)
    {
        var (outside, other) = ("www.example." + DnsLab.Name("")[1..], "other.elsewhere." + DnsLab.Name("")[1..]);
        var walked = await lab.From("client2").AskAllAsync(by, [(outside, "A"), (other, "AAAA"), ("nobody.example." + DnsLab.Name("")[1..], "A"), ("www.example.svc.cluster.local", "A")]);
        Assert.Equal([$"{outside}. 5 CNAME www.example."], walked[0].Answers.Take(1));
        Assert.Equal(["192.0.2.80"], walked[0].Of("A"));
        Assert.Equal([DnsLab.Name("other", DnsLab.Elsewhere) + "."], walked[1].Of("CNAME"));
        Assert.Equal([lab.ClusterIp("other", IpFamily.V6)], walked[1].Of("AAAA"));
        Assert.Equal("NXDOMAIN", walked[2].Status);
        walked[3].HasNoName();
        foreach (var client in (string[])["client1", "host2"])
        {
            Assert.All(await lab.From(client).AskAllAsync(by, [(outside, "A"), (other, "AAAA")]), static reply => reply.HasNoName());
        }
    }

    /// <summary>What the switch is for: two questions instead of eight.</summary>
    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task SearchPath_ThatIsWalked_TakesOneQuestionAFamily(Resolver by)
    {
        var (before, walked) = (await QuestionsAsync(2), await lab.From("client2").HostsAsync(by, "www.example"));
        Assert.Equal(2, await QuestionsAsync(2) - before);
        Assert.Equal("192.0.2.80 2001:db8::80", walked);
        (before, walked) = (await QuestionsAsync(1), await lab.From("client1").HostsAsync(by, "www.example"));
        Assert.Equal(8, await QuestionsAsync(1) - before);
        Assert.Equal("192.0.2.80 2001:db8::80", walked);
    }

    private async Task<double> QuestionsAsync(int node) =>
        await lab.MetricAsync(node, "kn_dns_requests_total{proto=\"udp\",type=\"A\"}") + await lab.MetricAsync(node, "kn_dns_requests_total{proto=\"udp\",type=\"AAAA\"}");
}
