using Kn.Hosting;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.FastPath;

namespace Kn.Routes.Tests;

/// <summary>Which links have the fast path.</summary>
public sealed class FastPathTests
{
    private static readonly Link[] Links =
    [
        new() { Index = 1, Name = "lo", Flags = LinkFlags.Up | LinkFlags.Loopback },
        new() { Index = 2, Name = "eth0", Flags = LinkFlags.Up },
        new() { Index = 3, Name = "eth1", Flags = LinkFlags.Up },
        new() { Index = 4, Name = "eth2" },
        new() { Index = 5, Name = "kn0123456789ab", Group = NodeResources.PodLinkGroup, Flags = LinkFlags.Up },
        new() { Index = 6, Name = "kn-bridge", Group = NodeResources.PodBridgeGroup, Flags = LinkFlags.Up },
        new() { Index = 7, Name = "knba9876543210", Group = NodeResources.PodLinkGroup, Master = 6, Flags = LinkFlags.Up },
        new() { Index = 8, Name = NodeResources.VxlanLink, Flags = LinkFlags.Up },
        new() { Index = 9, Name = NodeResources.DnsLink, Flags = LinkFlags.Up },
        new() { Index = 10, Name = "kndying0000000", Group = NodeResources.DyingLinkGroup, Flags = LinkFlags.Up },
    ];

    private static readonly LinkAddress[] Addresses =
    [
        Address(1, "10.0.0.1"), Address(2, "192.0.2.1"), Address(4, "198.51.100.1"), Address(5, "fe80::1"), Address(6, "10.244.0.1"), Address(9, "10.96.0.10"),
    ];

    [Fact]
    public void PodsLinks_TheirBridge_Tunnels_AndLinksWithANodesAddress_AreWanted() => Assert.Equal([2, 5, 6, 8], FastPathLinks.Wanted(Links, Addresses).Order());

    private static LinkAddress Address(int link, string address) => new() { LinkIndex = link, Address = IpAddress.Parse(address), PrefixLength = 24 };
}
