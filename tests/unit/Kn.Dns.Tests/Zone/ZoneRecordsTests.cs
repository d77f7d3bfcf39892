using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

public sealed class ZoneRecordsTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void ChangesOneByOne_EndAsPlanningFromNothing(int seed)
    {
        var random = new Random(seed);
        var zone = new ZoneRig(PodRecords.Verified);
        for (var step = 0; step < 400; step++)
        {
            var after = RandomObject(random);
            var before = ResourceKinds.Of(after).Find(zone.Cluster, after.Key);
            zone.Change(before, before is not null && random.Next(3) == 0 ? null : after);
            if (step % 20 == 0)
            {
                AssertSame(zone, new ZoneRig(PodRecords.Verified, Everything(zone.Cluster)));
            }
        }
    }

    [Theory]
    [InlineData("web.default.svc.cluster.local", "\u0003web\u0007default")]
    [InlineData("WEB.Default.svc.cluster.local", "\u0003web\u0007default")]
    [InlineData("x.y", "\u0001x\u0001y")]
    public void PlaceOfAQuery_IsThatOfItsServicesLabels(string name, string labels)
    {
        var message = Messages.Query(name);
        Assert.Equal(DnsName.Hash(System.Text.Encoding.ASCII.GetBytes(labels)), ZoneResponder.PlaceOf(message));
        for (var length = 0; length <= message.Length; length++)
        {
            // Whatever is cut: a number, never a read behind the end.
            _ = ZoneResponder.PlaceOf(message.AsSpan(0, length).ToArray());
        }
    }

    /// <summary>Names that fit into the piece itself, that just do, that just do not, and the longest.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(38)]
    [InlineData(39)]
    [InlineData(63)]
    public void ServiceOfAnyLength_IsFound_AndNoOtherIsTakenForIt(int length)
    {
        var (name, other) = (new string('a', length), new string('a', length - 1) + "b");
        var zone = new ZoneRig(Build.Service(name, "10.96.0.1", "fd00::1"));
        Assert.Single(zone.Ask($"{name}.default.svc.cluster.local").Answers);
        Assert.Single(zone.Ask($"{name.ToUpperInvariant()}.Default.svc.cluster.local", DnsType.Aaaa).Answers);
        Assert.Equal(DnsRcode.NameError, zone.Ask($"{other}.default.svc.cluster.local").Rcode);
    }

    [Fact]
    public void PiecesAreEqual_ByWhatTheySay()
    {
        static ServicePiece Piece(string label, params string[] addresses) => new() { Labels = ValueList.Create<byte>(System.Text.Encoding.ASCII.GetBytes(label)), Addresses = addresses.Select(static text => IpAddress.Parse(text)).ToValueList() };
        Assert.Equal(Piece("\u0003web", "10.96.0.1", "fd00::1"), Piece("\u0003web", "10.96.0.1", "fd00::1"));
        Assert.Equal(Piece("\u0003web", "10.96.0.1").GetHashCode(), Piece("\u0003web", "10.96.0.1").GetHashCode());
        Assert.NotEqual(Piece("\u0003web", "10.96.0.1"), Piece("\u0003api", "10.96.0.1"));
        Assert.NotEqual(Piece("\u0003web", "10.96.0.1"), Piece("\u0003web", "10.96.0.2"));
        var changed = Piece("\u0003web", "10.96.0.1") with { Addresses = [IpAddress.Parse("10.96.0.9")] };
        Assert.Equal(IpAddress.Parse("10.96.0.9"), IpAddress.FromV4(changed.OnlyV4!.Value));
        Assert.False(changed.Has(IpFamily.V6));
    }

    [Fact]
    public void ReadingAhead_LooksAtNothingButWhatIsThere()
    {
        var zone = new ZoneRig(Build.Service("web", "10.96.0.1"), Build.Service("api", "10.96.0.2", "fd00::2"));
        ulong[] places = [.. ((string[])["web.default.svc.cluster.local", "none.default.svc.cluster.local", "api.default.svc.cluster.local"]).Select(static name => ZoneResponder.PlaceOf(Messages.Query(name)))];
        var all = zone.Responder.ReadAhead(places);
        Assert.Equal(zone.Responder.ReadAhead([places[0]]) + zone.Responder.ReadAhead([places[1]]) + zone.Responder.ReadAhead([places[2]]), all);
        Assert.NotEqual(zone.Responder.ReadAhead([places[0]]), zone.Responder.ReadAhead([places[1]]));
    }

    [Fact]
    public void Readers_AlwaysSeeWhatDoesNotChange()
    {
        var zone = new ZoneRig([.. Enumerable.Range(0, 500).Select(static number => Build.Service($"stay-{number}", $"10.96.{number / 250}.{(number % 250) + 1}"))]);
        using var stop = new CancellationTokenSource();
        var faults = 0;
        var answered = 0;
        var readers = Enumerable.Range(0, 2).Select(reader => new Thread(() =>
        {
            uint random = (uint)reader + 1;
            var response = new byte[512];
            for (var number = reader; !stop.IsCancellationRequested; number = (number + 7) % 500)
            {
                var answer = zone.Responder.Answer(Messages.Read(Messages.Query($"stay-{number}.default.svc.cluster.local")), response, ref random);
                faults += answer.Rcode == DnsRcode.NoError && Messages.Parse(response.AsSpan(0, answer.Length)).Answers.Count == 1 ? 0 : 1;
                Interlocked.Increment(ref answered);
            }
        })).ToList();
        readers.ForEach(static reader => reader.Start());
        var random = new Random(5);
        // Growth, tombstones and moves under the readers' eyes: and the names that stay are replaced, too.
        for (var step = 0; step < 30_000 || (Volatile.Read(ref answered) < 20_000 && step < 3_000_000); step++)
        {
            var number = random.Next(3000);
            var service = number < 500 ? Build.Service($"stay-{number}", $"10.96.{number / 250}.{(number % 250) + 1}", $"fd00::{random.Next(9999)}") : Build.Service($"go-{number}", $"10.97.{number / 250}.{(number % 250) + 1}");
            var before = zone.Cluster.Services.Find(service.Key);
            zone.Change(before, number >= 500 && before is not null ? null : service);
        }

        stop.Cancel();
        readers.ForEach(static reader => reader.Join());
        Assert.Equal(0, faults);
    }

    [Fact]
    public void AnsweredClusterQuery_AllocatesNothing()
    {
        var zone = new ZoneRig(
            PodRecords.Verified,
            Build.Service("web", "10.96.0.1", "fd00:96::1"),
            Build.ExternalName("alias", "web.default.svc.cluster.local"),
            Build.ExternalName("ext", "example.com"),
            Build.Headless("db"),
            Build.Slice("db", IpFamily.V4, Enumerable.Range(1, 20).Select(static number => Build.Endpoint($"10.244.1.{number}", number % 2 == 0 ? $"db-{number}" : null))),
            Build.Slice("db", IpFamily.V6, Build.Endpoint("fd00:244::2")),
            Build.Pod("pod", "10.244.1.1"));
        string[] names =
        [
            "web.default.svc.cluster.local", "WEB.default.svc.cluster.local", "alias.default.svc.cluster.local", "ext.default.svc.cluster.local", "db.default.svc.cluster.local", "db-2.db.default.svc.cluster.local",
            "10-244-1-3.db.default.svc.cluster.local", "fd00-244--2.db.default.svc.cluster.local", "_http._tcp.web.default.svc.cluster.local", "_http._tcp.db.default.svc.cluster.local", "nobody.default.svc.cluster.local",
            "10-244-1-1.default.pod.cluster.local", "fd00--1.default.pod.cluster.local", "cluster.local", "dns-version.cluster.local", "ns.dns.cluster.local", "1.0.96.10.in-addr.arpa", "1.1.244.10.in-addr.arpa",
        ];
        DnsType[] types = [DnsType.A, DnsType.Aaaa, DnsType.Srv, DnsType.Ptr, DnsType.Soa, DnsType.Ns, DnsType.Txt, DnsType.Any, DnsType.Axfr];
        var queries = names.SelectMany(name => types.Select(type => Messages.Query(name, type, edns: new Edns(true, 0, 1232, false)))).ToList();
        var response = new byte[1232];
        uint random = 1;
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var message in queries)
            {
                DnsQuery.Read(message, Messages.Client, DnsTransport.Udp, out var query);
                zone.Responder.Answer(query, response, ref random);
            }

            // The first round compiles.
            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before, $"{GC.GetAllocatedBytesForCurrentThread() - before} bytes");
        }
    }

    [Fact]
    public void ManyEndpoints_AreCutByUdp_AndWholeByTcp()
    {
        var zone = new ZoneRig(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Enumerable.Range(0, 300).Select(static number => Build.Endpoint($"10.244.{number / 250}.{(number % 250) + 1}"))));
        var cut = zone.Ask("db.default.svc.cluster.local");
        Assert.True(cut.Header.IsTruncated);
        Assert.Equal((512 - 12 - 34) / 16, cut.Answers.Count);
        var whole = zone.Ask("db.default.svc.cluster.local", transport: DnsTransport.Tcp);
        Assert.False(whole.Header.IsTruncated);
        Assert.Equal(300, whole.Answers.Distinct().Count());
        Assert.True(zone.Ask("_http._tcp.db.default.svc.cluster.local", DnsType.Srv, edns: new Edns(true, 0, 1232, false)).Header.IsTruncated);
    }

    [Fact]
    public void HeadlessAnswers_BeginAnywhere()
    {
        var zone = new ZoneRig(Build.Headless("db"), Build.Slice("db", IpFamily.V4, Build.Endpoint("10.244.1.1"), Build.Endpoint("10.244.1.2"), Build.Endpoint("10.244.1.3")));
        Assert.Equal(3, Enumerable.Range(0, 100).Select(_ => zone.Ask("db.default.svc.cluster.local").Answers[0]).Distinct().Count());
    }

    [Fact]
    public void EndpointThatIsInTwoSlices_IsToldOnce()
    {
        var zone = new ZoneRig(Build.Headless("db"), Build.Slice("one", "db", IpFamily.V4, Build.Endpoint("10.244.1.1", "a")), Build.Slice("two", "db", IpFamily.V4, Build.Endpoint("10.244.1.1", "a")));
        Assert.Single(zone.Ask("db.default.svc.cluster.local").Answers);
        Assert.Single(zone.Ask("a.db.default.svc.cluster.local").Answers);
        Assert.Single(zone.Ask("_http._tcp.db.default.svc.cluster.local", DnsType.Srv).Answers);
        Assert.Single(zone.Ask("1.1.244.10.in-addr.arpa", DnsType.Ptr).Answers);
    }

    private static IEnumerable<KubernetesObject> Everything(ClusterSnapshot cluster) =>
        [.. cluster.Namespaces, .. cluster.Services, .. cluster.EndpointSlices, .. cluster.Pods];

    private static KubernetesObject RandomObject(Random random)
    {
        var name = Names[random.Next(Names.Length)];
        return random.Next(8) switch
        {
            0 => Build.Service(name, $"10.96.0.{random.Next(1, 4)}"),
            1 => Build.Headless(name, random.Next(2) == 0),
            2 => Build.ExternalName(name, $"{Names[random.Next(Names.Length)]}.default.svc.cluster.local"),
            3 => Build.Pod(name, $"10.244.1.{random.Next(1, 6)}"),
            4 => Build.Slice(name, IpFamily.V6, Build.Endpoint($"fd00:244::{random.Next(1, 6)}", random.Next(2) == 0 ? "h" : null)),
            _ => Build.Slice(name, IpFamily.V4, Enumerable.Range(0, random.Next(4)).Select(_ => Build.Endpoint($"10.244.1.{random.Next(1, 6)}", random.Next(3) == 0 ? "h" : null, random.Next(3) > 0))),
        };
    }

    private static void AssertSame(ZoneRig changed, ZoneRig fresh)
    {
        Assert.Equal(fresh.Records.NameCount, changed.Records.NameCount);
        Assert.Equal(fresh.Records.AddressCount, changed.Records.AddressCount);
        var names = Names.SelectMany(static name => (string[])[$"{name}.default.svc.cluster.local", $"h.{name}.default.svc.cluster.local", $"_http._tcp.{name}.default.svc.cluster.local"])
            .Concat(Enumerable.Range(1, 6).Select(static number => $"10-244-1-{number}.default.pod.cluster.local"));
        foreach (var name in names)
        {
            Assert.Equal(Describe(fresh.Ask(name)), Describe(changed.Ask(name)));
            Assert.Equal(Describe(fresh.Ask(name, DnsType.Srv)), Describe(changed.Ask(name, DnsType.Srv)));
        }

        foreach (var number in Enumerable.Range(1, 6))
        {
            var reverse = $"{number}.1.244.10.in-addr.arpa";
            Assert.Equal(fresh.IsOurs(reverse, DnsType.Ptr), changed.IsOurs(reverse, DnsType.Ptr));
            if (fresh.IsOurs(reverse, DnsType.Ptr))
            {
                Assert.Equal(Describe(fresh.Ask(reverse, DnsType.Ptr)), Describe(changed.Ask(reverse, DnsType.Ptr)));
            }
        }
    }

    private static string Describe(Response response) =>
        $"{response.Rcode} {string.Join("; ", response.Answers.Order(StringComparer.Ordinal))} | {string.Join("; ", response.Additionals.Order(StringComparer.Ordinal))}";
}
