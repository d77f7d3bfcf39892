namespace Kn.E2E.Tests.Dns;

/// <summary>The two ways to say no (RFC 2308 §2), each with the zone's SOA, so that a client can keep it.</summary>
internal static class ReplyExpectations
{
    /// <summary>The name exists, and has nothing of that type: searching ends here.</summary>
    public static void HasNoData(this DnsReply reply) => SaysNo(reply, "NOERROR");

    /// <summary>The name does not exist: searching goes on.</summary>
    public static void HasNoName(this DnsReply reply) => SaysNo(reply, "NXDOMAIN");

    private static void SaysNo(DnsReply reply, string status)
    {
        Assert.Equal(status, reply.Status);
        Assert.Empty(reply.Answers);
        Assert.StartsWith("cluster.local. 5 SOA ns.dns.cluster.local.", Assert.Single(reply.Authorities), StringComparison.Ordinal);
        Assert.Contains("aa", reply.Flags.Split(' '));
    }
}
