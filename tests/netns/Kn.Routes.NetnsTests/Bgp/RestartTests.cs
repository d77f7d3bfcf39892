using System.Globalization;
using Kn.Bgp.NetnsTests;
using Kn.NetnsTests;

namespace Kn.Routes.NetnsTests.Bgp;

/// <summary>An agent that restarts while packets flow, beside routers of Debian's. Needs root.</summary>
public sealed class RestartTests
{
    [Conformance("bgp", "Nodes and routers")]
    [Theory]
    [InlineData("bird", RouterRestarts.Able, false)]
    [InlineData("bird", RouterRestarts.Able, true)]
    [InlineData("bird", RouterRestarts.HelpsOnly, true)]
    [InlineData("frr", RouterRestarts.Able, false)]
    [InlineData("frr", RouterRestarts.Able, true)]
    [InlineData("frr", RouterRestarts.HelpsOnly, true)]
    public async Task AgentThatRestarts_LosesNoPacket_InEitherDirection(string kind, string restarts, bool bfd)
    {
        using var segment = new BgpSegment();
        segment.Node().Space.Ip("addr", "add", "10.244.1.9/32", "dev", "lo");
        segment.Router().Ip("addr", "add", "10.2.0.1/32", "dev", "lo");
        var settings = BgpSegment.Settings() with { GracefulRestart = true, HelpsOnly = restarts == RouterRestarts.HelpsOnly, Installs = true, Bfd = bfd };
        var router = segment.Start(kind, settings);
        var options = BgpSegment.Options(peer => peer with { Bfd = bfd });
        segment.Node().Start(options);
        segment.Installs(0, "10.2.0.0/16 via 10.9.0.2");
        Eventually.True(() => segment.Router().Ip("route", "show", "10.244.1.0/24").Contains("via 10.9.0.11", StringComparison.Ordinal), "the router has the podCIDR");
        IsWatched(segment, router, bfd);
        using var inwards = new PingStream(segment.Router(), "10.2.0.1", "10.244.1.9");
        using var outwards = new PingStream(segment.Node().Space, "10.244.1.9", "10.2.0.1");
        Eventually.True(() => inwards.Highest > 0 && outwards.Highest > 0, "packets flow");
        foreach (var round in (int[])[1, 2, 3])
        {
            await segment.Node().StopAsync();
            Assert.Contains("10.2.0.0/16 via 10.9.0.2", BgpSegment.Learned(segment.Node().Space), StringComparison.Ordinal);

            // Nobody speaks for this node now for at least twice as long as BFD otherwise takes to find a path gone.
            var (inNow, outNow) = (inwards.Highest, outwards.Highest);
            Eventually.True(() => inwards.Highest > inNow + 60 && outwards.Highest > outNow + 60, $"packets flow while the agent is away: {router.Log}");
            segment.Node().Start(options);
            segment.IsUp();

            // What is told later is heard later: then the router has heard, too, that the rest was all.
            segment.SetServices(BgpSegment.LoadBalancer("web", local: false, string.Create(CultureInfo.InvariantCulture, $"203.0.113.{round}")));
            Eventually.True(() => router.Show($"203.0.113.{round}/32").Contains("10.9.0.11", StringComparison.Ordinal), $"round {round} is over: {router.Log}");
            IsWatched(segment, router, bfd);
        }

        Assert.True((inwards.Lost(), outwards.Lost()) == (0, 0), $"lost {inwards.Lost()} inwards, {outwards.Lost()} outwards: {router.Log}");
    }

    private static void IsWatched(BgpSegment segment, RealPeer router, bool bfd) =>
        Eventually.True(() => !bfd || (segment.Neighbors() is [{ Bfd: "up" }] && router.WatchedPaths() == 1), $"the path is watched: {router.Log}");

    /// <summary>What a router can do.</summary>
    private static class RouterRestarts
    {
        /// <summary>Keep routes, and have its own kept.</summary>
        public const string Able = "able";

        /// <summary>Keep routes: the default of both, who then name no family in their OPEN.</summary>
        public const string HelpsOnly = "helps only";
    }
}
