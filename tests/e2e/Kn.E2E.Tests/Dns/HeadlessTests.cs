using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>Names of Services without an address of their own, and of their endpoints. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class HeadlessTests(SpecificationLab lab)
{
    private static readonly string Db = DnsLab.Name("db");
    private static readonly string[] Members = ["db-0", "db-1", "plain"];

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_HasTheAddressesOfReadyEndpoints(Resolver by)
    {
        foreach (var client in SpecificationLab.Clients)
        {
            var replies = await lab.From(client).AskAllAsync(by, [(Db, "A"), (Db, "AAAA"), (DnsLab.Name("pair"), "A"), (DnsLab.Name("pair"), "AAAA")]);
            Assert.Equal(DnsLab.InOrder(Members.Select(pod => lab.PodIp(pod))), string.Join(' ', replies[0].Of("A")));
            Assert.Equal(DnsLab.InOrder(Members.Select(pod => lab.PodIp(pod, IpFamily.V6))), string.Join(' ', replies[1].Of("AAAA")));
            Assert.Equal(["10.250.0.1", "10.250.0.2", "10.250.0.3"], replies[2].Of("A"));
            Assert.Equal(["fd00:250::3"], replies[3].Of("AAAA"));
        }
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_WithoutReadyEndpoint_DoesNotExist(Resolver by) =>
        Assert.All(await lab.From("client1").AskAllAsync(by, [(DnsLab.Name("late"), "A"), (DnsLab.Name("late"), "AAAA"), ("_http._tcp." + DnsLab.Name("late"), "SRV")]), static reply => reply.HasNoName());

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_PublishNotReadyAddresses_TellsAllEndpoints(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [(DnsLab.Name("early"), "A"), (DnsLab.Name("sick.early"), "AAAA")]);
        Assert.Equal([lab.PodIp("sick")], replies[0].Of("A"));
        Assert.Equal([lab.PodIp("sick", IpFamily.V6)], replies[1].Of("AAAA"));
    }

    /// <summary>A pod has its hostname in the headless Service that is its subdomain; in others, and without one, it is called by its address.</summary>
    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_Endpoint_IsNamedByItsHostname_OrItsAddress(Resolver by)
    {
        var (plain, plain6) = (DnsLab.Dashed(lab.PodIp("plain")), DnsLab.Dashed(lab.PodIp("plain", IpFamily.V6)));
        var known = await lab.From("client2").AskAllAsync(
            by,
            [($"db-0.{Db}", "A"), ($"db-0.{Db}", "AAAA"), ($"{plain}.{Db}", "A"), ($"{plain6}.{Db}", "AAAA"), (DnsLab.Name(DnsLab.Dashed(lab.PodIp("db-0")) + ".all"), "A")]);
        Assert.Equal([$"db-0.{Db}. 5 A {lab.PodIp("db-0")}"], known[0].Answers);
        Assert.Equal([$"db-0.{Db}. 5 AAAA {lab.PodIp("db-0", IpFamily.V6)}"], known[1].Answers);
        Assert.Equal([$"{plain}.{Db}. 5 A {lab.PodIp("plain")}"], known[2].Answers);
        Assert.Equal([$"{plain6}.{Db}. 5 AAAA {lab.PodIp("plain", IpFamily.V6)}"], known[3].Answers);
        Assert.Equal([lab.PodIp("db-0")], known[4].Of("A"));
        (await lab.From("client2").AskAsync(by, $"{plain}.{Db}", "AAAA")).HasNoData();
        var unknown = await lab.From("client3").AskAllAsync(by, [($"{DnsLab.Dashed(lab.PodIp("db-0"))}.{Db}", "A"), ($"db-2.{Db}", "A"), ($"x.db-0.{Db}", "A"), (DnsLab.Name("db-0.all"), "A")]);
        Assert.All(unknown, static reply => reply.HasNoName());
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_EndpointsOfOneHostname_AreToldTogether(Resolver by) =>
        Assert.Equal(["10.250.0.1", "10.250.0.2"], (await lab.From("client1").AskAsync(by, DnsLab.Name("twin.pair"))).Of("A"));

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_NamedPorts_HaveAnSrvRecordAnEndpoint(Resolver by)
    {
        var reply = await lab.From("client3").AskAsync(by, "_http._tcp." + Db, "SRV");
        var (plain, plain6) = (DnsLab.Dashed(lab.PodIp("plain")), DnsLab.Dashed(lab.PodIp("plain", IpFamily.V6)));
        string[] targets = ["db-0", "db-1", plain, plain6];
        Assert.Equal(DnsLab.InOrder(targets), DnsLab.InOrder(reply.Of("SRV").Select(static data => data.Split(' ')[3].Replace($".{Db}.", "", StringComparison.Ordinal))));
        Assert.All(reply.Of("SRV"), static data => Assert.Matches("^0 [0-9]+ 8080 ", data));
        Assert.InRange(reply.Of("SRV").Sum(static data => int.Parse(data.Split(' ')[1])), 97, 100);
        Assert.Equal(lab.PodIps(Members), DnsLab.InOrder(reply.Additionals.Select(static record => record.Split(' ')[3])));
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task Headless_EndpointAddresses_LeadBackToTheirNames_OneAService(Resolver by)
    {
        foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
        {
            var address = lab.PodIp("db-0", family);
            var names = (await lab.From("client2").AskAsync(by, DnsLab.Reverse(address), "PTR")).Of("PTR");
            Assert.Equal(DnsLab.InOrder([$"db-0.{Db}.", DnsLab.Name(DnsLab.Dashed(address) + ".all") + "."]), DnsLab.InOrder(names));
        }
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Headless Services")]
    public async Task EndpointsOfOtherServices_HaveNoNames(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [(DnsLab.Name("a.web"), "A"), (DnsLab.Name(DnsLab.Dashed(lab.PodIp("a")) + ".web"), "A"), (DnsLab.Reverse(lab.PodIp("a")), "PTR")]);
        replies[0].HasNoName();
        replies[1].HasNoName();

        // Whose address it is nobody in the cluster says: perhaps an upstream does.
        Assert.Equal("NXDOMAIN", replies[2].Status);
        Assert.DoesNotContain(replies[2].Authorities, static record => record.Contains(DnsLab.Zone, StringComparison.Ordinal));
    }
}
