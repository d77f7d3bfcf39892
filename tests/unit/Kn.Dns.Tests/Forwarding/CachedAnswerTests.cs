using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using static Kn.Dns.Tests.Forwarding.UpstreamMessages;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>What of an answer is kept, for how long, and what a client is given of it.</summary>
public sealed class CachedAnswerTests
{
    private static readonly TtlLimits Limits = new(Min: 0, Max: 100, MaxNegative: 50, Failure: 5);
    private static readonly Edns Plain = new(IsPresent: true, Version: 0, UdpSize: 1232, DnssecOk: false);

    public static TheoryData<string> Names() => [.. Lifetimes.Keys];

    private static readonly Dictionary<string, (DnsRcode Rcode, Rr[] Records, AnswerKind Kind, long Seconds)> Lifetimes = new(StringComparer.Ordinal)
    {
        ["the smallest TTL"] = (DnsRcode.NoError, [A("192.0.2.1", 60), A("192.0.2.2", 20)], AnswerKind.Positive, 20),
        ["an alias that ends sooner"] = (DnsRcode.NoError, [Cname("b.example", 10), A("192.0.2.1", 60)], AnswerKind.Positive, 10),
        ["the largest that is allowed"] = (DnsRcode.NoError, [A("192.0.2.1", 86400)], AnswerKind.Positive, 100),
        ["zero"] = (DnsRcode.NoError, [A("192.0.2.1", 0)], AnswerKind.Positive, 0),
        ["the highest bit, which means zero"] = (DnsRcode.NoError, [A("192.0.2.1", 0x8000_0001)], AnswerKind.Positive, 0),
        ["NXDOMAIN by the SOA's minimum"] = (DnsRcode.NameError, [Soa("example", 3600, 30)], AnswerKind.Negative, 30),
        ["NXDOMAIN by the SOA's TTL"] = (DnsRcode.NameError, [Soa("example", 15, 3600)], AnswerKind.Negative, 15),
        ["NXDOMAIN, the most that is allowed"] = (DnsRcode.NameError, [Soa("example", 3600, 3600)], AnswerKind.Negative, 50),
        ["no such type"] = (DnsRcode.NoError, [Soa("example", 3600, 30)], AnswerKind.Negative, 30),
        ["an alias of what is not there"] = (DnsRcode.NameError, [Cname("b.example", 10), Soa("example", 3600, 30)], AnswerKind.Negative, 10),
        ["NXDOMAIN without SOA"] = (DnsRcode.NameError, [], AnswerKind.NegativeWithoutSoa, 0),
        ["no such type without SOA"] = (DnsRcode.NoError, [], AnswerKind.NegativeWithoutSoa, 0),
        ["a failure"] = (DnsRcode.ServerFailure, [], AnswerKind.Failure, 5),
        ["a refusal"] = (DnsRcode.Refused, [], AnswerKind.Failure, 5),
        ["a question that was not understood"] = (DnsRcode.FormatError, [], AnswerKind.Failure, 5),
        ["a question that is not answered there"] = (DnsRcode.NotImplemented, [], AnswerKind.Failure, 5),
        ["another server's business"] = ((DnsRcode)9, [], AnswerKind.Other, 0),
    };

