using Kn.Commands;
using Kn.Routes.Bgp.Inspection;

namespace Kn.Tests.Commands;

/// <summary>What <c>kn bgp</c> prints for people.</summary>
public sealed class BgpTablesTests
{
    private static readonly BgpNeighborReport Router = new()
    {
        Address = "192.0.2.1",
        Asn = 65001,
        LocalAsn = 64512,
        Description = "tor",
        State = "established",
        SinceSeconds = 61.4,
        Sessions = 2,
        LastEnd = "sent 6/10",
        RouterId = "192.0.2.1",
        LocalAddress = "192.0.2.7",
        HoldTimeSeconds = 90,
        Families = ["ipv4", "ipv6"],
        Capabilities = ["4-octet-as"],
        Received = 7,
        Accepted = 5,
        Advertised = 3,
        Stale = false,
        MessagesIn = 10,
        MessagesOut = 11,
        FaultyUpdates = 0,
        Bfd = "up",
        Md5 = true,
    };

    [Fact]
    public void Neighbors_AreALineEach() => Assert.Equal(
        "PEER       AS     STATE        SINCE  RECEIVED  ACCEPTED  ADVERTISED  BFD  DESCRIPTION\n"
        + "192.0.2.1  65001  established  1m1s   7         5         3           up   tor\n",
        BgpTables.Neighbors([Router]));

    [Fact]
    public void OneNeighbor_IsTold_WithAllThatIsKnown() => Assert.Equal(
        """
        BGP peer 192.0.2.1, AS 65001, tor
          state:        established for 1m1s, established 2 times
          last end:     sent 6/10
          this end:     192.0.2.7, AS 64512
          identifier:   192.0.2.1
          hold time:    1m30s
          families:     ipv4, ipv6
          agreed on:    4-octet-as
          signed:       TCP MD5
          BFD:          up
          prefixes:     7 received, 5 accepted, 3 advertised
          messages:     10 in, 11 out, 0 faulty UPDATEs

        """,
        BgpTables.Whole([Router]));

    [Theory]
    [InlineData(true, true, false, false, "*>")]
    [InlineData(false, true, false, false, "*=")]
    [InlineData(false, false, false, false, "* ")]
    [InlineData(true, true, false, true, "s>")]
    [InlineData(false, false, true, false, "x ")]
    public void Path_BeginsWithWhatBecameOfIt(bool best, bool inUse, bool rejected, bool stale, string flags)
    {
        var line = BgpTables.Path(new BgpPathReport
        {
            Prefix = "10.2.0.0/16",
            NextHop = "192.0.2.1",
            Peer = "192.0.2.1",
            AsPath = "65001",
            Origin = "igp",
            Med = 5,
            Communities = ["65000:1"],
            Best = best,
            InUse = inUse,
            Rejected = rejected,
            Stale = stale,
        });
        Assert.StartsWith(flags + " 10.2.0.0/16 ", line, StringComparison.Ordinal);
        Assert.EndsWith(" igp, med 5, 65000:1", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Route_TellsItsWays_OrTheNextHopsThatAreNotReached()
    {
        Assert.EndsWith(
            "installed                 via 192.0.2.1 dev eth0, via 192.0.2.2 dev eth0",
            BgpTables.Route(new BgpRouteReport { Prefix = "10.2.0.0/16", State = "installed", NextHops = ["192.0.2.1"], Ways = [new BgpWayReport("192.0.2.1", "eth0"), new BgpWayReport("192.0.2.2", "eth0")] }),
            StringComparison.Ordinal);
        Assert.EndsWith("no next hop is reached    198.51.100.9", BgpTables.Route(new BgpRouteReport { Prefix = "10.2.0.0/16", State = "no next hop is reached", NextHops = ["198.51.100.9"] }), StringComparison.Ordinal);
    }
}
