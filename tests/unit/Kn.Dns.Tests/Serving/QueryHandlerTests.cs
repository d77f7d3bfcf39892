using Kn.Dns.Serving;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Tests.Zone;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Dns.Tests.Serving;

public sealed class QueryHandlerTests
{
    private static readonly IpAddress Pod = IpAddress.Parse("10.244.1.7");
    private static readonly IpAddress Stranger = IpAddress.Parse("203.0.113.9");

    [Fact]
    public void NameOfTheCluster_IsAnswered_AndCounted()
    {
        var rig = new Rig();
        Assert.Equal(["web.default.svc.cluster.local. 5 A 10.96.0.1"], rig.Ask("web.default.svc.cluster.local")!.Answers);
        Assert.Equal(1, rig.State.Counters.Events(ServingEvent.Cluster));
        Assert.Equal(1, rig.State.Counters.Queries(QueryTypes.IndexOf(DnsType.A)));
        Assert.Equal(1, rig.State.Counters.Responses(0));
    }

    [Fact]
    public void Stranger_IsRefused_WithNoMoreBytesThanItSent()
    {
        var rig = new Rig();
        var query = Messages.Query("web.default.svc.cluster.local", edns: new Edns(true, 0, 4096, false));
        var response = new byte[1280];
        var length = rig.Handler.Handle(query, Stranger, DnsTransport.Udp, response, rig.State, rig, 0);
        Assert.Equal(DnsRcode.Refused, Messages.Parse(response.AsSpan(0, length)).Rcode);
        Assert.True(length <= query.Length);
        Assert.Equal(1, rig.State.Counters.Events(ServingEvent.Stranger));
    }

    [Fact]
    public void GarbageAndResponses_GetSilence()
    {
        var rig = new Rig();
        var response = new byte[1280];
        Assert.Equal(0, rig.Handler.Handle([1, 2, 3], Pod, DnsTransport.Udp, response, rig.State, rig, 0));
        Assert.Equal(0, rig.Handler.Handle(Messages.Query("a", flags: DnsFlags.Response), Pod, DnsTransport.Udp, response, rig.State, rig, 0));
        Assert.Equal(2, rig.State.Counters.Events(ServingEvent.Silent));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(15)]
    [Conformance("dns", "Transport")]
    public void UnknownOpcode_IsNotImplemented(int opcode)
    {
        // RFC 1035 §4.1.1. What follows the header is the opcode's own affair: nothing of it is read, or sent back.
        var rig = new Rig();
        var query = Messages.Query("web.default.svc.cluster.local", flags: (DnsFlags)(opcode << 11));
        var response = new byte[1280];
        var length = rig.Handler.Handle(query, Pod, DnsTransport.Udp, response, rig.State, rig, 0);
        Assert.Equal(DnsHeader.Size, length);
        var header = DnsHeader.Read(response);
        Assert.Equal((0x1234, DnsRcode.NotImplemented, true, opcode), (header.Id, header.Rcode, header.IsResponse, header.Opcode));
        Assert.Empty(rig.Forwarder.Forwarded);
        Assert.Equal(1, rig.State.Counters.Events(ServingEvent.Malformed));
    }

    [Fact]
    public void OtherClass_IsRefused() => Assert.Equal(DnsRcode.Refused, new Rig().Ask("version.bind", DnsType.Txt, DnsClass.Ch)!.Rcode);

