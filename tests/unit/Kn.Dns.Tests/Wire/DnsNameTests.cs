using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Wire;

public sealed class DnsNameTests
{
    [Theory]
    [InlineData(".", "00")]
    [InlineData("a", "016100")]
    [InlineData("cluster.local", "07636C7573746572056C6F63616C00")]
    [InlineData("cluster.local.", "07636C7573746572056C6F63616C00")]
    [InlineData("_dns._udp.K8s", "045F646E73045F756470034B387300")]
    public void Text_BecomesWire(string text, string hex) => Assert.Equal(hex, Convert.ToHexString(DnsName.Parse(text)));

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a b")]
    [InlineData("a\\.b")]
    [InlineData("ä")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void WhatIsNoName_IsRefused(string text) => Assert.False(DnsName.TryParse(text, new byte[DnsName.MaxLength], out _));

    [Fact]
    public void LongestName_Has255Bytes()
    {
        var label = new string('a', 63);
        Assert.Equal(255, DnsName.Parse($"{label}.{label}.{label}.{new string('b', 61)}").Length);
        Assert.False(DnsName.TryParse($"{label}.{label}.{label}.{new string('b', 62)}", new byte[300], out _));
    }

    [Fact]
    public void Text_IsEscapedAsDigDoes() => Assert.Equal("a\\.b\\000\\\\.c.", DnsName.ToText([5, (byte)'a', (byte)'.', (byte)'b', 0, (byte)'\\', 1, (byte)'c', 0]));

    [Theory]
    [InlineData("kubernetes.default.svc.cluster.local", "KUBERNETES.dEfault.svc.cluster.LOCAL", true)]
    [InlineData("kubernetes.default", "kubernetes.defaulu", false)]
    [InlineData("a-b", "a\rb", false)]
    [InlineData("@", "`", false)]
    [InlineData("[", "{", false)]
    public void Matches_IgnoresTheCaseOfLettersOnly(string one, string other, bool expected)
    {
        var (left, right) = (Raw(one), Raw(other));
        Assert.Equal(expected, DnsName.Matches(left, right));
        if (expected)
        {
            Assert.Equal(DnsName.Hash(left), DnsName.Hash(right));
        }
    }

    [Fact]
    public void LabelBoundaries_AreNotLetters()
    {
        // "a.b" beside one label of three bytes whose middle is a length byte.
        Assert.False(DnsName.Matches([1, (byte)'a', 1, (byte)'b', 0], [3, (byte)'a', 1, (byte)'b', 0]));
    }

    [Theory]
    [InlineData("cluster.local", true)]
    [InlineData("x.Cluster.LOCAL", true)]
    [InlineData("xcluster.local", false)]
    [InlineData("local", false)]
    [InlineData("cluster.local.x", false)]
    public void IsWithin_LooksAtWholeLabels(string name, bool expected) =>
        Assert.Equal(expected, DnsName.IsWithin(DnsName.Parse(name), DnsName.Parse("cluster.local")));

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("0161")]
    [InlineData("C00C")]
    [InlineData("40616100")]
    public void Measure_OfWhatIsNoName_IsZero(string hex) => Assert.Equal(0, DnsName.Measure(Convert.FromHexString(hex)));

    [Fact]
    public void Hash_SpreadsNumberedNames()
    {
        var hashes = Enumerable.Range(0, 100_000).Select(static number => (uint)DnsName.Hash(DnsName.Parse($"svc-{number}.ns-{number % 50}.svc.cluster.local")) & 0x3FFFF).ToHashSet();
        // Expected of random ones: 2^18 * (1 - e^(-100000/2^18)) = 83,000.
        Assert.InRange(hashes.Count, 82_000, 84_500);
    }

    private static byte[] Raw(string text) => [.. text.Split('.').SelectMany(static label => (byte[])[(byte)label.Length, .. label.Select(static letter => (byte)letter)]), 0];
}
