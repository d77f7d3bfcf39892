using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Wire;

public sealed class ResponseWriterTests
{
    private static readonly byte[] Service = DnsName.Parse("web.default.svc.cluster.local");

    [Fact]
    public void Response_KeepsIdQuestionAndCase()
    {
        var query = Messages.Read(Messages.Query("WeB.default.SVC.cluster.local", edns: new Edns(true, 0, 1232, true)));
        var response = new byte[512];
        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.Authoritative);
        Assert.True(writer.TryWrite(DnsSection.Answer, Service, DnsType.A, 5, [10, 96, 0, 10]));
        var length = writer.Finish(DnsRcode.NoError);
        var parsed = Messages.Parse(response.AsSpan(0, length));
        Assert.Equal("WeB.default.SVC.cluster.local. A", parsed.Question);
        Assert.Equal(["WeB.default.SVC.cluster.local. 5 A 10.96.0.10"], parsed.Answers);
        Assert.Equal(["OPT 1232 00008000"], parsed.Additionals);
        Assert.Equal(DnsFlags.Response | DnsFlags.Authoritative | DnsFlags.RecursionDesired, parsed.Header.Flags);
        // 12 header, 35 question, 2 pointer, 10 fields, 4 address, 11 OPT.
        Assert.Equal(12 + 35 + 16 + 11, length);
    }

    [Fact]
    public void Names_AreCompressed_ButNotInSrv()
    {
        var query = Messages.Read(Messages.Query("_http._tcp.web.default.svc.cluster.local", DnsType.Srv));
        var response = new byte[512];
        var writer = new ResponseWriter(response, query);
        var target = DnsName.Parse("a-1.web.default.svc.cluster.local");
        Assert.True(writer.TryWritePlainName(DnsSection.Answer, query.Name, DnsType.Srv, 5, [0, 0, 0, 100, 0, 80], target));
        var before = writer.Position;
        Assert.True(writer.TryWrite(DnsSection.Additional, target, DnsType.A, 5, [10, 0, 0, 1]));
        Assert.Equal(16, writer.Position - before);
        var parsed = Messages.Parse(response.AsSpan(0, writer.Finish(DnsRcode.NoError)));
        Assert.Equal(["_http._tcp.web.default.svc.cluster.local. 5 SRV 0 100 80 a-1.web.default.svc.cluster.local."], parsed.Answers);
        Assert.Equal(["a-1.web.default.svc.cluster.local. 5 A 10.0.0.1"], parsed.Additionals);
    }

    [Fact]
    public void Soa_LeansOnTheQuestion()
    {
        var query = Messages.Read(Messages.Query("x.cluster.local"));
        var response = new byte[512];
        var writer = new ResponseWriter(response, query);
        var apex = DnsName.Parse("cluster.local");
        Assert.True(writer.TryWriteSoa(DnsSection.Authority, apex, 5, DnsName.Parse("ns.dns.cluster.local"), DnsName.Parse("hostmaster.cluster.local"), new byte[20]));
        var parsed = Messages.Parse(response.AsSpan(0, writer.Finish(DnsRcode.NameError)));
        Assert.Equal(["cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. minimum 0"], parsed.Authorities);
        Assert.Equal(DnsRcode.NameError, parsed.Rcode);
    }

    [Fact]
    public void RecordThatDoesNotFit_LeavesNoTrace()
    {
        var message = Messages.Query("web.default.svc.cluster.local", edns: new Edns(true, 0, 512, false));
        for (var size = 512; size < 600; size++)
        {
            var query = Messages.Read(message);
            var response = new byte[size];
            var writer = new ResponseWriter(response, query);
            var written = 0;
            while (writer.TryWriteName(DnsSection.Answer, DnsName.Parse($"n{written}.example.org"), DnsType.Cname, 5, DnsName.Parse($"m{written}.web.default.svc.cluster.local")))
            {
                written++;
            }

            var parsed = Messages.Parse(response.AsSpan(0, writer.Finish(DnsRcode.NoError)));
            Assert.Equal(written, parsed.Answers.Count);
            Assert.Equal("n0.example.org. 5 CNAME m0.web.default.svc.cluster.local.", parsed.Answers[0]);
            Assert.Single(parsed.Additionals);
        }
    }

    [Fact]
    public void Truncate_TakesEverythingBack()
    {
        var query = Messages.Read(Messages.Query("web.default.svc.cluster.local"));
        var response = new byte[512];
        var writer = new ResponseWriter(response, query);
        while (writer.TryWrite(DnsSection.Answer, Service, DnsType.A, 5, [10, 96, 0, 10]))
        {
        }

        writer.Truncate();
        var parsed = Messages.Parse(response.AsSpan(0, writer.Finish(DnsRcode.NoError)));
        Assert.True(parsed.Header.IsTruncated);
        Assert.Empty(parsed.Answers);
    }
}
