using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Wire;

public sealed class DnsQueryTests
{
    [Fact]
    public void Query_IsRead()
    {
        var query = Messages.Read(Messages.Query("Kubernetes.default.svc.cluster.local", DnsType.Aaaa, edns: new Edns(true, 0, 4096, true)));
        Assert.Equal("Kubernetes.default.svc.cluster.local.", DnsName.ToText(query.Name));
        Assert.Equal(DnsType.Aaaa, query.Type);
        Assert.Equal(DnsClass.In, query.Class);
        Assert.Equal(0x1234, query.Id);
        Assert.Equal(new Edns(true, 0, 4096, true), query.Edns);
        Assert.Equal(Edns.OurUdpSize, query.ResponseLimit);
    }

    [Theory]
    [InlineData(0, 512)]
    [InlineData(100, 512)]
    [InlineData(512, 512)]
    [InlineData(1000, 1000)]
    [InlineData(4096, 1232)]
    public void ResponseLimit_IsWhatTheClientTakes_WithinBounds(int udpSize, int expected)
    {
        var edns = udpSize == 0 ? (Edns?)null : new Edns(true, 0, (ushort)udpSize, false);
        Assert.Equal(expected, Messages.Read(Messages.Query("a", edns: edns)).ResponseLimit);
        Assert.Equal(65535, Messages.Read(Messages.Query("a", edns: edns), DnsTransport.Tcp).ResponseLimit);
    }

