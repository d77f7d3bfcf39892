using System.Net;
using System.Text;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Tests.Zone;

public sealed class AddressLabelTests
{
    [Theory]
    [InlineData("1-2-3-4", "1.2.3.4")]
    [InlineData("0-0-0-0", "0.0.0.0")]
    [InlineData("fd00--1", "fd00::1")]
    [InlineData("--", "::")]
    [InlineData("--1", "::1")]
    [InlineData("fd00--", "fd00::")]
    [InlineData("1-2-3-4-5-6-7-8", "1:2:3:4:5:6:7:8")]
    [InlineData("1-0-0-2-0-0-0-3", "1:0:0:2::3")]
    public void Label_IsAnAddress(string label, string address)
    {
        Assert.True(DashedAddress.TryParse(Encoding.ASCII.GetBytes(label), out var parsed));
        Assert.Equal(IpAddress.Parse(address), parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1-2-3")]
    [InlineData("1-2-3-4-5")]
    [InlineData("01-2-3-4")]
    [InlineData("256-2-3-4")]
    [InlineData("1-2-3-")]
    [InlineData("-1-2-3")]
    [InlineData("1---2")]
    [InlineData("1--2--3")]
    [InlineData("1-2-3-4-5-6-7-8-9")]
    [InlineData("1-2-3-4--5-6-7-8")]
    [InlineData("fd00--12345")]
    [InlineData("web")]
    public void Label_IsNoAddress(string label) => Assert.False(DashedAddress.TryParse(Encoding.ASCII.GetBytes(label), out _));

    [Fact]
    public void WhatIsWritten_IsTheTextWithDashes_AndReadsBack()
    {
        var random = new Random(3);
        Span<byte> label = stackalloc byte[64];
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[round % 2 == 0 ? 4 : 16];
            random.NextBytes(bytes);
            for (var index = 0; bytes.Length == 16 && index < 16; index += 2)
            {
                if (random.Next(2) == 0)
                {
                    bytes[index] = bytes[index + 1] = 0;
                }
            }

            var address = IpAddress.FromBytes(bytes);
            var text = Encoding.ASCII.GetString(label[..DashedAddress.Write(address, label)]);
            if (!new IPAddress(bytes).ToString().Contains('.', StringComparison.Ordinal) || bytes.Length == 4)
            {
                Assert.Equal(address.ToString().Replace('.', '-').Replace(':', '-'), text);
            }

            Assert.True(DashedAddress.TryParse(Encoding.ASCII.GetBytes(text), out var read), text);
            Assert.Equal(address, read);
        }
    }

    [Theory]
    [InlineData("10.0.96.10.in-addr.arpa", "10.96.0.10")]
    [InlineData("10.0.96.10.IN-ADDR.arpa", "10.96.0.10")]
    [InlineData("b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa", "4321:0:1:2:3:4:567:89ab")]
    public void ReverseName_IsAnAddress(string name, string address)
    {
        Assert.True(ReverseName.TryParse(DnsName.Parse(name), out var parsed));
        Assert.Equal(IpAddress.Parse(address), parsed);
    }

    [Theory]
    [InlineData("0.96.10.in-addr.arpa")]
    [InlineData("1.10.0.96.10.in-addr.arpa")]
    [InlineData("010.0.96.10.in-addr.arpa")]
    [InlineData("256.0.96.10.in-addr.arpa")]
    [InlineData("10.0.96.10.in-addr.arpb")]
    [InlineData("10.0.96.10.example.com")]
    [InlineData("g.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa")]
    [InlineData("web.default.svc.cluster.local")]
    public void ReverseName_IsNoAddress(string name) => Assert.False(ReverseName.TryParse(DnsName.Parse(name), out _));
}
