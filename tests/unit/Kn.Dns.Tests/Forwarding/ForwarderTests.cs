using System.Net;
using Kn.Dns.Forwarding;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using static Kn.Dns.Tests.Forwarding.UpstreamMessages;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>Forwarding while all is well: cache, single flight, TCP, policies, stub domains.</summary>
public sealed class ForwarderTests
{
    private static readonly Edns Plain = new(IsPresent: true, Version: 0, UdpSize: 1232, DnssecOk: false);

    [Conformance("dns", "Cache")]
    [Fact]
    public async Task Name_IsAskedForOnce_AndThenComesFromTheCache()
    {
        await using var upstream = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1", 20)) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        Assert.Equal(["www.example. 20 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
        test.Time.Advance(TimeSpan.FromSeconds(8));
        var cached = test.Ask("WWW.example");
        Assert.True(cached.FromCache);
        Assert.Equal(["WWW.example. 12 A 192.0.2.1"], (await cached.ResponseAsync()).Answers);
        Assert.Single(upstream.Queries);
        Assert.Equal(1, test.Metric("kn_dns_cache_hits_total{type=\"success\"}"));
        Assert.Equal(1, test.Metric("kn_dns_cache_misses_total"));
        Assert.Equal(1, test.Metric("kn_dns_cache_entries"));
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public async Task EndedAnswer_IsAskedForAgain()
    {
        var address = 0;
        await using var upstream = new FakeUpstream { Answer = query => Respond(query, DnsRcode.NoError, A($"192.0.2.{++address}", 20)) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example");
        test.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(["www.example. 20 A 192.0.2.2"], (await test.AnswerAsync("www.example")).Answers);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public async Task NameThatDoesNotExist_IsRemembered()
    {
        await using var upstream = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NameError, Soa("example", 60, 10)) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        Assert.Equal(DnsRcode.NameError, (await test.AnswerAsync("none.example")).Rcode);
        var again = test.Ask("none.example");
        Assert.True(again.FromCache);
        Assert.Equal(["example. 10 SOA ns.example. hostmaster.example. minimum 10"], (await again.ResponseAsync()).Authorities);
        Assert.Equal(1, test.Metric("kn_dns_cache_hits_total{type=\"denial\"}"));
        test.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(test.Ask("none.example").FromCache);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task ManyClients_ThatAskForTheSame_CauseOneQuestion()
    {
        var release = new TaskCompletionSource();
        await using var upstream = new FakeUpstream
        {
            Answer = query =>
        {
            release.Task.GetAwaiter().GetResult();
            return Respond(query, DnsRcode.NoError, A("192.0.2.1"));
        }
        };
        await using var test = await ForwarderTest.OfAsync(upstream);
        var clients = Enumerable.Range(0, 50).Select(n => test.Ask("www.example", id: (ushort)n)).ToList();
        release.SetResult();
        for (var n = 0; n < clients.Count; n++)
        {
            var response = await clients[n].ResponseAsync();
            Assert.Equal(n, response.Header.Id);
            Assert.Equal(["www.example. 30 A 192.0.2.1"], response.Answers);
        }

        Assert.Single(upstream.Queries);
        Assert.Equal(49, test.Metric("kn_dns_forward_shared_total"));
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task AnswerThatWasCut_IsFetchedByTcp_AndCutOnlyForWhoCannotTakeIt()
    {
        Rr[] records = [.. Enumerable.Range(0, 60).Select(static n => A($"192.0.2.{n}"))];
        await using var upstream = new FakeUpstream { Answers = (query, transport) => transport == DnsTransport.Udp ? [Cut(Respond(query, DnsRcode.NoError, records))] : [Respond(query, DnsRcode.NoError, records)] };
        await using var test = await ForwarderTest.OfAsync(upstream);
        var cut = await test.AnswerAsync("www.example");
        Assert.True(cut.Header.IsTruncated);
        Assert.InRange(cut.Answers.Count, 25, 31);
        Assert.Equal(60, (await test.AnswerAsync("www.example", transport: DnsTransport.Tcp)).Answers.Count);
        Assert.Equal(60, (await test.AnswerAsync("www.example", edns: Plain)).Answers.Count);
        Assert.Equal(2, upstream.Queries.Count);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task TcpQuestions_ShareOneConnection_AndAreAnsweredInAnyOrder()
    {
        var held = new List<byte[]>();
        await using var upstream = new FakeUpstream
        {
            Answers = (query, _) =>
        {
            // All wait for the last, and are answered in reverse.
            held.Add(Respond(query, DnsRcode.NoError, Txt(Messages.NameAt(query, DnsHeader.Size))));
            return held.Count < 8 ? [] : [.. ((IEnumerable<byte[]>)held).Reverse()];
        }
        };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream) with { ForceTcp = true });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        var clients = Enumerable.Range(0, 8).Select(n => test.Ask($"n{n}.example", DnsType.Txt)).ToList();
        for (var n = 0; n < clients.Count; n++)
        {
            Assert.Equal([$"n{n}.example. 30 TXT \"n{n}.example.\""], (await clients[n].ResponseAsync()).Answers);
        }

        Assert.Equal(1, upstream.Connections);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task TcpConnection_ThatTheServerClosed_IsReplaced()
    {
        await using var upstream = new FakeUpstream { ClosesConnections = true, Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")) };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream) with { ForceTcp = true });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        for (var n = 0; n < 5; n++)
        {
            Assert.Equal(DnsRcode.NoError, (await test.AnswerAsync($"n{n}.example")).Rcode);
        }
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task Questions_HaveUnpredictableIdsAndPorts_AndOurEdns()
    {
        await using var upstream = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        for (var n = 0; n < 32; n++)
        {
            await test.AnswerAsync($"n{n}.example", edns: new Edns(true, 0, 4096, DnssecOk: n % 2 == 0));
        }

        Assert.InRange(upstream.Queries.Select(static query => DnsHeader.Read(query).Id).Distinct().Count(), 30, 32);
        Assert.InRange(upstream.Ports.Distinct().Count(), 24, 32);
        Assert.All(upstream.Queries, static query =>
        {
            var read = Messages.Read(query);
            Assert.Equal(1232, read.Edns.UdpSize);
            Assert.Equal(DnsFlags.RecursionDesired | DnsFlags.AuthenticData, read.Flags);
        });
        Assert.Equal(16, upstream.Queries.Count(static query => Messages.Read(query).Edns.DnssecOk));
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task RandomCase_IsSent_AndTheClientGetsItsOwn()
    {
        await using var upstream = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")) };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream) with { RandomCase = true });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        const string name = "a-rather-long-name-with-many-letters.example";
        Assert.Equal([$"{name}. 30 A 192.0.2.1"], (await test.AnswerAsync(name)).Answers);
        Assert.NotEqual(name + ".", Messages.NameAt(upstream.Queries.Single(), DnsHeader.Size));
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task UpstreamThatChangesTheCase_IsAskedByTcp()
    {
        await using var upstream = new FakeUpstream
        {
            Answers = static (query, transport) =>
        {
            var lower = query.ToArray();
            var name = lower.AsSpan(DnsHeader.Size, DnsName.Measure(lower.AsSpan(DnsHeader.Size)));
            DnsName.CopyLower(name, name);
            return [Respond(lower, DnsRcode.NoError, Txt(transport.ToString()))];
        }
        };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream) with { RandomCase = true });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        Assert.Equal(["a-rather-long-name-with-many-letters.example. 30 TXT \"Tcp\""], (await test.AnswerAsync("a-rather-long-name-with-many-letters.example", DnsType.Txt)).Answers);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task StubDomain_GoesToItsOwnUpstreams_TheLongestWins()
    {
        await using var others = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, Txt("others")) };
        await using var corp = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, Txt("corp")) };
        await using var lab = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, Txt("lab")) };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(others) with
        {
            StubDomains = [new DnsStubDomain { Domain = "corp.example", Upstreams = [corp.Address.ToString()] }, new DnsStubDomain { Domain = "Lab.corp.example.", Upstreams = [lab.Address.ToString()] }],
        });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        Assert.Equal(["corp.example. 30 TXT \"corp\""], (await test.AnswerAsync("corp.example", DnsType.Txt)).Answers);
        Assert.Equal(["a.CORP.example. 30 TXT \"corp\""], (await test.AnswerAsync("a.CORP.example", DnsType.Txt)).Answers);
        Assert.Equal(["a.lab.corp.example. 30 TXT \"lab\""], (await test.AnswerAsync("a.lab.corp.example", DnsType.Txt)).Answers);
        Assert.Equal(["acorp.example. 30 TXT \"others\""], (await test.AnswerAsync("acorp.example", DnsType.Txt)).Answers);
    }

