using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using static Kn.Dns.Tests.Forwarding.UpstreamMessages;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>What of an upstream is believed.</summary>
public sealed class AnswerCheckTests
{
    private static readonly byte[] Query = Messages.Query("www.example");
    private static readonly byte[] Good = Respond(Query, DnsRcode.NoError, Cname("web.example"), A("192.0.2.1") with { Owner = DnsName.Parse("web.example") }, Soa("example", 60, 60), Opt());

    private static readonly Dictionary<string, (byte[] Message, AnswerFault Fault)> Rows = new(StringComparer.Ordinal)
    {
        ["a good answer"] = (Good, AnswerFault.None),
        ["another id"] = (Respond(Messages.Query("www.example", id: 0x4321), DnsRcode.NoError, A("192.0.2.1")), AnswerFault.WrongId),
        ["a query"] = (Query, AnswerFault.WrongId),
        ["another opcode"] = (With(Good, (DnsFlags)0x2800), AnswerFault.WrongId),
        ["another name"] = (Respond(Messages.Query("xxx.example"), DnsRcode.NoError, A("192.0.2.1")), AnswerFault.WrongQuestion),
        ["a longer name"] = (Respond(Messages.Query("www.example.org"), DnsRcode.NoError, A("192.0.2.1")), AnswerFault.WrongQuestion),
        ["another type"] = (Respond(Messages.Query("www.example", DnsType.Aaaa), DnsRcode.NoError, A("192.0.2.1")), AnswerFault.WrongQuestion),
        ["another class"] = (Respond(Messages.Query("www.example", @class: DnsClass.Ch), DnsRcode.NoError, A("192.0.2.1")), AnswerFault.WrongQuestion),
        ["no question, and no error"] = ([0x12, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0], AnswerFault.WrongQuestion),
        ["no question, but an error"] = ([0x12, 0x34, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0], AnswerFault.None),
        ["cut by TC"] = (Cut(Good), AnswerFault.Truncated),
        ["nothing"] = ([], AnswerFault.Malformed),
        ["half a header"] = (Good[..7], AnswerFault.Malformed),
        ["bytes behind the last record"] = ([.. Good, 0], AnswerFault.Malformed),
        ["an address of three bytes"] = (Respond(Query, DnsRcode.NoError, new Rr(DnsType.A, 60, [1, 2, 3])), AnswerFault.Malformed),
        ["an address of five"] = (Respond(Query, DnsRcode.NoError, new Rr(DnsType.Aaaa, 60, [1, 2, 3, 4, 5])), AnswerFault.Malformed),
        ["an owner that points to itself"] = (Respond(Query, DnsRcode.NoError, A("192.0.2.1") with { Owner = [0xC0, 29] }), AnswerFault.Malformed),
        ["an owner that points forward"] = (Respond(Query, DnsRcode.NoError, A("192.0.2.1") with { Owner = [0xC0, 40] }), AnswerFault.Malformed),
        ["an alias that points to itself"] = (Respond(Query, DnsRcode.NoError, new Rr(DnsType.Cname, 60, [0xC0, 41])), AnswerFault.Malformed),
        ["an alias with bytes behind it"] = (Respond(Query, DnsRcode.NoError, new Rr(DnsType.Cname, 60, [.. DnsName.Parse("a.example"), 0])), AnswerFault.Malformed),
        ["a SOA without numbers"] = (Respond(Query, DnsRcode.NoError, new Rr(DnsType.Soa, 60, [0, 0], DnsSection.Authority)), AnswerFault.Malformed),
        ["two OPT"] = (Respond(Query, DnsRcode.NoError, Opt(), Opt()), AnswerFault.Malformed),
        ["an OPT among the answers"] = (Respond(Query, DnsRcode.NoError, Opt() with { Section = DnsSection.Answer }), AnswerFault.Malformed),
        ["half an option"] = (Respond(Query, DnsRcode.NoError, Opt() with { Rdata = [0, 10, 0] }), AnswerFault.Malformed),
    };

    public static TheoryData<string> Names() => [.. Rows.Keys];

    [Conformance("dns", "Forwarding")]
    [Theory, MemberData(nameof(Names))]
    public void Message_IsHeldToItsQuestion(string name) => Assert.Equal(Rows[name].Fault, Check(Rows[name].Message, out _));

    [Fact]
    public void CaseOfTheName_MattersOnlyWhereItWasMadeRandom()
    {
        var otherCase = Respond(Messages.Query("WWW.example"), DnsRcode.NoError, A("192.0.2.1"));
        Assert.Equal(AnswerFault.None, Check(otherCase, out _));
        Assert.Equal(AnswerFault.WrongCase, AnswerCheck.Check(otherCase, Query, Query.Length - DnsHeader.Size, exactCase: true, out _));
    }

    [Fact]
    public void Rcode_HasItsUpperBitsFromTheOpt()
    {
        Assert.Equal(AnswerFault.None, Check(Respond(Query, DnsRcode.NoError, Opt(upperRcode: 1)), out var shape));
        Assert.Equal(DnsRcode.BadVersion, shape.Rcode);
        Assert.Equal(AnswerKind.Other, shape.Kind);
    }

    [Theory, MemberData(nameof(Names))]
    public void EveryMessage_CutAtEveryLength_IsRefused(string name)
    {
        var message = Rows[name].Message;
        for (var length = 0; length < Math.Min(message.Length, Good.Length); length++)
        {
            var fault = Check(message[..length], out var shape);
            Assert.True(fault != AnswerFault.None || shape.Kind == AnswerKind.Other, $"{length} of {message.Length} bytes were believed");
        }
    }

    private static AnswerFault Check(byte[] message, out AnswerShape shape) =>
        AnswerCheck.Check(message, Query, Query.Length - DnsHeader.Size, exactCase: false, out shape);
}
