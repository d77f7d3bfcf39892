namespace Kn.E2E.Tests.Dns;

/// <summary>Services that are other names. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ExternalNameTests(SpecificationLab lab)
{
    [Theory]
    [EveryResolver]
    [Conformance("dns", "External names")]
    public async Task ExternalName_IsAnAlias(Resolver by)
    {
        var ext = DnsLab.Name("ext");
        var replies = await lab.From("client1").AskAllAsync(by, [(ext, "CNAME"), (ext, "A"), (ext, "TXT"), ("www." + ext, "A"), ("_http._tcp." + ext, "SRV")]);
        Assert.Equal([$"{ext}. 5 CNAME www.example."], replies[0].Answers);
        Assert.Equal($"{ext}. 5 CNAME www.example.", replies[1].Answers[0]);
        Assert.Equal($"{ext}. 5 CNAME www.example.", replies[2].Answers[0]);
        Assert.All(replies.Skip(3), static reply => reply.HasNoName());
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "External names")]
    public async Task ExternalName_OfANameInTheZone_IsFollowedAtOnce(Resolver by)
    {
        var replies = await lab.From("client2").AskAllAsync(by, [(DnsLab.Name("twice"), "A"), (DnsLab.Name("lost"), "A")]);
        Assert.Equal(
            [$"{DnsLab.Name("twice")}. 5 CNAME {DnsLab.Name("inside")}.", $"{DnsLab.Name("inside")}. 5 CNAME {DnsLab.Name("web")}.", $"{DnsLab.Name("web")}. 5 A {lab.ClusterIp("web")}"],
            replies[0].Answers);
        Assert.Equal("NXDOMAIN", replies[1].Status);
        Assert.Equal([$"{DnsLab.Name("lost")}. 5 CNAME {DnsLab.Name("nobody")}."], replies[1].Answers);
        Assert.Single(replies[1].Authorities);
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "External names")]
    public async Task ExternalName_IsFollowedToAnUpstream(Resolver by)
    {
        foreach (var client in SpecificationLab.Clients)
        {
            var replies = await lab.From(client).AskAllAsync(by, [(DnsLab.Name("ext"), "A"), (DnsLab.Name("outward"), "AAAA"), (DnsLab.Name("lostoutside"), "A")]);
            Assert.Equal(["www.example."], replies[0].Of("CNAME"));
            Assert.Equal(["192.0.2.80"], replies[0].Of("A"));
            Assert.Equal([$"{DnsLab.Name("ext")}.", "www.example."], replies[1].Of("CNAME"));
            Assert.Equal(["2001:db8::80"], replies[1].Of("AAAA"));
            Assert.Equal("NXDOMAIN", replies[2].Status);
            Assert.Equal(["nobody.example."], replies[2].Of("CNAME"));
        }
    }

    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_OfAnExternalName_GivesWhatItLeadsTo(Resolver by)
    {
        var found = await lab.From("client3").AllHostsAsync(by, ["ext", "twice", "outward"]);
        Assert.Equal(["192.0.2.80 2001:db8::80", lab.ClusterIps("web"), "192.0.2.80 2001:db8::80"], found);
        Assert.Matches("^EAI_NO(NAME|DATA)$", await lab.From("client3").HostsAsync(by, "lost"));
    }
}
