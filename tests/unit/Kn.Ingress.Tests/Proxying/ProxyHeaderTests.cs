using System.Text;
using Kn.Ingress.Proxying;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Proxying;

/// <summary>The PROXY protocol, byte by byte.</summary>
public sealed class ProxyHeaderTests
{
    private const string Signature = "\r\n\r\n\0\r\nQUIT\n";

    public static TheoryData<string, string?, ushort> Good => new()
    {
        { "PROXY TCP4 192.0.2.7 192.0.2.1 41234 443\r\n", "192.0.2.7", 443 },
        { "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535 },
        { "PROXY TCP6 2001:db8::7 2001:db8::1 1 80\r\n", "2001:db8::7", 80 },
        { "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
        { "PROXY UNKNOWN\r\n", null, 0 },
        { "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null, 0 },
        { Signature + "\x21\x11\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB", "192.0.2.7", 443 },
        { Signature + "\x21\x11\0\x10\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB\x04\0\x01x", "192.0.2.7", 443 },
        { Signature + "\x21\x21\0\x24\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\xA1\x12\0\x50", "2001:db8::7", 80 },
        { Signature + "\x20\0\0\0", null, 0 },
        { Signature + "\x20\x11\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB", null, 0 },
        { Signature + "\x21\0\0\x03xyz", null, 0 },
        { Signature + "\x21\x31\0\xD8" + new string('u', 216), null, 0 },
    };

    public static TheoryData<string> Bad => new()
    {
        "GET / HTTP/1.1\r\n\r\n",
        "proxy TCP4 192.0.2.7 192.0.2.1 41234 443\r\n",
        "PROXY  TCP4 192.0.2.7 192.0.2.1 41234 443\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234 443 \r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234\r\n",
        "PROXY TCP4 2001:db8::7 192.0.2.1 41234 443\r\n",
        "PROXY TCP6 192.0.2.7 192.0.2.1 41234 443\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234 0443\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234 -1\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234 +443\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.1 41234 443\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 41234 443\n\r\n",
        "PROXY UDP4 192.0.2.7 192.0.2.1 41234 443\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY TCP4 " + new string('1', 200),
        Signature + "\x11\x11\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x22\x11\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x21\x12\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x21\x41\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x21\x11\0\x0B\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x21\x21\0\x0C\xC0\0\x02\x07\xC0\0\x02\x01\xA1\x12\x01\xBB",
        Signature + "\x21\x11\xFF\xFF",
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void WholeHeader_IsRead_AndNothingBehindIt_AndNoPartOfIt(string text, string? address, ushort port)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var expected = new ProxyHeader(ProxyVerdict.Whole, bytes.Length, address is not null, address is null ? default : IpAddress.Parse(address), port);
        Assert.Equal(expected, ProxyHeader.Read(bytes));
        foreach (var poison in (byte[])[0xFF, 0, (byte)'\r', (byte)' '])
        {
            Assert.Equal(expected, ProxyHeader.Read([.. bytes, .. Enumerable.Repeat(poison, 100)]));
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(ProxyVerdict.Incomplete, ProxyHeader.Read(bytes.AsSpan(0, length)).Verdict);
        }
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void WhatIsNotExactlyAHeader_IsRefused(string text) => Assert.Equal(ProxyVerdict.Refused, ProxyHeader.Read(Encoding.Latin1.GetBytes(text)).Verdict);

    [Fact]
    public void AnyBytes_AreTakenForOneOfThree_AndNeverForMoreThanThereIs()
    {
        var random = new Random(11);
        var seeds = Good.Select(static row => Encoding.Latin1.GetBytes((string)row[0])).ToArray();
        for (var round = 0; round < 200_000; round++)
        {
            var bytes = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (var change = random.Next(4); change >= 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var part = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            var header = ProxyHeader.Read(part);
            Assert.True(header.Verdict == ProxyVerdict.Whole ? header.Length > 0 && header.Length <= part.Length : header.Length == 0);
        }
    }
}
