using Kn.Primitives;
using Kn.Routes.Peers;

namespace Kn.Routes.Tests;

public sealed class WayTests
{
    private static readonly ValueList<IpAddress> Dual = [Given.Ip("192.0.2.1"), Given.Ip("2001:db8::1")];

    public sealed record WayCase(string Name, RoutesMode Mode, IpFamily Pods, string[] Peer, string Way, VxlanUnderlay Underlay = VxlanUnderlay.Auto, bool OnlyV4 = false)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<WayCase> Cases() => new()
    {
        new WayCase("shared segment, IPv4", RoutesMode.Auto, IpFamily.V4, ["192.0.2.2", "2001:db8::2"], "direct 192.0.2.2"),
        new WayCase("shared segment, IPv6", RoutesMode.Auto, IpFamily.V6, ["192.0.2.2", "2001:db8::2"], "direct 2001:db8::2"),
        new WayCase("the address that is connected", RoutesMode.Auto, IpFamily.V4, ["203.0.113.7", "192.0.2.3"], "direct 192.0.2.3"),
        new WayCase("IPv4 pods of an IPv6 node have an IPv6 next hop", RoutesMode.Auto, IpFamily.V4, ["2001:db8::2"], "direct 2001:db8::2"),
        new WayCase("IPv6 pods of an IPv4 node go in a tunnel", RoutesMode.Auto, IpFamily.V6, ["192.0.2.2"], "vxlan 192.0.2.2"),
        new WayCase("one family shared, the other behind a router", RoutesMode.Auto, IpFamily.V6, ["192.0.2.2", "2001:db8:9::2"], "vxlan 192.0.2.2"),
        new WayCase("behind a router", RoutesMode.Auto, IpFamily.V4, ["198.51.100.2", "2001:db8:9::2"], "vxlan 198.51.100.2"),
        new WayCase("behind a router, IPv6 only", RoutesMode.Auto, IpFamily.V4, ["2001:db8:9::2"], "vxlan 2001:db8:9::2"),
        new WayCase("this node has no IPv6", RoutesMode.Auto, IpFamily.V6, ["2001:db8:9::2"], "no InternalIPs of the same family", OnlyV4: true),
        new WayCase("underlay ipv6 asked for", RoutesMode.Auto, IpFamily.V4, ["198.51.100.2", "2001:db8:9::2"], "vxlan 2001:db8:9::2", VxlanUnderlay.Ipv6),
        new WayCase("underlay ipv6 asked for and absent", RoutesMode.Vxlan, IpFamily.V4, ["198.51.100.2"], "no InternalIP of the family that routes.vxlan.underlay asks for, IPv6", VxlanUnderlay.Ipv6),
        new WayCase("of several addresses the connected one", RoutesMode.Vxlan, IpFamily.V4, ["198.51.100.2", "192.0.2.2"], "vxlan 192.0.2.2"),
        new WayCase("vxlan on a shared segment", RoutesMode.Vxlan, IpFamily.V6, ["192.0.2.2", "2001:db8::2"], "vxlan 192.0.2.2"),
        new WayCase("direct only, connected", RoutesMode.Direct, IpFamily.V4, ["192.0.2.2"], "direct 192.0.2.2"),
        new WayCase("direct only, behind a router", RoutesMode.Direct, IpFamily.V4, ["198.51.100.9"], "198.51.100.9 is not on a network that this node is connected to"),
        new WayCase("direct only, no address of the family", RoutesMode.Direct, IpFamily.V6, ["192.0.2.2"], "no InternalIP of that family"),
        new WayCase("link-local does not count", RoutesMode.Auto, IpFamily.V6, ["fe80::9"], "no InternalIPs of the same family"),
        new WayCase("no address at all", RoutesMode.Auto, IpFamily.V4, [], "no InternalIPs of the same family"),
        new WayCase("an address of this node", RoutesMode.Auto, IpFamily.V4, ["192.0.2.1"], "192.0.2.1 is an address of this node"),
        new WayCase("switched off", RoutesMode.None, IpFamily.V4, ["192.0.2.2"], "nothing"),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Way_IsAsTheTableSays(WayCase row)
    {
        var options = new RoutesOptions { Mode = row.Mode, Vxlan = new VxlanOptions { Underlay = row.Underlay } };
        ValueList<IpAddress> self = row.OnlyV4 ? [Given.Ip("192.0.2.1")] : Dual;
        var way = WayRules.Of(Given.Node("n2", [], row.Peer), row.Pods, self, Given.OneSegment, options);
        var text = way switch
        {
            DirectWay direct => $"direct {direct.Gateway}",
            VxlanWay vxlan => $"vxlan {vxlan.Remote}",
            NoWay none => none.Reason ?? "nothing",
            _ => "",
        };
        Assert.Contains(row.Way, text, StringComparison.Ordinal);
    }

    /// <summary>What a node sends by one way, the other must send back by the same.</summary>
    [Fact]
    public void TwoNodes_ChooseTheSameWayToEachOther()
    {
        string[][] addresses = [["192.0.2.1", "2001:db8::1"], ["192.0.2.2", "2001:db8::2"], ["198.51.100.3", "2001:db8:9::3"], ["198.51.100.4"], ["2001:db8::5"], ["2001:db8:9::6", "192.0.2.6"]];
        foreach (var left in addresses)
        {
            foreach (var right in addresses.Where(other => other != left))
            {
                foreach (var mode in Enum.GetValues<RoutesMode>())
                {
                    foreach (var pods in Enum.GetValues<IpFamily>())
                    {
                        Assert.Equal(Kind(left, right, mode, pods), Kind(right, left, mode, pods));
                    }
                }
            }
        }
    }

    [Fact]
    public void OwnAddresses_AreTheNodesOrElseTheLinks()
    {
        Assert.Equal(Dual, WayRules.AddressesOf(Given.Self, Given.OneSegment));
        Assert.Equal(Dual, WayRules.AddressesOf(null, Given.OneSegment));
        Assert.Equal(Dual, WayRules.AddressesOf(Given.Node("n1", []), Given.OneSegment));
        Assert.Equal(Given.Ip("192.0.2.1"), WayRules.TunnelSource([Given.Ip("203.0.113.1"), Given.Ip("192.0.2.1")], IpFamily.V4, Given.OneSegment));
        Assert.Null(WayRules.TunnelSource([Given.Ip("203.0.113.1")], IpFamily.V4, Given.OneSegment));
    }

    private static string Kind(string[] from, string[] to, RoutesMode mode, IpFamily pods)
    {
        var self = Given.Node("from", [], from);
        var underlay = new Underlay(
            self.InternalIps.Select(static address => new ConnectedSubnet(new IpPrefix(address, address.Family == IpFamily.V4 ? 24 : 64), 2)).ToValueList(),
            self.InternalIps.Select(static address => new UnderlayAddress(address, 2)).ToValueList(),
            [new UnderlayLink(2, 1500)]);
        return WayRules.Of(Given.Node("to", [], to), pods, self.InternalIps, underlay, new RoutesOptions { Mode = mode }) switch
        {
            DirectWay direct => $"direct {direct.Gateway.Family}",
            VxlanWay vxlan => $"vxlan {vxlan.Outer}",
            _ => "none",
        };
    }
}