    [Fact]
    public void Flood_OfOneClient_IsDropped_AndOthersAreServed()
    {
        var rig = new Rig(rateLimit: 100);
        for (var number = 0; number < 150; number++)
        {
            rig.Ask("web.default.svc.cluster.local");
        }

        Assert.Equal(50, rig.State.Counters.Events(ServingEvent.Limited));
        Assert.NotNull(rig.Ask("web.default.svc.cluster.local", client: IpAddress.Parse("10.244.1.8")));
        rig.State.Now += 100;
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => rig.Ask("web.default.svc.cluster.local") is not null));

        // The node's own processes are its own affair.
        Assert.Equal(200, Enumerable.Range(0, 200).Count(_ => rig.Ask("web.default.svc.cluster.local", client: IpAddress.Loopback(IpFamily.V4)) is not null));
    }

    [Fact]
    public void NameOutside_ComesFromTheCache_OrLater()
    {
        var rig = new Rig();
        Assert.Null(rig.Ask("www.example.com"));
        Assert.Equal(["www.example.com. A"], rig.Forwarder.Forwarded);
        Assert.Equal(["www.example.com. 30 A 192.0.2.1"], Messages.Parse(rig.Late!).Answers);
        rig.Forwarder.IsCached = true;
        Assert.Equal(["www.example.com. 30 A 192.0.2.1"], rig.Ask("www.example.com")!.Answers);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ExternalName_IsFollowedByTheForwarder(bool isCached)
    {
        var rig = new Rig();
        rig.Forwarder.IsCached = isCached;
        var response = rig.Ask("EXT.default.svc.cluster.local") ?? Messages.Parse(rig.Late!);
        Assert.Equal("EXT.default.svc.cluster.local. A", response.Question);
        Assert.Equal(["EXT.default.svc.cluster.local. 5 CNAME www.example.com.", "www.example.com. 30 A 192.0.2.1"], response.Answers);
        Assert.Equal(0x1234, response.Header.Id);
    }

    [Fact]
    public void ZoneTransfer_IsNeverForwarded()
    {
        var rig = new Rig();
        Assert.Equal(DnsRcode.Refused, rig.Ask("example.com", DnsType.Axfr)!.Rcode);
        Assert.Empty(rig.Forwarder.Forwarded);
    }

    [Fact]
    public void HostsOfTheConfig_GoBeforeEverything()
    {
        var rig = new Rig(hosts: [new HostOptions { Name = "Registry.Example.com", Addresses = [IpAddress.Parse("192.0.2.7"), IpAddress.Parse("2001:db8::7")] }]);
        Assert.Equal(["registry.example.com. 30 A 192.0.2.7"], rig.Ask("registry.example.com")!.Answers);
        Assert.Equal(["registry.example.com. 30 AAAA 2001:db8::7"], rig.Ask("registry.example.com", DnsType.Aaaa)!.Answers);
        Assert.Empty(rig.Ask("registry.example.com", DnsType.Txt)!.Answers);
        Assert.Equal(["7.2.0.192.in-addr.arpa. 30 PTR registry.example.com."], rig.Ask("7.2.0.192.in-addr.arpa", DnsType.Ptr)!.Answers);
        Assert.Null(rig.Ask("www.example.com"));
    }

    [Fact]
    public void AnsweredQuery_AllocatesNothing_FromTheDatagramToTheResponse()
    {
        var rig = new Rig(rateLimit: 1_000_000);
        rig.Forwarder.IsCached = true;
        byte[][] queries =
        [
            Messages.Query("web.default.svc.cluster.local", edns: new Edns(true, 0, 1232, false)),
            Messages.Query("nobody.default.svc.cluster.local"),
            Messages.Query("1.0.96.10.in-addr.arpa", DnsType.Ptr),
            Messages.Query("ext.default.svc.cluster.local"),
            Messages.Query("a", @class: DnsClass.Ch),
            Messages.Query("a", edns: new Edns(true, 1, 1232, false)),
            [1, 2, 3],
        ];
        var response = new byte[1280];
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var query in queries)
            {
                rig.Handler.Handle(query, Pod, DnsTransport.Udp, response, rig.State, rig, 0);
                rig.Handler.Handle(query, Stranger, DnsTransport.Udp, response, rig.State, rig, 0);
            }

            // The first rounds compile and make the scratch buffers.
            Assert.True(round < 2 || GC.GetAllocatedBytesForCurrentThread() == before, $"{GC.GetAllocatedBytesForCurrentThread() - before} bytes");
        }
    }

    [Fact]
    public void SearchPath_IsWalkedForAPod_WhenTheConfigSaysSo()
    {
        var rig = new Rig(autopath: true);
        rig.Forwarder.IsCached = true;
        Assert.Equal(["web.other.default.svc.cluster.local. 5 CNAME web.other.svc.cluster.local.", "web.other.svc.cluster.local. 5 A 10.96.0.2"], rig.Ask("web.other.default.svc.cluster.local")!.Answers);
        Assert.Equal(["www.example.com.default.svc.cluster.local. 5 CNAME www.example.com.", "www.example.com. 30 A 192.0.2.1"], rig.Ask("www.example.com.default.svc.cluster.local")!.Answers);

        // What exists is as it is; and whoever is no pod, or asks in another namespace's path, walks by itself.
        Assert.Equal(["web.default.svc.cluster.local. 5 A 10.96.0.1"], rig.Ask("web.default.svc.cluster.local")!.Answers);
        Assert.Equal(DnsRcode.NameError, rig.Ask("www.example.com.other.svc.cluster.local")!.Rcode);
        Assert.Equal(DnsRcode.NameError, rig.Ask("www.example.com.svc.cluster.local")!.Rcode);
        Assert.Equal(DnsRcode.NameError, rig.Ask("www.example.com.default.svc.cluster.local", client: IpAddress.Parse("10.244.1.8"))!.Rcode);
        Assert.Equal(DnsRcode.NameError, new Rig().Ask("www.example.com.default.svc.cluster.local")!.Rcode);
    }

    [Fact]
    public void SearchPath_EndsAtAnUpstream_Later()
    {
        var rig = new Rig(autopath: true);
        Assert.Null(rig.Ask("www.example.com.default.svc.cluster.local"));
        Assert.Equal(["www.example.com. A"], rig.Forwarder.Forwarded);
        Assert.Equal(["www.example.com.default.svc.cluster.local. 5 CNAME www.example.com.", "www.example.com. 30 A 192.0.2.1"], Messages.Parse(rig.Late!).Answers);
    }

    [Fact]
    public void Clients_AreRangesOfBothFamilies()
    {
        var rules = new ClientRules();
        rules.Set([IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("10.244.0.0/24"), IpPrefix.Parse("10.244.0.128/25"), IpPrefix.Parse("fd00:244::/56"), IpPrefix.Parse("192.168.0.1/32")]);
        rules.SetOwn([IpAddress.Parse("10.96.0.10")]);
        foreach (var (text, expected) in ((string, bool)[])[
            ("10.244.0.0", true), ("10.244.1.255", true), ("10.244.2.0", false), ("10.243.255.255", false), ("192.168.0.1", true), ("192.168.0.2", false),
            ("fd00:244::1", true), ("fd00:244:0:100::", false), ("::1", true), ("127.9.9.9", true), ("10.96.0.10", true), ("10.96.0.11", false), ("0.0.0.0", false), ("::", false)])
        {
            Assert.True(rules.Allows(IpAddress.Parse(text)) == expected, text);
        }
    }

    /// <summary>REFUSED would make resolvers give up: SERVFAIL makes them come again.</summary>
    [Fact]
    public void Clients_BeforeTheClusterIsKnown_AreThoseOfTheConfig_AndOthersAreToldToComeAgain()
    {
        var rules = new ClientRules([IpPrefix.Parse("10.244.0.0/16")]);
        var rig = new Rig(clients: rules);
        Assert.Equal(DnsRcode.NoError, rig.Ask("web.default.svc.cluster.local")!.Rcode);
        Assert.Equal(DnsRcode.ServerFailure, rig.Ask("web.default.svc.cluster.local", client: IpAddress.Parse("10.245.0.1"))!.Rcode);
        rules.Set([IpPrefix.Parse("10.245.0.0/16")]);
        Assert.Equal(DnsRcode.Refused, rig.Ask("web.default.svc.cluster.local")!.Rcode);
        Assert.Equal(DnsRcode.NoError, rig.Ask("web.default.svc.cluster.local", client: IpAddress.Parse("10.245.0.1"))!.Rcode);
    }

    [Fact]
    public void AnswerThatDoesNotFitWithItsAliases_IsCut()
    {
        var rig = new Rig { Forwarder = { IsCached = true, Addresses = 40 } };
        Assert.True(rig.Ask("ext.default.svc.cluster.local")!.Header.IsTruncated);
    }

    private sealed class Rig : IReplySource, IReplyTo
    {
        public Rig(uint rateLimit = 0, ValueList<HostOptions> hosts = default, bool autopath = false, ClientRules? clients = null)
        {
            var other = Build.Service("web", "10.96.0.2");
            var zone = new ZoneRig(
                autopath ? PodRecords.Verified : PodRecords.Insecure,
                Build.Service("web", "10.96.0.1"),
                Build.ExternalName("ext", "www.example.com"),
                other with { Metadata = other.Metadata with { Namespace = "other" } },
                Build.Default with { Metadata = new ObjectMeta { Name = "other" } },
                Build.Pod("client", "10.244.1.7"));
            var rules = clients ?? new ClientRules();
            if (clients is null)
            {
                rules.Set([IpPrefix.Parse("10.244.0.0/16")]);
            }

            State = new ServingState(rateLimit, 1);
            var seconds = new MetricRegistry().Histogram("kn_dns_test_seconds", "Test.", Histogram.Seconds);
            Handler = new QueryHandler(zone.Responder, new StaticHosts(hosts), Forwarder, rules, new QueryLog(NullLogger.Instance, 0, TimeProvider.System, seconds, new LateCounters()), autopath ? new Autopath(zone.Settings, zone.Records) : null);
        }

        public QueryHandler Handler { get; }

        public ServingState State { get; }

        public FakeForwarder Forwarder { get; } = new();

        public byte[]? Late { get; private set; }

        public Response? Ask(string name, DnsType type = DnsType.A, DnsClass @class = DnsClass.In, IpAddress? client = null)
        {
            var response = new byte[1280];
            var length = Handler.Handle(Messages.Query(name, type, @class: @class), client ?? Pod, DnsTransport.Udp, response, State, this, 0);
            return length == 0 ? null : Messages.Parse(response.AsSpan(0, length));
        }

        public IReplyTo ReplyTo(int slot) => this;

        public void Reply(ReadOnlySpan<byte> response) => Late = response.ToArray();
    }

    private sealed class FakeForwarder : IForwarder
    {
        public bool IsCached { get; set; }

        public int Addresses { get; set; } = 1;

        public List<string> Forwarded { get; } = [];

        public int AnswerFromCache(in DnsQuery query, Span<byte> response) => IsCached ? Write(query, response) : 0;

        public void Forward(in DnsQuery query, IReplyTo client)
        {
            Forwarded.Add($"{DnsName.ToText(query.Name)} {query.Type.ToString().ToUpperInvariant()}");
            var response = new byte[query.ResponseLimit];
            client.Reply(response.AsSpan(0, Write(query, response)));
        }

        private int Write(in DnsQuery query, Span<byte> response)
        {
            var writer = new ResponseWriter(response, query);
            for (var number = 1; number <= Addresses; number++)
            {
                if (!writer.TryWriteAnswer(DnsType.A, 30, [192, 0, 2, (byte)number]))
                {
                    writer.Set(DnsFlags.Truncated);
                }
            }

            return writer.Finish(DnsRcode.NoError);
        }
    }
}
