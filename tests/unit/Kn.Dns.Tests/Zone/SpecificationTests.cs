using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

/// <summary>Kubernetes DNS-Based Service Discovery 1.1.0, rule by rule.</summary>
public sealed class SpecificationTests
{
    private const string Soa = "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. minimum 5";

    [Fact]
    [Conformance("dns", "Zone")]
    public void SchemaVersion_Is110()
    {
        var zone = new ZoneRig();
        Assert.Equal(["dns-version.cluster.local. 5 TXT \"1.1.0\""], zone.Ask("dns-version.cluster.local", DnsType.Txt).Answers);
        NoData(zone.Ask("dns-version.cluster.local", DnsType.A));
    }

    [Fact]
    [Conformance("dns", "Services")]
    public void Service_HasItsClusterIps_EachFamilyInItsType()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1", "fd00:96::1"), Build.Service("old", "10.96.0.2"));
        Assert.Equal(["web.default.svc.cluster.local. 5 A 10.96.0.1"], zone.Ask("web.default.svc.cluster.local").Answers);
        Assert.Equal(["web.default.svc.cluster.local. 5 AAAA fd00:96::1"], zone.Ask("web.default.svc.cluster.local", DnsType.Aaaa).Answers);
        NoData(zone.Ask("old.default.svc.cluster.local", DnsType.Aaaa));
        NoData(zone.Ask("old.default.svc.cluster.local", DnsType.Mx));
    }

    [Fact]
    [Conformance("dns", "Services")]
    public void Service_IsAnsweredWithoutAnyEndpoint() =>
        Assert.Equal(DnsRcode.NoError, new ZoneRig(Build.Service("web", "10.96.0.1")).Ask("web.default.svc.cluster.local").Rcode);

    [Fact]
    [Conformance("dns", "Services")]
    public void Service_NamedPorts_HaveSrvRecords()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1", "fd00:96::1"));
        var response = zone.Ask("_http._tcp.web.default.svc.cluster.local", DnsType.Srv);
        Assert.Equal(["_http._tcp.web.default.svc.cluster.local. 5 SRV 0 100 80 web.default.svc.cluster.local."], response.Answers);
        Assert.Equal(["web.default.svc.cluster.local. 5 A 10.96.0.1", "web.default.svc.cluster.local. 5 AAAA fd00:96::1"], response.Additionals);
        NoName(zone.Ask("_http._udp.web.default.svc.cluster.local", DnsType.Srv));
        NoName(zone.Ask("_https._tcp.web.default.svc.cluster.local", DnsType.Srv));
        NoData(zone.Ask("_http._tcp.web.default.svc.cluster.local"));
        NoData(zone.Ask("_tcp.web.default.svc.cluster.local", DnsType.Srv));
        NoName(zone.Ask("_sctp.web.default.svc.cluster.local", DnsType.Srv));
    }

    [Fact]
    [Conformance("dns", "Services")]
    public void Service_UnnamedPort_HasNoSrvRecordOfItsOwn()
    {
        var service = Build.Service("web", "10.96.0.1") with { Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0)] };
        var zone = new ZoneRig(service);
        NoName(zone.Ask("_tcp.web.default.svc.cluster.local", DnsType.Srv));
        Assert.Single(zone.Ask("web.default.svc.cluster.local", DnsType.Srv).Answers);
    }

    [Fact]
    [Conformance("dns", "Services")]
    public void Service_Srv_OfTheServiceItself_TellsEveryPort() =>
        Assert.Equal(
            ["web.default.svc.cluster.local. 5 SRV 0 100 80 web.default.svc.cluster.local.", "web.default.svc.cluster.local. 5 SRV 0 100 53 web.default.svc.cluster.local."],
            new ZoneRig(Build.Service("web", "10.96.0.1")).Ask("web.default.svc.cluster.local", DnsType.Srv).Answers);

    [Theory]
    [InlineData("1.0.96.10.in-addr.arpa")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa")]
    [Conformance("dns", "Services")]
    public void Service_ClusterIps_LeadBackToItsName(string name)
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1", "fd00:96::1"));
        Assert.Equal([$"{name}. 5 PTR web.default.svc.cluster.local."], zone.Ask(name, DnsType.Ptr).Answers);
        var other = zone.Ask(name, DnsType.Txt);
        Assert.Equal(DnsRcode.NoError, other.Rcode);
        Assert.Empty(other.Answers);
        Assert.Single(other.Authorities);
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_HasTheAddressesOfReadyEndpoints()
    {
        var zone = new ZoneRig(
            Build.Headless("db"),
            Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.2"), Build.Endpoint("10.244.1.3"), Build.Endpoint("10.244.1.4", ready: false)),
            Build.Slice("db", IpFamily.V6, Build.Endpoint("fd00:244::2")));
        Assert.Equal(["db.default.svc.cluster.local. 5 A 10.244.1.2", "db.default.svc.cluster.local. 5 A 10.244.1.3"], zone.Ask("db.default.svc.cluster.local").Answers.Order(StringComparer.Ordinal));
        Assert.Equal(["db.default.svc.cluster.local. 5 AAAA fd00:244::2"], zone.Ask("db.default.svc.cluster.local", DnsType.Aaaa).Answers);
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_WithoutReadyEndpoint_DoesNotExist()
    {
        var zone = new ZoneRig(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.4", ready: false)));
        NoName(zone.Ask("db.default.svc.cluster.local"));
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_PublishNotReadyAddresses_TellsAllEndpoints() =>
        Assert.Single(new ZoneRig(Build.Headless("db", publishNotReady: true), Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.4", ready: false)))
            .Ask("db.default.svc.cluster.local").Answers);

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_Endpoint_IsNamedByItsHostname_OrItsAddress()
    {
        var zone = new ZoneRig(
            Build.Headless("db"),
            Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.2", "db-0"), Build.Endpoint("10.244.1.3")),
            Build.Slice("db", IpFamily.V6, Build.Endpoint("fd00:244::2", "db-0"), Build.Endpoint("fd00:244::3")));
        Assert.Equal(["db-0.db.default.svc.cluster.local. 5 A 10.244.1.2"], zone.Ask("db-0.db.default.svc.cluster.local").Answers);
        Assert.Equal(["DB-0.db.default.svc.cluster.local. 5 AAAA fd00:244::2"], zone.Ask("DB-0.db.default.svc.cluster.local", DnsType.Aaaa).Answers);
        Assert.Equal(["10-244-1-3.db.default.svc.cluster.local. 5 A 10.244.1.3"], zone.Ask("10-244-1-3.db.default.svc.cluster.local").Answers);
        Assert.Equal(["fd00-244--3.db.default.svc.cluster.local. 5 AAAA fd00:244::3"], zone.Ask("fd00-244--3.db.default.svc.cluster.local", DnsType.Aaaa).Answers);
        NoData(zone.Ask("10-244-1-3.db.default.svc.cluster.local", DnsType.Aaaa));
        NoName(zone.Ask("10-244-1-2.db.default.svc.cluster.local"));
        NoName(zone.Ask("db-1.db.default.svc.cluster.local"));
        NoName(zone.Ask("x.db-0.db.default.svc.cluster.local"));
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_EndpointsOfOneHostname_AreToldTogether() =>
        Assert.Equal(2, new ZoneRig(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.2", "a"), Build.Endpoint("10.244.1.3", "a")))
            .Ask("a.db.default.svc.cluster.local").Answers.Count);

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_NamedPorts_HaveAnSrvRecordAnEndpoint()
    {
        var zone = new ZoneRig(
            Build.Headless("db"),
            Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.2", "db-0"), Build.Endpoint("10.244.1.3")),
            Build.Slice("db", IpFamily.V6, Build.Endpoint("fd00:244::2", "db-0")));
        var response = zone.Ask("_http._tcp.db.default.svc.cluster.local", DnsType.Srv, edns: new Edns(true, 0, 1232, false));
        Assert.Equal(
            [
                "_http._tcp.db.default.svc.cluster.local. 5 SRV 0 50 8080 10-244-1-3.db.default.svc.cluster.local.",
                "_http._tcp.db.default.svc.cluster.local. 5 SRV 0 50 8080 db-0.db.default.svc.cluster.local.",
            ],
            response.Answers.Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                "10-244-1-3.db.default.svc.cluster.local. 5 A 10.244.1.3",
                "OPT 1232 00000000",
                "db-0.db.default.svc.cluster.local. 5 A 10.244.1.2",
                "db-0.db.default.svc.cluster.local. 5 AAAA fd00:244::2",
            ],
            response.Additionals.Order(StringComparer.Ordinal));
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void Headless_EndpointAddresses_LeadBackToTheirNames_OneAService()
    {
        var zone = new ZoneRig(
            Build.Headless("db"), Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.2", "db-0")),
            Build.Headless("all"), Build.Slice("all", IpFamily.V4, Build.Endpoint("10.244.1.2")));
        Assert.Equal(
            ["2.1.244.10.in-addr.arpa. 5 PTR 10-244-1-2.all.default.svc.cluster.local.", "2.1.244.10.in-addr.arpa. 5 PTR db-0.db.default.svc.cluster.local."],
            zone.Ask("2.1.244.10.in-addr.arpa", DnsType.Ptr).Answers.Order(StringComparer.Ordinal));
    }

    [Fact]
    [Conformance("dns", "Headless Services")]
    public void EndpointsOfOtherServices_HaveNoNames()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1"), Build.Slice("web", IpFamily.V4, Build.Endpoint("10.244.1.2", "web-0")));
        NoName(zone.Ask("web-0.web.default.svc.cluster.local"));
        Assert.False(zone.IsOurs("2.1.244.10.in-addr.arpa", DnsType.Ptr));
    }

    [Fact]
    [Conformance("dns", "External names")]
    public void ExternalName_IsAnAlias()
    {
        var zone = new ZoneRig(Build.ExternalName("ext", "www.example.com"));
        foreach (var type in (DnsType[])[DnsType.A, DnsType.Aaaa, DnsType.Cname, DnsType.Txt])
        {
            Assert.Equal(["ext.default.svc.cluster.local. 5 CNAME www.example.com."], zone.Ask("ext.default.svc.cluster.local", type).Answers);
        }

        NoName(zone.Ask("www.ext.default.svc.cluster.local"));
        NoName(zone.Ask("_http._tcp.ext.default.svc.cluster.local", DnsType.Srv));
    }

    [Fact]
    [Conformance("dns", "External names")]
    public void ExternalName_OfANameInTheZone_IsFollowedAtOnce()
    {
        var zone = new ZoneRig(
            Build.ExternalName("a", "b.default.svc.cluster.local"),
            Build.ExternalName("b", "web.default.svc.cluster.local."),
            Build.ExternalName("lost", "nobody.default.svc.cluster.local"),
            Build.Service("web", "10.96.0.1"));
        Assert.Equal(
            [
                "A.default.svc.cluster.local. 5 CNAME b.default.svc.cluster.local.",
                "b.default.svc.cluster.local. 5 CNAME web.default.svc.cluster.local.",
                "web.default.svc.cluster.local. 5 A 10.96.0.1",
            ],
            zone.Ask("A.default.svc.cluster.local").Answers);
        var lost = zone.Ask("lost.default.svc.cluster.local");
        Assert.Equal(DnsRcode.NameError, lost.Rcode);
        Assert.Single(lost.Answers);
        Assert.Equal([Soa], lost.Authorities);
    }

    [Fact]
    public void ExternalNames_InACircle_End()
    {
        var zone = new ZoneRig(Build.ExternalName("a", "b.default.svc.cluster.local"), Build.ExternalName("b", "a.default.svc.cluster.local"));
        Assert.Equal(8, zone.Ask("a.default.svc.cluster.local", edns: new Edns(true, 0, 1232, false)).Answers.Count);
    }

    [Fact]
    public void ExternalName_ThatIsNone_IsAProblem()
    {
        var zone = new ZoneRig(Build.ExternalName("bad", "a..b"));
        NoName(zone.Ask("bad.default.svc.cluster.local"));
        Assert.Single(zone.Problems);
    }

    [Theory]
    [InlineData("cluster.local")]
    [InlineData("svc.cluster.local")]
    [InlineData("pod.cluster.local")]
    [InlineData("default.svc.cluster.local")]
    [InlineData("default.pod.cluster.local")]
    [InlineData("dns.cluster.local")]
    [Conformance("dns", "Zone")]
    public void NameWithNamesBelow_Exists_AndHasNothing(string name) => NoData(new ZoneRig(Build.Service("web", "10.96.0.1")).Ask(name));

    [Theory]
    [InlineData("x.cluster.local")]
    [InlineData("web.cluster.local")]
    [InlineData("other.svc.cluster.local")]
    [InlineData("other.pod.cluster.local")]
    [InlineData("nobody.default.svc.cluster.local")]
    [InlineData("x.web.default.svc.cluster.local")]
    [InlineData("a.b.c.web.default.svc.cluster.local")]
    [InlineData("web.default.svc.cluster.local.svc.cluster.local")]
    [Conformance("dns", "Zone")]
    public void UnknownName_DoesNotExist(string name) => NoName(new ZoneRig(Build.Service("web", "10.96.0.1")).Ask(name));

    [Fact]
    [Conformance("dns", "Zone")]
    public void Apex_HasSoaAndNs_AndTheServerAddresses()
    {
        var zone = new ZoneRig();
        Assert.Equal([Soa], zone.Ask("cluster.local", DnsType.Soa).Answers);
        var ns = zone.Ask("cluster.local", DnsType.Ns);
        Assert.Equal(["cluster.local. 5 NS ns.dns.cluster.local."], ns.Answers);
        Assert.Equal(["ns.dns.cluster.local. 5 A 10.96.0.10", "ns.dns.cluster.local. 5 AAAA fd00:96::a"], ns.Additionals);
        Assert.Equal(["ns.dns.cluster.local. 5 A 10.96.0.10"], zone.Ask("ns.dns.cluster.local").Answers);
    }

    [Fact]
    [Conformance("dns", "Zone")]
    public void ZoneTransfers_AreRefused()
    {
        Assert.Equal(DnsRcode.Refused, new ZoneRig().Ask("cluster.local", DnsType.Axfr).Rcode);
        Assert.Equal(DnsRcode.Refused, new ZoneRig().Ask("cluster.local", DnsType.Ixfr).Rcode);
    }

    [Fact]
    [Conformance("dns", "Zone")]
    public void QuestionForAnything_GetsOneSmallRecord()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1"));
        Assert.Equal(["web.default.svc.cluster.local. 5 HINFO 075246433834383200"], zone.Ask("web.default.svc.cluster.local", DnsType.Any).Answers);
        NoName(zone.Ask("nobody.default.svc.cluster.local", DnsType.Any));
    }

    [Fact]
    [Conformance("dns", "Zone")]
    public void BeforeTheClusterIsKnown_TheServerFails()
    {
        var settings = new ZoneSettings("cluster.local");
        var responder = new ZoneResponder(settings, new ZoneRecords(), new ClusterDnsAddresses());
        uint random = 1;
        foreach (var name in (string[])["web.default.svc.cluster.local", "nobody.cluster.local", "cluster.local", "1.0.96.10.in-addr.arpa"])
        {
            var answer = responder.Answer(Messages.Read(Messages.Query(name, DnsType.Ptr)), new byte[512], ref random);
            Assert.Equal(DnsRcode.ServerFailure, answer.Rcode);
        }

        Assert.Equal(0, responder.Answer(Messages.Read(Messages.Query("example.com")), new byte[512], ref random).Length);
    }

    [Fact]
    [Conformance("dns", "Pods")]
    public void PodRecords_Insecure_EchoTheAddress()
    {
        var zone = new ZoneRig(PodRecords.Insecure);
        Assert.Equal(["1-2-3-4.default.pod.cluster.local. 5 A 1.2.3.4"], zone.Ask("1-2-3-4.default.pod.cluster.local").Answers);
        Assert.Equal(["fd00--1.default.pod.cluster.local. 5 AAAA fd00::1"], zone.Ask("fd00--1.default.pod.cluster.local", DnsType.Aaaa).Answers);
        NoData(zone.Ask("1-2-3-4.default.pod.cluster.local", DnsType.Aaaa));
        NoName(zone.Ask("1-2-3-4.other.pod.cluster.local"));
        NoName(zone.Ask("1-2-3.default.pod.cluster.local"));
        NoName(zone.Ask("x.1-2-3-4.default.pod.cluster.local"));
    }

    [Fact]
    [Conformance("dns", "Pods")]
    public void PodRecords_Verified_NeedAPodOfThatAddressInTheNamespace()
    {
        var zone = new ZoneRig(PodRecords.Verified, Build.Pod("a", "10.244.1.2", "fd00:244::2"), Build.Pod("done", "10.244.1.3") with { Phase = "Succeeded" });
        Assert.Single(zone.Ask("10-244-1-2.default.pod.cluster.local").Answers);
        Assert.Single(zone.Ask("fd00-244--2.default.pod.cluster.local", DnsType.Aaaa).Answers);
        NoName(zone.Ask("10-244-1-3.default.pod.cluster.local"));
        NoName(zone.Ask("10-244-1-4.default.pod.cluster.local"));
    }

    [Fact]
    [Conformance("dns", "Pods")]
    public void PodRecords_Disabled_DoNotExist() => NoName(new ZoneRig(PodRecords.Disabled).Ask("1-2-3-4.default.pod.cluster.local"));

    [Fact]
    [Conformance("dns", "Zone")]
    public void NamesOutsideTheZone_AreNotItsBusiness()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1"));
        Assert.False(zone.IsOurs("example.com", DnsType.A));
        Assert.False(zone.IsOurs("xcluster.local", DnsType.A));
        Assert.False(zone.IsOurs("local", DnsType.A));
        Assert.False(zone.IsOurs("9.9.9.9.in-addr.arpa", DnsType.Ptr));
        Assert.False(zone.IsOurs("9.in-addr.arpa", DnsType.Ptr));
    }

    private static void NoData(Response response)
    {
        Assert.Equal(DnsRcode.NoError, response.Rcode);
        Assert.Empty(response.Answers);
        Assert.Equal([Soa], response.Authorities);
    }

    private static void NoName(Response response)
    {
        Assert.Equal(DnsRcode.NameError, response.Rcode);
        Assert.Empty(response.Answers);
        Assert.Equal([Soa], response.Authorities);
    }
}