    [Conformance("dns", "Forwarding")]
    [Theory]
    [InlineData(ForwardPolicy.Random)]
    [InlineData(ForwardPolicy.Sequential)]
    [InlineData(ForwardPolicy.Fastest)]
    public async Task Policy_SaysWhoIsAsked(ForwardPolicy policy)
    {
        await using var first = new FakeUpstream();
        await using var second = new FakeUpstream();
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(first, second) with { Policy = policy });
        second.Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.2"));
        first.Answer = query =>
        {
            // The first takes its time, by the clock that counts.
            test.Time.Advance(TimeSpan.FromMilliseconds(100));
            return Respond(query, DnsRcode.NoError, A("192.0.2.1"));
        };
        await test.Forwarder.LoadAsync(CancellationToken.None);
        for (var n = 0; n < 200; n++)
        {
            await test.AnswerAsync($"n{n}.example");
        }

        var share = first.Queries.Count;
        switch (policy)
        {
            case ForwardPolicy.Random:
                Assert.InRange(share, 50, 150);
                break;
            case ForwardPolicy.Sequential:
                Assert.Equal(200, share);
                break;
            default:
                Assert.InRange(share, 0, 25);
                break;
        }
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public async Task PopularName_IsFetchedAnew_BeforeItEnds()
    {
        var address = 0;
        await using var upstream = new FakeUpstream { Answer = query => Respond(query, DnsRcode.NoError, A($"192.0.2.{++address}", 20)) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example");
        Assert.True(test.Ask("www.example").FromCache);
        Assert.True(test.Ask("www.example").FromCache);
        test.Time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(["www.example. 1 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
        await ForwarderTest.EventuallyAsync(() => upstream.Queries.Count == 2 && test.Metric("kn_dns_forward_waiting") == 0, "the name is fetched anew");
        test.Time.Advance(TimeSpan.FromSeconds(2));
        var later = test.Ask("www.example");
        Assert.True(later.FromCache);
        Assert.Equal(["www.example. 18 A 192.0.2.2"], (await later.ResponseAsync()).Answers);
        Assert.Equal(1, test.Metric("kn_dns_cache_prefetch_total"));
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task Ipv6Upstream_IsAsked()
    {
        await using var upstream = new FakeUpstream(IPAddress.IPv6Loopback) { Answer = static query => Respond(query, DnsRcode.NoError, Aaaa("2001:db8::1")) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        Assert.Equal(["www.example. 30 AAAA 2001:db8::1"], (await test.AnswerAsync("www.example", DnsType.Aaaa)).Answers);
    }

    [Fact]
    public async Task AnswerFromTheCache_AllocatesNothing()
    {
        await using var upstream = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, Cname("web.example"), A("192.0.2.1") with { Owner = DnsName.Parse("web.example") }) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example", edns: Plain);
        var message = Messages.Query("wWw.example", edns: Plain);
        var response = new byte[1232];
        Assert.True(AnswerMany(test.Forwarder, message, response, 1000) > 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(AnswerMany(test.Forwarder, message, response, 10_000) > 0);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int AnswerMany(DnsForwarder forwarder, byte[] message, byte[] response, int times)
    {
        var length = 0;
        for (var n = 0; n < times; n++)
        {
            DnsQuery.Read(message, Messages.Client, DnsTransport.Udp, out var query);
            length = forwarder.AnswerFromCache(query, response);
        }

        return length;
    }
}
