namespace Kn.Primitives.Tests;

public sealed class IpRangeTests
{
    [Theory]
    [InlineData("10.0.0.5", "10.0.0.5", "10.0.0.5", "10.0.0.5")]
    [InlineData("10.0.0.0/24", "10.0.0.0", "10.0.0.255", "10.0.0.0/24")]
    [InlineData("10.0.0.0-10.0.0.255", "10.0.0.0", "10.0.0.255", "10.0.0.0/24")]
    [InlineData("10.0.0.2 - 10.0.0.9", "10.0.0.2", "10.0.0.9", "10.0.0.2-10.0.0.9")]
    [InlineData("10.0.0.4-10.0.0.11", "10.0.0.4", "10.0.0.11", "10.0.0.4-10.0.0.11")]
    [InlineData("fd00::10-fd00::1f", "fd00::10", "fd00::1f", "fd00::10/124")]
    [InlineData("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0")]
    [InlineData("0.0.0.0/0", "0.0.0.0", "255.255.255.255", "0.0.0.0/0")]
    public void Text_IsReadAndWritten(string text, string first, string last, string written)
    {
        var range = IpRange.Parse(text);
        Assert.Equal((IpAddress.Parse(first), IpAddress.Parse(last)), (range.First, range.Last));
        Assert.Equal(written, range.ToString());
        Assert.Equal(range, IpRange.Parse(range.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.9-10.0.0.2")]
    [InlineData("10.0.0.1-fd00::1")]
    [InlineData("10.0.0.1-")]
    [InlineData("10.0.0.1-5")]
    [InlineData("10.0.0.0/33")]
    public void Nonsense_IsRefused(string text)
    {
        Assert.False(IpRange.TryParse(text, out _));
        Assert.Throws<FormatException>(() => IpRange.Parse(text));
    }

    [Fact]
    public void Contains_KnowsEndsAndFamilies()
    {
        var range = IpRange.Parse("10.0.0.2-10.0.0.9");
        Assert.True(range.Contains(IpAddress.Parse("10.0.0.2")) && range.Contains(IpAddress.Parse("10.0.0.9")));
        Assert.False(range.Contains(IpAddress.Parse("10.0.0.1")) || range.Contains(IpAddress.Parse("10.0.0.10")) || range.Contains(IpAddress.Parse("::a00:5")));
        Assert.True(range.Overlaps(IpRange.Parse("10.0.0.9-10.0.0.20")));
        Assert.False(range.Overlaps(IpRange.Parse("10.0.0.10/31")) || range.Overlaps(IpRange.Parse("::/0")));
        Assert.Throws<ArgumentException>(() => new IpRange(IpAddress.Parse("10.0.0.2"), IpAddress.Parse("10.0.0.1")));
    }
}
