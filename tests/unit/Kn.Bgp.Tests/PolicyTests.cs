using Kn.Bgp.Attributes;
using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

public sealed class PolicyTests
{
    [Conformance("bgp", "Policies")]
    [Theory]
    [InlineData("10.0.0.0/8", 8, 8, "10.0.0.0/8", true)]
    [InlineData("10.0.0.0/8", 8, 8, "10.0.0.0/9", false)]
    [InlineData("10.0.0.0/8", 16, 24, "10.1.0.0/16", true)]
    [InlineData("10.0.0.0/8", 16, 24, "10.0.0.0/8", false)]
    [InlineData("10.0.0.0/8", 16, 24, "10.1.1.128/25", false)]
    [InlineData("10.0.0.0/8", 8, 32, "11.0.0.0/8", false)]
    [InlineData("::/0", 0, 128, "10.0.0.0/8", false)]
    [InlineData("2001:db8::/32", 48, 64, "2001:db8:1::/48", true)]
    public void Range_HoldsPrefixes_ByTheLengthOfTheirMask(string prefix, byte min, byte max, string other, bool holds) =>
        Assert.Equal(holds, new PrefixRange(IpPrefix.Parse(prefix), min, max).Contains(IpPrefix.Parse(other)));

    [Theory]
    [InlineData("64512:100", "64512:100")]
    [InlineData("no-export", "65535:65281")]
    [InlineData("graceful-shutdown", "65535:0")]
    [InlineData("blackhole", "65535:666")]
    [InlineData("70000:1", null)]
    [InlineData("1", null)]
    [InlineData("-1:1", null)]
    public void Community_IsParsed(string text, string? expected) =>
        Assert.Equal(expected, Community.TryParse(text, out var community) ? community.ToString() : null);

    [Theory]
    [InlineData("4200000000:1:2", true)]
    [InlineData("1:2", false)]
    [InlineData("1:2:3:4", false)]
    [InlineData("1:2:x", false)]
    public void LargeCommunity_IsParsed(string text, bool isOne) => Assert.Equal(isOne, LargeCommunity.TryParse(text, out _));

    [Fact]
    public void Prepend_FillsASegment_AndBeginsAnother()
    {
        var path = AsPath.Sequence(1, 2).Prepend(9, 254);
        Assert.Equal(2, path.Segments.Count);
        Assert.Equal(256, path.Length);
        Assert.Equal(AsPath.Sequence(9, 9, 1, 2), AsPath.Sequence(1, 2).Prepend(9, 2));
        Assert.Equal(AsPath.Sequence(9), default(AsPath).Prepend(9));
    }

    [Fact]
    public void PrivateNumbers_AreTakenOut() =>
        Assert.Equal(AsPath.Sequence(65535, 3, 4_199_999_999), AsPath.Sequence(64512, 65534, 65535, 3, 4_200_000_000, 4_199_999_999).WithoutPrivate());
}
