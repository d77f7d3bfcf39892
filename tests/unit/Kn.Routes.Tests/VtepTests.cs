using Kn.Linux.Routes;
using Kn.Routes.Pieces;

namespace Kn.Routes.Tests;

public sealed class VtepTests
{
    [Fact]
    public void Mac_IsLocalAndUnicast_AndEveryNodesOwn()
    {
        var macs = Enumerable.Range(0, 5000).Select(static number => Vtep.MacOf($"node-{number}")).ToList();
        Assert.All(macs, static mac => Assert.False(mac.IsMulticast));
        Assert.All(macs, static mac => Assert.Equal(0x02UL, (mac.Number >> 40) & 0x03));
        Assert.Equal(macs.Count, macs.Distinct().Count());
        Assert.Equal(Vtep.MacOf("node-1"), Vtep.MacOf("node-1"));
    }

    // The nodes of a cluster must agree on it, across versions too: it may never change.
    [Fact]
    public void Mac_OfAName_IsForGood() => Assert.Equal("ca:12:f3:1b:8c:bf", Vtep.MacOf("node1").ToString());

    [Theory]
    [InlineData("02:00:00:00:00:02", "fe80::ff:fe00:2")]
    [InlineData("52:54:00:12:34:56", "fe80::5054:ff:fe12:3456")]
    [InlineData("aa:bb:cc:dd:ee:ff", "fe80::a8bb:ccff:fedd:eeff")]
    public void LinkLocal_IsTheKernels_AndLeadsBack(string mac, string address)
    {
        Assert.Equal(Given.Ip(address), Vtep.LinkLocalOf(MacAddress.Parse(mac)));
        Assert.Equal(MacAddress.Parse(mac), Vtep.MacOfLinkLocal(Vtep.LinkLocalOf(MacAddress.Parse(mac))));
    }

    [Fact]
    public void NextHop_IsTheNetworkAddress_OfIPv6LinkLocal()
    {
        var mac = MacAddress.Parse("02:00:00:00:00:02");
        Assert.Equal(Given.Ip("10.0.2.0"), Vtep.NextHop(Given.Prefix("10.0.2.0/24"), mac));
        Assert.Equal(Given.Ip("fe80::ff:fe00:2"), Vtep.NextHop(Given.Prefix("fd00:2::/64"), mac));
    }

    [Fact]
    public void LinkAddress_IsOneThatNoPodGets()
    {
        Assert.Equal(Given.Ip("10.0.2.0"), Vtep.LinkAddressOf(Given.Prefix("10.0.2.0/30")));
        Assert.Null(Vtep.LinkAddressOf(Given.Prefix("10.0.2.0/31")));
        Assert.Equal(Given.Ip("fd00:2::"), Vtep.LinkAddressOf(Given.Prefix("fd00:2::/64")));
    }
}
