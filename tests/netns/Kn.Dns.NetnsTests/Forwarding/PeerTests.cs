using Kn.Dns.Forwarding;
using Kn.NetnsTests;

namespace Kn.Dns.NetnsTests.Forwarding;

/// <summary>Forwarding to Debian's servers, asked by dig: what they send passes, and what dig is given is what they said. Loopback only.</summary>
public sealed class PeerTests
{
    private static readonly (string Name, string Type)[] Questions =
    [
        ("example", "SOA"), ("example", "NS"), ("example", "MX"), ("example", "TXT"), ("example", "TYPE257"), ("www.example", "A"), ("www.example", "AAAA"),
        ("a1.example", "A"), ("_http._tcp.example", "SRV"), ("x.y.wild.example", "A"), ("web.dn.example", "A"), ("naptr.example", "NAPTR"),
        ("https.example", "TYPE65"), ("none.example", "A"), ("web.example", "TXT"), ("many.example", "A"), ("WeB.ExAmPlE", "A"), ("example", "ANY"),
    ];

    public enum Peer
    {
        Nsd,
        Unbound,
        Dnsmasq,
    }

    [Conformance("dns", "Forwarding")]
    [Theory]
    [InlineData(Peer.Nsd)]
    [InlineData(Peer.Unbound)]
    [InlineData(Peer.Dnsmasq)]
    public async Task EveryAnswer_IsTheUpstreamsOwn(Peer peer)
    {
        using var nsd = PeerServer.Nsd();
        using var other = peer switch { Peer.Unbound => PeerServer.Unbound(nsd), Peer.Dnsmasq => PeerServer.Dnsmasq(nsd.Address), _ => null };
        var upstream = other ?? nsd;
        await using var server = ForwardingServer.To(upstream);
        await ReadyAsync(server);
        foreach (var (name, type) in Questions)
        {
            var expected = Dig(upstream.Address.Port, name, type);
            Assert.Equal(expected, Dig(server.Address.Port, name, type));
            Assert.Equal(expected, Dig(server.Address.Port, name, type));
            Assert.Equal(expected, Dig(server.Address.Port, name, type, "+tcp"));
            Assert.Equal(expected, Dig(server.Address.Port, name, type, "+noedns"));
        }

        Assert.Equal(0, server.Metric("kn_dns_forward_ignored_answers_total{reason=\"malformed\"}"));
        Assert.True(server.Metric("kn_dns_cache_hits_total{type=\"success\"}") >= 10);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task RandomCase_AndTcpAlone_WorkWithRealServers()
    {
        using var nsd = PeerServer.Nsd();
        using var unbound = PeerServer.Unbound(nsd);
        foreach (var options in (DnsForwardOptions[])[new() { RandomCase = true }, new() { ForceTcp = true }])
        {
            await using var server = new ForwardingServer(options with { Upstreams = [unbound.Address.ToString()] });
            await ReadyAsync(server);
            foreach (var (name, type) in Questions)
            {
                Assert.Equal(Dig(unbound.Address.Port, name, type), Dig(server.Address.Port, name, type));
            }
        }
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task UpstreamIsKilled_TheOtherAnswers_AndItIsAskedAgainWhenItIsBack()
    {
        using var nsd = PeerServer.Nsd();
        using var first = PeerServer.Unbound(nsd);
        using var second = PeerServer.Unbound(nsd);
        await using var server = ForwardingServer.To(first, second);
        await ReadyAsync(server);
        first.Stop();
        for (var n = 0; n < 20; n++)
        {
            Assert.Contains("192.0.2.99", Dig(server.Address.Port, $"n{n}.wild.example", "A"), StringComparison.Ordinal);
        }

        Eventually.True(() => server.Metric($"kn_dns_forward_healthcheck_failures_total{{to=\"{first.Address}\"}}") >= 2, "probes fail");
        first.Start();
        var before = server.Metric($"kn_dns_forward_responses_total{{rcode=\"NOERROR\",to=\"{first.Address}\"}}");
        var names = 0;
        Eventually.True(
            () =>
            {
                Dig(server.Address.Port, $"again{names++}.wild.example", "A");
                return server.Metric($"kn_dns_forward_responses_total{{rcode=\"NOERROR\",to=\"{first.Address}\"}}") > before;
            },
            "the first is asked again");
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task OnlyUpstreamIsKilled_EndedAnswersAreGiven_AndNewOnesWhenItIsBack()
    {
        using var nsd = PeerServer.Nsd();
        await using var server = ForwardingServer.To(nsd);
        await ReadyAsync(server);
        Assert.Contains("192.0.2.1", Dig(server.Address.Port, "short.example", "A"), StringComparison.Ordinal);
        nsd.Stop();
        Eventually.True(() => Dig(server.Address.Port, "short.example", "A", "+ttlid", "+noall", "+answer").Contains("30\tIN\tA\t192.0.2.1", StringComparison.Ordinal), "an ended answer has a TTL of 30");
        Assert.Contains("status: SERVFAIL", Dig(server.Address.Port, "web.example", "A"), StringComparison.Ordinal);
        Assert.True(server.Metric("kn_dns_cache_served_stale_total") >= 1);
        nsd.Start();
        Eventually.True(() => Dig(server.Address.Port, "web.example", "A").Contains("192.0.2.80", StringComparison.Ordinal), "names are resolved again");
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task DnsmasqThatForwardsBack_IsFoundOut()
    {
        var address = PeerServer.FreeAddress();
        using var dnsmasq = PeerServer.Dnsmasq(address, probe: false);
        await using var server = new ForwardingServer(new DnsForwardOptions { Upstreams = [dnsmasq.Address.ToString()] }, address: address);
        Eventually.True(() => Dig(server.Address.Port, "www.example", "A").Contains("status: REFUSED", StringComparison.Ordinal), "the loop is found");
        var before = server.Queries;
        Dig(server.Address.Port, "other.example", "A");
        Assert.InRange(server.Queries - before, 1, 3);
    }

    /// <summary>Until it has read whom to ask.</summary>
    private static async Task ReadyAsync(ForwardingServer server)
    {
        await Task.Yield();
        Eventually.True(() => Dig(server.Address.Port, "ns.example", "A").Contains("127.0.0.1", StringComparison.Ordinal), "the forwarder answers");
    }

    /// <summary>Status, question and records, without what may differ: ids, times, sizes, TTLs, the order of records.</summary>
    private static string Dig(int port, string name, string type, params string[] options)
    {
        string[] usual = options.Contains("+noall") ? [] : ["+noall", "+comments", "+question", "+answer", "+authority", "+nottlid"];
        var output = Tool.Try("dig", ["@127.0.0.1", "-p", $"{port}", "+time=8", "+tries=1", "+nocookie", .. usual, .. options, name, type]).Output;
        var lines = output.Split('\n')
            .Where(static line => line.Length > 0 && !line.StartsWith(";; Got answer", StringComparison.Ordinal) && !line.StartsWith("; EDNS", StringComparison.Ordinal)
                && !line.StartsWith(";; OPT", StringComparison.Ordinal) && !line.StartsWith(";; flags", StringComparison.Ordinal) && !line.StartsWith("; EDE", StringComparison.Ordinal)
                && !line.StartsWith(";; Truncated", StringComparison.Ordinal) && !line.Contains("SECTION", StringComparison.Ordinal) && !line.StartsWith("; <<>>", StringComparison.Ordinal)
                && !line.StartsWith(";; global", StringComparison.Ordinal) && !line.StartsWith("; (", StringComparison.Ordinal) && !line.StartsWith(";; WARNING", StringComparison.Ordinal))
            .Select(static line => line.StartsWith(";; ->>HEADER", StringComparison.Ordinal) ? line[..line.IndexOf(", id:", StringComparison.Ordinal)] : line)
            .Order(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }
}
