namespace Kn.E2E.Tests.Dns;

/// <summary>The cluster's zone itself. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ZoneTests(SpecificationLab lab)
{
    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task SchemaVersion_Is110(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [("dns-version." + DnsLab.Zone, "TXT"), ("dns-version." + DnsLab.Zone, "A")]);
        Assert.Equal(["dns-version.cluster.local. 5 TXT \"1.1.0\""], replies[0].Answers);
        replies[1].HasNoData();
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task NameWithNamesBelow_Exists_AndHasNothing(Resolver by)
    {
        // Where there are no pod records, nothing is below names.pod either.
        string[] names = ["cluster.local", "svc.cluster.local", "pod.cluster.local", "names.svc.cluster.local", "dns.cluster.local", "_tcp." + DnsLab.Name("web")];
        (await lab.From("client1").AskAsync(by, "names.pod.cluster.local")).HasNoData();
        (await lab.From("client3").AskAsync(by, "names.pod.cluster.local")).HasNoName();
        foreach (var client in SpecificationLab.Clients)
        {
            Assert.All(await lab.From(client).AskAllAsync(by, [.. names.Select(static name => (name, "A"))]), static reply => reply.HasNoData());
        }
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task UnknownName_DoesNotExist(Resolver by)
    {
        string[] names =
        [
            "x.cluster.local", "web.cluster.local", "nowhere.svc.cluster.local", "nowhere.pod.cluster.local", DnsLab.Name("nobody"), "x." + DnsLab.Name("web"),
            "a.b.c." + DnsLab.Name("web"), $"{new string('x', 63)}.{new string('y', 63)}.{new string('z', 63)}." + DnsLab.Name("w"), DnsLab.Name("web") + ".svc.cluster.local", "web.elsewhere.svc.cluster.local",
        ];
        foreach (var type in (string[])["A", "AAAA", "SRV"])
        {
            Assert.All(await lab.From("client3").AskAllAsync(by, [.. names.Select(name => (name, type))]), static reply => reply.HasNoName());
        }
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task Apex_HasSoaAndNs_AndTheServerAddresses(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [(DnsLab.Zone, "SOA"), (DnsLab.Zone, "NS"), ("ns.dns.cluster.local", "A"), ("ns.dns.cluster.local", "AAAA")]);
        Assert.StartsWith("cluster.local. 5 SOA ns.dns.cluster.local.", Assert.Single(replies[0].Answers), StringComparison.Ordinal);
        Assert.Equal(["cluster.local. 5 NS ns.dns.cluster.local."], replies[1].Answers);
        Assert.Equal([$"ns.dns.cluster.local. 5 A {lab.Servers[0]}", $"ns.dns.cluster.local. 5 AAAA {lab.Servers[1]}"], replies[1].Additionals.Order(StringComparer.Ordinal));
        Assert.Equal(replies[1].Additionals.Order(StringComparer.Ordinal), replies[2].Answers.Concat(replies[3].Answers));
    }

    [Theory]
    [EveryTool]
    [Conformance("dns", "Zone")]
    public async Task ZoneTransfers_AreRefused(Resolver by)
    {
        var client = lab.From("client1");
        var transfer = await client.RunAsync(by == Resolver.Dig ? "dig" : "kdig", DnsLab.Zone, "AXFR");
        Assert.Contains(by == Resolver.Dig ? "Transfer failed" : "server replied with error 'REFUSED'", transfer.Output + transfer.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("10.96.", transfer.Output.Replace(lab.Servers[0], "", StringComparison.Ordinal), StringComparison.Ordinal);
        var asIncrement = await client.RunAsync(by == Resolver.Dig ? "dig" : "kdig", "+tcp", DnsLab.Zone, "IXFR=1");
        Assert.DoesNotContain("SOA\tns.dns", asIncrement.Output, StringComparison.Ordinal);
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task QuestionForAnything_GetsOneSmallRecord(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [(DnsLab.Name("web"), "ANY"), (DnsLab.Name("nobody"), "ANY")]);
        Assert.Contains(" HINFO \"RFC8482\" \"\"", Assert.Single(replies[0].Answers), StringComparison.Ordinal);
        replies[1].HasNoName();
    }

    /// <summary>Resolvers that send letters in random case (0x20) take only answers that repeat theirs. kdig asks in lower case whatever it is told.</summary>
    [Theory]
    [InlineData(Resolver.Dig)]
    [InlineData(Resolver.Glibc)]
    [InlineData(Resolver.Musl)]
    [Conformance("dns", "Zone")]
    public async Task CaseOfTheQuestion_DoesNotMatter_AndIsKept(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [("WeB.NAMES.sVc.cLuStEr.LoCaL", "A"), ("dB-0.Db.names.SVC.cluster.local", "A"), ("_HTTP._Tcp.weB.names.svc.cluster.local", "SRV")]);
        Assert.Equal([$"WeB.NAMES.sVc.cLuStEr.LoCaL. 5 A {lab.ClusterIp("web")}"], replies[0].Answers);
        Assert.Equal([$"dB-0.Db.names.SVC.cluster.local. 5 A {lab.PodIp("db-0")}"], replies[1].Answers);
        Assert.StartsWith("_HTTP._Tcp.weB.names.svc.cluster.local. 5 SRV 0 100 80 web.names.svc.", Assert.Single(replies[2].Answers), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Zone")]
    public async Task NamesOutsideTheZone_AreNotItsBusiness(Resolver by)
    {
        var replies = await lab.From("client1").AskAllAsync(by, [("www.example", "A"), ("xcluster.local", "A"), ("9.9.9.9.in-addr.arpa", "PTR"), ("nobody.example", "A"), ("four.example", "AAAA")]);
        Assert.Equal(["192.0.2.80"], replies[0].Of("A"));
        Assert.Equal(["192.0.2.7"], replies[1].Of("A"));
        Assert.Equal(["nine.example."], replies[2].Of("PTR"));
        Assert.Equal(("NXDOMAIN", "NOERROR"), (replies[3].Status, replies[4].Status));
        Assert.All(replies.TakeLast(2), static reply => Assert.StartsWith("example. ", Assert.Single(reply.Authorities), StringComparison.Ordinal));
    }
}
