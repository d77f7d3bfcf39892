namespace Kn.Primitives.Tests;

public sealed class IpPrefixTests
{
    [Theory]
    [InlineData("10.244.1.7/24", "10.244.1.0/24", "10.244.1.255")]
    [InlineData("10.244.1.7/32", "10.244.1.7/32", "10.244.1.7")]
    [InlineData("1.2.3.4/0", "0.0.0.0/0", "255.255.255.255")]
    [InlineData("fd00:1::5/64", "fd00:1::/64", "fd00:1::ffff:ffff:ffff:ffff")]
    [InlineData("::1/128", "::1/128", "::1")]
    [InlineData("ff::/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Parse_ClearsHostBits(string text, string expected, string last)
    {
        var prefix = IpPrefix.Parse(text);
        Assert.Equal(expected, prefix.ToString());
        Assert.Equal(last, prefix.Last.ToString());
    }

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("::/129")]
    [InlineData("/8")]
    public void Parse_RefusesWhatIsNoPrefix(string text)
    {
        Assert.False(IpPrefix.TryParse(text, out _));
        Assert.Contains(text, Assert.Throws<FormatException>(() => IpPrefix.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contains_AgreesWithTheNumbers()
    {
        var random = new Random(815);
        for (var i = 0; i < 5_000; i++)
        {
            var family = i % 2 == 0 ? IpFamily.V4 : IpFamily.V6;
            var prefix = new IpPrefix(RandomAddress(random, family), random.Next(family == IpFamily.V4 ? 33 : 129));
            var address = random.Next(2) == 0 ? RandomAddress(random, family) : prefix.Address.Add((UInt128)random.Next(1 << 20));
            Assert.Equal(address >= prefix.Address && address <= prefix.Last, prefix.Contains(address));
            Assert.Equal(prefix.Contains(address), prefix.Contains(IpPrefix.Of(address)));
            Assert.Equal(prefix, IpPrefix.Parse(prefix.ToString()));
        }
    }

    [Fact]
    public void Contains_OfTheOtherFamily_IsFalse()
    {
        Assert.False(IpPrefix.Parse("0.0.0.0/0").Contains(IpAddress.Parse("::1")));
        Assert.False(IpPrefix.Parse("::/0").Contains(IpAddress.Parse("0.0.0.1")));
        Assert.False(IpPrefix.Parse("::/0").Overlaps(IpPrefix.Parse("0.0.0.0/0")));
    }

    private static IpAddress RandomAddress(Random random, IpFamily family)
    {
        var bytes = new byte[family == IpFamily.V4 ? 4 : 16];
        random.NextBytes(bytes);
        return IpAddress.FromBytes(bytes);
    }
}
