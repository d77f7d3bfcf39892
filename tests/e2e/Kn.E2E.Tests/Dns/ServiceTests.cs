using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>Names of Services with addresses of their own. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ServiceTests(SpecificationLab lab)
{
    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_HasItsClusterIps_EachFamilyInItsType(Resolver by)
    {
        foreach (var client in SpecificationLab.Clients)
        {
            foreach (var service in (string[])["web", "ports", "balanced"])
            {
                var name = DnsLab.Name(service);
                var replies = await lab.From(client).AskAllAsync(by, [(name, "A"), (name, "AAAA"), (name, "MX")]);
                Assert.Equal([$"{name}. 5 A {lab.ClusterIp(service)}"], replies[0].Answers);
                Assert.Equal([$"{name}. 5 AAAA {lab.ClusterIp(service, IpFamily.V6)}"], replies[1].Answers);
                replies[2].HasNoData();
            }
        }

        var single = await lab.From("client2").AskAllAsync(by, [(DnsLab.Name("four"), "A"), (DnsLab.Name("four"), "AAAA"), (DnsLab.Name("six"), "AAAA"), (DnsLab.Name("six"), "A")]);
        Assert.Equal([lab.ClusterIp("four")], single[0].Of("A"));
        single[1].HasNoData();
        Assert.Equal([lab.ClusterIp("six", IpFamily.V6)], single[2].Of("AAAA"));
        single[3].HasNoData();
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_IsAnsweredWithoutAnyEndpoint(Resolver by)
    {
        var name = DnsLab.Name("lonely");
        var replies = await lab.From("client3").AskAllAsync(by, [(name, "A"), (name, "AAAA"), ("_http._tcp." + name, "SRV")]);
        Assert.Equal([lab.ClusterIp("lonely")], replies[0].Of("A"));
        Assert.Equal([lab.ClusterIp("lonely", IpFamily.V6)], replies[1].Of("AAAA"));
        Assert.Equal([$"0 100 80 {name}."], replies[2].Of("SRV"));
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_NamedPorts_HaveSrvRecords(Resolver by)
    {
        var web = DnsLab.Name("web");
        var replies = await lab.From("client3").AskAllAsync(
            by,
            [
                ("_http._tcp." + web, "SRV"), ("_words._udp." + web, "SRV"),
                ("_http._udp." + web, "SRV"), ("_https._tcp." + web, "SRV"), ("_sctp." + web, "SRV"),
                ("_http._tcp." + web, "A"), ("_tcp." + web, "SRV"),
            ]);
        Assert.Equal([$"_http._tcp.{web}. 5 SRV 0 100 80 {web}."], replies[0].Answers);
        Assert.Equal([$"_words._udp.{web}. 5 SRV 0 100 53 {web}."], replies[1].Answers);
        Assert.Equal([$"{web}. 5 A {lab.ClusterIp("web")}", $"{web}. 5 AAAA {lab.ClusterIp("web", IpFamily.V6)}"], replies[0].Additionals.Order(StringComparer.Ordinal));
        Assert.All(replies.Skip(2).Take(3), static reply => reply.HasNoName());
        Assert.All(replies.Skip(5), static reply => reply.HasNoData());
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_UnnamedPort_HasNoSrvRecordOfItsOwn(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [("_tcp." + DnsLab.Name("unnamed"), "SRV"), (DnsLab.Name("unnamed"), "SRV")]);
        replies[0].HasNoName();
        Assert.Equal([$"0 100 81 {DnsLab.Name("unnamed")}."], replies[1].Of("SRV"));
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_Srv_OfTheServiceItself_TellsEveryPort(Resolver by) =>
        Assert.Equal([$"0 100 53 {DnsLab.Name("web")}.", $"0 100 80 {DnsLab.Name("web")}."], (await lab.From("client1").AskAsync(by, DnsLab.Name("web"), "SRV")).Of("SRV"));

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Services")]
    public async Task Service_ClusterIps_LeadBackToItsName(Resolver by)
    {
        foreach (var address in (string[])[lab.ClusterIp("web"), lab.ClusterIp("web", IpFamily.V6)])
        {
            var replies = await lab.From("client3").AskAllAsync(by, [(DnsLab.Reverse(address), "PTR"), (DnsLab.Reverse(address), "TXT")]);
            Assert.Equal([$"{DnsLab.Reverse(address)}. 5 PTR {DnsLab.Name("web")}."], replies[0].Answers);
            Assert.Equal("NOERROR", replies[1].Status);
            Assert.Empty(replies[1].Answers);
            Assert.Single(replies[1].Authorities);
        }
    }

    /// <summary>What log files and ssh call "reverse look-up".</summary>
    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getnameinfo_FindsTheNames_OfServicesAndHeadlessEndpoints(Resolver by)
    {
        foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
        {
            Assert.Equal(DnsLab.Name("web"), await lab.From("client1").NameAsync(by, lab.ClusterIp("web", family)));
            Assert.Contains(await lab.From("client2").NameAsync(by, lab.PodIp("db-1", family)), (string[])[DnsLab.Name("db-1.db"), DnsLab.Name(DnsLab.Dashed(lab.PodIp("db-1", family)) + ".all")]);
            Assert.Equal("EAI_NONAME", await lab.From("client1").NameAsync(by, lab.PodIp("a", family)));
        }
    }
}
