using System.Net;

namespace Kn.Primitives.Tests;

public sealed class IpAddressTests
{
    [Theory]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("10.244.1.2", "10.244.1.2")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("FD00:0:0:0::2", "fd00::2")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("::ffff:10.0.0.1", "::ffff:10.0.0.1")]
    public void Parse_WritesCanonicalText(string text, string expected) => Assert.Equal(expected, IpAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.1.2")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.01")]
    [InlineData("10.0.0.+1")]
    [InlineData("10.0.0. 1")]
    [InlineData("0x0a.0.0.1")]
    [InlineData(".10.0.0.1")]
    [InlineData("10.0.0.1/24")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1::2")]
    [InlineData("12345::")]
    [InlineData("host")]
    public void Parse_RefusesWhatKubernetesRefuses(string text)
    {
        Assert.False(IpAddress.TryParse(text, out _));
        var error = Assert.Throws<FormatException>(() => IpAddress.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RandomAddresses_RoundTripThroughBytesTextAndTheFrameworksType()
    {
        var random = new Random(4711);
        var bytes = new byte[16];
        for (var i = 0; i < 10_000; i++)
        {
            random.NextBytes(bytes);
            var address = IpAddress.FromBytes(bytes.AsSpan(0, i % 2 == 0 ? 4 : 16));
            Assert.Equal(bytes.AsSpan(0, address.ByteCount).ToArray(), address.ToBytes());
            Assert.Equal(address, IpAddress.Parse(address.ToString()));
            Assert.Equal(address, IpAddress.FromIPAddress(address.ToIPAddress()));
            Assert.Equal(new IPAddress(address.ToBytes()).ToString(), address.ToString());
            Assert.Equal(address, IpAddress.FromNumber(address.Family, address.Number));
        }
    }

    [Fact]
    public void FromBytes_OfAnotherLength_IsAWireFormatError()
    {
        foreach (var length in Enumerable.Range(0, 20).Where(static length => length is not (4 or 16)))
        {
            Assert.Throws<WireFormatException>(() => IpAddress.FromBytes(new byte[length]));
        }
    }

    [Fact]
    public void Order_IsFamilyThenNumber()
    {
        IpAddress[] expected = [.. new[] { "0.0.0.0", "9.255.255.255", "10.0.0.0", "::", "::1", "fd00::" }.Select(static text => IpAddress.Parse(text))];
        Assert.Equal(expected, expected.Reverse().Order());
        Assert.True(IpAddress.Parse("0.0.0.1") != IpAddress.Parse("::1"));
        Assert.NotEqual(IpAddress.Parse("0.0.0.1").GetHashCode(), IpAddress.Parse("::1").GetHashCode());
    }

    [Fact]
    public void Kinds_AreRecognised()
    {
        Assert.True(IpAddress.Parse("127.1.2.3").IsLoopback);
        Assert.True(IpAddress.Loopback(IpFamily.V6).IsLoopback);
        Assert.False(IpAddress.Parse("0.0.0.1").IsLoopback);
        Assert.True(IpAddress.Parse("169.254.20.10").IsLinkLocal);
        Assert.True(IpAddress.Parse("febf::1").IsLinkLocal);
        Assert.False(IpAddress.Parse("fec0::1").IsLinkLocal);
        Assert.True(IpAddress.Any(IpFamily.V6).IsAny);
    }

    [Fact]
    public void Add_StepsAndWraps()
    {
        Assert.Equal("10.0.1.0", IpAddress.Parse("10.0.0.255").Add(1).ToString());
        Assert.Equal("0.0.0.0", IpAddress.Parse("255.255.255.255").Add(1).ToString());
        Assert.Equal("fd00::1:0", IpAddress.Parse("fd00::ffff").Add(1).ToString());
    }
}