    [Conformance("dns", "Cache")]
    [Theory, MemberData(nameof(Names))]
    public void Lifetime_IsWhatTheRecordsSay_WithinLimits(string name)
    {
        var row = Lifetimes[name];
        var answer = Keep(Messages.Query("a.example"), query => Respond(query, row.Rcode, row.Records));
        Assert.Equal(row.Kind, answer.Kind);
        Assert.Equal(row.Seconds * 1000, answer.EndsAt - answer.StoredAt);
        Assert.Equal(row.Seconds > 0, answer.IsCacheable);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Soa_OfANegativeAnswer_HasTheTimeForWhichItHolds()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NameError, Soa("example", 3600, 30)));
        Assert.Equal(["example. 30 SOA ns.example. hostmaster.example. minimum 30"], Give(answer, Messages.Query("a.example")).Authorities);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Client_GetsItsOwnIdAndFlagsAndSpelling()
    {
        var answer = Keep(Messages.Query("www.example"), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")));
        var response = Give(answer, Messages.Query("wWw.EXample", id: 0x4711, flags: DnsFlags.CheckingDisabled));
        Assert.Equal(0x4711, response.Header.Id);
        Assert.Equal(DnsFlags.Response | DnsFlags.RecursionAvailable | DnsFlags.CheckingDisabled, response.Header.Flags);
        Assert.Equal("wWw.EXample. A", response.Question);
        Assert.Equal(["wWw.EXample. 100 A 192.0.2.1"], response.Answers);
        Assert.Empty(response.Additionals);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Ttl_FallsWithTheTimeInTheCache()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1", 60), A("192.0.2.2", 90)));
        Assert.Equal(["a.example. 60 A 192.0.2.1", "a.example. 90 A 192.0.2.2"], Give(answer, Messages.Query("a.example"), after: 999).Answers);
        Assert.Equal(["a.example. 1 A 192.0.2.1", "a.example. 31 A 192.0.2.2"], Give(answer, Messages.Query("a.example"), after: 59_999).Answers);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void EndedAnswer_HasATtlOf30()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1", 60), A("192.0.2.2", 10)));
        Assert.Equal(["a.example. 30 A 192.0.2.1", "a.example. 30 A 192.0.2.2"], Give(answer, Messages.Query("a.example"), after: 3_600_000).Answers);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Opt_IsOurs_AndOnlyForClientsThatHaveOne()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1"), Opt(4096)));
        Assert.Empty(Give(answer, Messages.Query("a.example")).Additionals);
        Assert.Equal(["OPT 1232 00000000"], Give(answer, Messages.Query("a.example", edns: Plain)).Additionals);
        Assert.Equal(["OPT 1232 00008000"], Give(answer, Messages.Query("a.example", edns: Plain with { DnssecOk = true })).Additionals);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void RecordsBehindTheOpt_AreLeftOut()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(
            query,
            DnsRcode.NoError,
            A("192.0.2.1"),
            A("192.0.2.9") with { Section = DnsSection.Additional, Owner = DnsName.Parse("x.example") },
            Opt(),
            A("192.0.2.8") with { Section = DnsSection.Additional, Owner = DnsName.Parse("y.example") }));
        Assert.Equal(["x.example. 100 A 192.0.2.9"], Give(answer, Messages.Query("a.example")).Additionals);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Answer_ThatDoesNotFit_HasTheRecordsThatDo()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NoError, [.. Enumerable.Range(0, 40).Select(static n => A($"192.0.2.{n}"))]));
        var cut = Give(answer, Messages.Query("a.example"), after: 1000);
        Assert.True(cut.Header.IsTruncated);

        // (512 - header(12) - question(15)) / record(16) = 30; with OPT (11) 29.
        Assert.Equal(Enumerable.Range(0, 30).Select(static n => $"a.example. 99 A 192.0.2.{n}"), cut.Answers);
        Assert.Empty(cut.Authorities);
        var cutWithOpt = Give(answer, Messages.Query("a.example", edns: Plain with { UdpSize = 512 }));
        Assert.True(cutWithOpt.Header.IsTruncated);
        Assert.Equal(29, cutWithOpt.Answers.Count);
        Assert.Equal(["OPT 1232 00000000"], cutWithOpt.Additionals);
        Assert.Equal(40, Give(answer, Messages.Query("a.example", edns: Plain)).Answers.Count);
        Assert.Equal(40, Give(answer, Messages.Query("a.example"), transport: DnsTransport.Tcp).Answers.Count);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void ValidatedAnswer_SaysSoToThoseWhoAsk()
    {
        var answer = Keep(Messages.Query("a.example"), static query => With(Respond(query, DnsRcode.NoError, A("192.0.2.1")), DnsFlags.AuthenticData | DnsFlags.Authoritative));
        Assert.Equal(DnsFlags.None, Give(answer, Messages.Query("a.example")).Header.Flags & (DnsFlags.AuthenticData | DnsFlags.Authoritative));
        Assert.Equal(DnsFlags.AuthenticData, Give(answer, Messages.Query("a.example", flags: DnsFlags.AuthenticData)).Header.Flags & (DnsFlags.AuthenticData | DnsFlags.Authoritative));
        Assert.Equal(DnsFlags.AuthenticData, Give(answer, Messages.Query("a.example", edns: Plain with { DnssecOk = true })).Header.Flags & DnsFlags.AuthenticData);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void ErrorWithoutQuestion_IsGivenWithOne()
    {
        var answer = Keep(Messages.Query("a.example"), static query =>
        {
            var bare = new byte[DnsHeader.Size];
            new DnsHeader(DnsHeader.Read(query).Id, 0x8005, 0, 0, 0, 0).Write(bare);
            return bare;
        });
        var response = Give(answer, Messages.Query("A.example"));
        Assert.Equal(DnsRcode.Refused, response.Rcode);
        Assert.Equal("A.example. A", response.Question);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Popular_IsWhatWasAskedForThrice_AndIsFetchedOnceInItsLastTenth()
    {
        var answer = Keep(Messages.Query("a.example"), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1", 100)));
        answer.Touch();
        answer.Touch();
        Assert.False(answer.TakeRefresh(95_000));
        answer.Touch();
        Assert.False(answer.TakeRefresh(89_999));
        Assert.True(answer.TakeRefresh(90_000));
        Assert.False(answer.TakeRefresh(95_000));
    }

    /// <summary>An answer as the cache keeps it, stored at 0.</summary>
    internal static CachedAnswer Keep(byte[] query, Func<byte[], byte[]> respond, TtlLimits? limits = null)
    {
        var message = respond(query);
        var questionLength = Messages.Read(query).Question.Length;
        Assert.Equal(AnswerFault.None, AnswerCheck.Check(message, query, questionLength, exactCase: false, out var shape));
        return CachedAnswer.Of(message, shape, QuestionKey.Of(Messages.Read(query)), limits ?? Limits, now: 0);
    }

    private static Response Give(CachedAnswer answer, byte[] message, long after = 0, DnsTransport transport = DnsTransport.Udp)
    {
        var query = Messages.Read(message, transport);
        var response = new byte[query.ResponseLimit];
        response.AsSpan().Fill(0xFF);
        var length = AnswerWriter.Write(answer, query, response, after);
        return Messages.Parse(response.AsSpan(0, length));
    }
}