    public static TheoryData<string, string, string> Faults() => new()
    {
        { "nothing", "", nameof(QueryFault.NotAQuery) },
        { "a cut header", "123401000001000000000", nameof(QueryFault.NotAQuery) },
        { "a response", "1234 8100 0001 0000 0000 0000 0161 00 0001 0001", nameof(QueryFault.NotAQuery) },
        { "STATUS", "1234 1100 0001 0000 0000 0000 0161 00 0001 0001", nameof(QueryFault.UnknownOpcode) },
        { "NOTIFY with an answer", "1234 2100 0001 0001 0000 0000 0161 00 0006 0001", nameof(QueryFault.UnknownOpcode) },
        { "no question", "1234 0100 0000 0000 0000 0000", nameof(QueryFault.Malformed) },
        { "two questions", "1234 0100 0002 0000 0000 0000 0161 00 0001 0001 0161 00 001C 0001", nameof(QueryFault.Malformed) },
        { "an answer", "1234 0100 0001 0001 0000 0000 0161 00 0001 0001 0161 00 0001 0001 00000000 0004 01020304", nameof(QueryFault.Malformed) },
        { "a pointer as name", "1234 0100 0001 0000 0000 0000 C00C 0001 0001", nameof(QueryFault.Malformed) },
        { "a label of 64", "1234 0100 0001 0000 0000 0000 40 " + new string('6', 128) + " 00 0001 0001", nameof(QueryFault.Malformed) },
        { "a question that ends early", "1234 0100 0001 0000 0000 0000 0161 00 0001 00", nameof(QueryFault.Malformed) },
        { "bytes after the end", "1234 0100 0001 0000 0000 0000 0161 00 0001 0001 00", nameof(QueryFault.Malformed) },
        { "an OPT that ends early", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 04D0 00000000 0001", nameof(QueryFault.Malformed) },
        { "two OPTs", "1234 0100 0001 0000 0000 0002 0161 00 0001 0001 00 0029 04D0 00000000 0000 00 0029 04D0 00000000 0000", nameof(QueryFault.Malformed) },
        { "an OPT with a name", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 0161 00 0029 04D0 00000000 0000", nameof(QueryFault.Malformed) },
        { "an option longer than its record", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 04D0 00000000 0005 000A000201", nameof(QueryFault.Malformed) },
        { "EDNS 1", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 04D0 00010000 0000", nameof(QueryFault.UnknownVersion) },
        { "a cookie", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 04D0 00000000 000C 000A0008 0102030405060708", nameof(QueryFault.None) },
        { "a signature", "1234 0100 0001 0000 0000 0001 0161 00 0001 0001 0161 00 00FA 00FF 00000000 0000", nameof(QueryFault.None) },
        { "an IXFR's SOA", "1234 0100 0001 0000 0001 0000 0161 00 00FB 0001 0161 00 0006 0001 00000000 0000", nameof(QueryFault.None) },
    };

    [Theory, MemberData(nameof(Faults))]
    public void Strictness(string name, string hex, string fault)
    {
        var expected = Enum.Parse<QueryFault>(fault);
        hex = hex.Replace(" ", "", StringComparison.Ordinal);
        var message = Convert.FromHexString(hex.Length % 2 == 0 ? hex : hex[..^1]);
        Assert.True(DnsQuery.Read(message, Messages.Client, DnsTransport.Udp, out var query) == expected, name);
        if (expected != QueryFault.NotAQuery)
        {
            var response = new byte[1232];
            var length = ErrorResponse.Write(query, response, ErrorResponse.RcodeOf(expected));
            var parsed = Messages.Parse(response.AsSpan(0, length));
            Assert.Equal(0x1234, parsed.Header.Id);
        }
    }

    [Fact]
    public void Query_CutAnywhere_IsAFault()
    {
        var whole = Messages.Query("kubernetes.default.svc.cluster.local", edns: new Edns(true, 0, 1232, false));
        for (var length = 0; length < whole.Length; length++)
        {
            // In a buffer of 0xFF: what is read beyond the end would show.
            var poisoned = new byte[whole.Length + 64];
            poisoned.AsSpan().Fill(0xFF);
            whole.AsSpan(0, length).CopyTo(poisoned);
            Assert.NotEqual(QueryFault.None, DnsQuery.Read(poisoned.AsSpan(0, length), Messages.Client, DnsTransport.Udp, out _));
        }
    }

    [Fact]
    public void BadVersion_IsToldInTheOptRecord()
    {
        var message = Messages.Query("a", edns: new Edns(true, 1, 1232, false));
        Assert.Equal(QueryFault.UnknownVersion, DnsQuery.Read(message, Messages.Client, DnsTransport.Udp, out var query));
        var response = new byte[512];
        var parsed = Messages.Parse(response.AsSpan(0, ErrorResponse.Write(query, response, DnsRcode.BadVersion)));
        Assert.Equal(DnsRcode.NoError, parsed.Rcode);
        Assert.Equal(["OPT 1232 01000000"], parsed.Additionals);
    }

    [Fact]
    public void RandomBytes_NeverThrow()
    {
        var random = new Random(7);
        for (var round = 0; round < 200_000; round++)
        {
            var message = round % 2 == 0 ? new byte[random.Next(80)] : Messages.Query("kubernetes.default.svc.cluster.local", edns: new Edns(true, 0, 1232, false));
            if (round % 2 == 0)
            {
                random.NextBytes(message);
            }
            else
            {
                message[random.Next(message.Length)] = (byte)random.Next(256);
                message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            var fault = DnsQuery.Read(message, Messages.Client, DnsTransport.Udp, out var query);
            if (fault != QueryFault.NotAQuery)
            {
                var response = new byte[1232];
                Messages.Parse(response.AsSpan(0, ErrorResponse.Write(query, response, ErrorResponse.RcodeOf(fault))));
            }
        }
    }

    [Fact]
    public void Ask_MakesTheQueryForAnotherName()
    {
        var query = Messages.Read(Messages.Query("a.b", DnsType.Aaaa, edns: new Edns(true, 0, 1400, true)));
        var target = DnsName.Parse("example.com");
        var buffer = new byte[512];
        var asked = query.Ask(target, buffer);
        Assert.Equal(QueryFault.None, DnsQuery.Read(asked.Message, Messages.Client, DnsTransport.Udp, out var read));
        Assert.Equal("example.com.", DnsName.ToText(read.Name));
        Assert.Equal((query.Id, query.Type, query.Class, query.Edns, DnsName.Hash(target)), (read.Id, read.Type, read.Class, read.Edns, asked.NameHash));
    }
}
