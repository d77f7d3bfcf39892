using Kn.Ingress.Names;
using Kn.Ingress.Planning;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Names;

public sealed class ExternalNameTests
{
    private static readonly byte[] s_question = Question("a.org", IpFamily.V4);

    [Fact]
    public void Answer_GivesAddresses_AndTheShortestTime()
    {
        // CNAME b.org (60 s), then 192.0.2.1 (300 s).
        var answer = Answer(s_question, 0x8180, 2, "C00C0005000100000036C000".Replace("00000036C000", "0000003C00070162036F726700", StringComparison.Ordinal), "C00C000100010000012C0004C0000201");
        var addresses = new List<IpAddress>();
        var seconds = uint.MaxValue;
        Assert.True(DnsQuestion.TryRead(answer, s_question, addresses, ref seconds));
        Assert.Equal(IpAddress.Parse("192.0.2.1"), Assert.Single(addresses));
        Assert.Equal(60u, seconds);
        for (var length = 0; length < answer.Length; length++)
        {
            // Cut off anywhere it is none, and breaks nothing.
            Assert.False(DnsQuestion.TryRead(answer.AsSpan(0, length), s_question, [], ref seconds), $"{length}");
        }
    }

    [Fact]
    public void AnswerToAnother_IsNone()
    {
        var seconds = uint.MaxValue;
        Assert.False(DnsQuestion.TryRead(Answer(Question("b.org", IpFamily.V4), 0x8180, 0), s_question, [], ref seconds));
        Assert.False(DnsQuestion.TryRead(Answer(s_question, 0x8182, 0), s_question, [], ref seconds));
        Assert.False(DnsQuestion.TryRead(Answer(s_question, 0x0100, 0), s_question, [], ref seconds));
        Assert.True(DnsQuestion.TryRead(Answer(s_question, 0x8183, 0), s_question, [], ref seconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("\u00e9.org")]
    public void WhatIsNoName_IsNotAskedFor(string name) => Assert.Equal(0, DnsQuestion.Write(new byte[DnsQuestion.MaxLength + 300], 1, name, IpFamily.V4));

    [Fact]
    public void RandomBytes_AreNoAnswer_AndBreakNothing()
    {
        var random = new Random(3);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            s_question.AsSpan(0, Math.Min(bytes.Length, s_question.Length)).CopyTo(bytes);
            if (bytes.Length > 4)
            {
                (bytes[2], bytes[3]) = (0x81, 0x80);
            }

            var seconds = uint.MaxValue;
            _ = DnsQuestion.TryRead(bytes, s_question, [], ref seconds);
        }
    }

    [Fact]
    public void Service_HasTheAddressesOfItsName_ButNoneOfThisHost()
    {
        var service = Build.Service("out") with { Type = "ExternalName", ExternalName = "Db.example.org" };
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), service, Build.Ingress("i", Build.Rule("a.org", Build.Prefix("/", "out", 8443))));
        var routes = new LiveRoutes();
        var key = RouteKey.Of(service.Key);
        var piece = ServicePlan.Plan(cluster, service.Key)!;
        routes.Apply([new(key, null, piece)]);
        Assert.Equal(["db.example.org"], routes.ExternalNames);
        Assert.Empty(routes.EndpointsOf(new BackendRef(service.Key, 8443, "")));
        routes.Resolved("db.example.org", [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("2001:db8::1")]);
        Assert.Equal(["192.0.2.1:8443", "[2001:db8::1]:8443"], routes.EndpointsOf(new BackendRef(service.Key, 8443, "")));
        Assert.Equal(piece, routes.Pieces[key]);
    }

    private static byte[] Question(string name, IpFamily family)
    {
        var bytes = new byte[DnsQuestion.MaxLength];
        return bytes[..DnsQuestion.Write(bytes, 0x1234, name, family)];
    }

    private static byte[] Answer(byte[] question, ushort flags, int count, params string[] records)
    {
        var answer = question.Concat(Convert.FromHexString(string.Concat(records))).ToArray();
        (answer[2], answer[3], answer[7]) = ((byte)(flags >> 8), (byte)flags, (byte)count);
        return answer;
    }
}
