using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Routes.Tests;

public sealed class UnderlayTests
{
    private static readonly Underlay Several = Underlay.Of(
        [
            new Link { Index = 1, Name = "lo", Flags = LinkFlags.Up | LinkFlags.Loopback, Mtu = 65536 },
            new Link { Index = 2, Name = "eth0", Flags = LinkFlags.Up, Mtu = 9000 },
            new Link { Index = 3, Name = "eth1", Flags = LinkFlags.Up, Mtu = 1400 },
            new Link { Index = 4, Name = "down" },
            new Link { Index = 5, Name = "kn0", Flags = LinkFlags.Up, Group = 75 },
            new Link { Index = 6, Name = "kn-vxlan", Flags = LinkFlags.Up },
            new Link { Index = 7, Name = "dock0", Flags = LinkFlags.Up, Mtu = 1300 },
        ],
        [
            Given.Address("127.0.0.1", 8, 1),
            Given.Address("203.0.114.7", 32, 1),
            Given.Address("192.0.2.1", 24, 2),
            Given.Address("192.0.2.130", 25, 3),
            Given.Address("2001:db8::1", 64, 2),
            Given.Address("fe80::1", 64, 2),
            Given.Address("198.51.100.1", 24, 4),
            Given.Address("203.0.113.1", 24, 5),
            Given.Address("10.0.1.0", 32, 6),
        ]);

    [Theory]
    [InlineData("192.0.2.2", 2)]
    [InlineData("192.0.2.200", 3)] // the longest prefix
    [InlineData("2001:db8::2", 2)]
    [InlineData("198.51.100.2", null)] // the link is down
    [InlineData("203.0.113.2", null)] // a pod's link
    [InlineData("203.0.114.7", null)] // one address is no segment
    [InlineData("127.0.0.2", null)]
    [InlineData("fe80::9", null)]
    public void Segment_IsAPrefixOnALinkThatIsUp(string address, int? link) => Assert.Equal(link, Several.LinkTo(Given.Ip(address)));

    [Fact]
    public void Segments_AreThoseThatCarryTheNodesOwnAddresses()
    {
        Assert.Null(Several.Carrying([Given.Ip("192.0.2.130")]).LinkTo(Given.Ip("192.0.2.2")));
        Assert.Equal(2, Several.Carrying([Given.Ip("192.0.2.1")]).LinkTo(Given.Ip("192.0.2.200")));
        Assert.Equal(3, Several.Carrying([Given.Ip("1.2.3.4")]).LinkTo(Given.Ip("192.0.2.200")));
    }

    [Fact]
    public void Mtu_IsThatOfTheLinkWithTheAddress_OrTheSmallestBehindLoopback()
    {
        Assert.Equal(9000u, Several.MtuFrom(Given.Ip("192.0.2.1")));
        Assert.Equal(1400u, Several.MtuFrom(Given.Ip("192.0.2.130")));
        Assert.Equal(1400u, Several.MtuFrom(Given.Ip("203.0.114.7")));
        Assert.Equal(1400u, Several.MtuFrom(null));
        Assert.Equal(1500u, Underlay.None.MtuFrom(null));
    }

    [Fact]
    public void OwnAddresses_AreThoseOfLoopbackToo_NotOfKnsLinks()
    {
        Assert.True(Several.Has(Given.Ip("203.0.114.7")));
        Assert.False(Several.Has(Given.Ip("10.0.1.0")));
        Assert.False(Several.Has(Given.Ip("203.0.113.1")));
        Assert.False(Several.Has(Given.Ip("127.0.0.1")));
    }

    [Fact]
    public void SameNetwork_IsEqual()
    {
        var again = Given.OneSegment with { Links = Given.OneSegment.Links.ToArray().ToValueList() };
        Assert.Equal(Given.OneSegment, again);
        Assert.NotEqual(Given.OneSegment, again with { Links = [new UnderlayLink(2, 1400)] });
    }
}
