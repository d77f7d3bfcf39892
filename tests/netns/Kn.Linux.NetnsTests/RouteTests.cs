using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

public sealed class RouteTests : IDisposable
{
    private const byte OurProtocol = 199;
    private readonly TestNamespace _test = new("knlx");
    private readonly RouteSocket _socket;
    private readonly int _link;

    public RouteTests()
    {
        _test.Ip("link", "add", "kn0", "type", "veth", "peer", "name", "kn1");
        _test.Ip("link", "set", "kn0", "up");
        _test.Ip("link", "set", "kn1", "up");
        _socket = RouteSocket.Open(_test.Namespace);
        _link = _socket.FindLink("kn0")!.Index;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _test.Dispose();
    }

    [Theory]
    [InlineData("192.0.2.1", 24, null)]
    [InlineData("192.0.2.1", 32, "192.0.2.2")]
    [InlineData("2001:db8::1", 64, null)]
    [InlineData("2001:db8::1", 128, "2001:db8::2")]
    public void Address_IsAddedReadAndRemoved_AndBothAreIdempotent(string text, byte length, string? peer)
    {
        var address = new LinkAddress
        {
            Address = IpAddress.Parse(text),
            PrefixLength = length,
            Peer = peer is null ? null : IpAddress.Parse(peer),
            Flags = LinkAddressFlags.NoDuplicateDetection | LinkAddressFlags.NoPrefixRoute,
        };
        _socket.EnsureAddress(_link, address);
        _socket.EnsureAddress(_link, address);
        var shown = _test.IpJson("addr", "show", "kn0")[0]!["addr_info"]!.AsArray().Single(entry => (string?)entry!["local"] == text)!;
        Assert.Equal(length, (byte)shown["prefixlen"]!);
        Assert.Equal(peer, (string?)shown["address"]);
        Assert.True((bool)shown["noprefixroute"]!);
        Assert.Null(shown["tentative"]);
        var read = Assert.Single(_socket.ReadAddresses(_link), entry => entry.Address == address.Address);
        Assert.Equal(address with { LinkIndex = _link, Flags = read.Flags }, read);
        // IPv4 has no duplicate detection and does not keep the flag.
        var kept = text.Contains(':') ? address.Flags : address.Flags & ~LinkAddressFlags.NoDuplicateDetection;
        Assert.Equal(kept, read.Flags & ~LinkAddressFlags.Permanent);
        _socket.RemoveAddress(_link, address);
        _socket.RemoveAddress(_link, address);
        Assert.DoesNotContain(_socket.ReadAddresses(), entry => entry.Address == address.Address);
        Assert.DoesNotContain(text, _test.Ip("addr", "show", "kn0"), StringComparison.Ordinal);
    }

    public static TheoryData<string> RouteNames() => [.. RouteCases().Keys];

    [Theory, MemberData(nameof(RouteNames))]
    public void Route_IsAddedReadShownAndRemoved(string name)
    {
        _test.Ip("addr", "add", "192.0.2.1/24", "dev", "kn0");
        _test.Ip("addr", "add", "2001:db8::1/64", "dev", "kn0", "nodad");
        var (route, shown) = RouteCases()[name];
        if (route is { SendsNothing: false, NextHops.IsEmpty: true })
        {
            route = route with { LinkIndex = _link };
        }

        route = route with { NextHops = route.NextHops.Select(hop => hop with { LinkIndex = _link }).ToValueList() };
        _socket.EnsureRoute(route);
        _socket.EnsureRoute(route);
        var read = Assert.Single(_socket.ReadRoutes(new RouteFilter(Protocol: OurProtocol)));
        Assert.Equal(route.Normalized(), read);
        var family = route.Destination.Family == IpFamily.V6 ? "-6" : "-4";
        var text = _test.Ip(family, "-d", "route", "show", "table", "all", "proto", "199").Trim();

        // ip(8) leaves out what was filtered by, and names the table when it was not.
        shown = shown.Replace(" proto 199", shown.Contains(" table ", StringComparison.Ordinal) ? "" : " table main", StringComparison.Ordinal);
        Assert.Equal(shown, string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        _socket.RemoveRoute(route);
        _socket.RemoveRoute(route);
        Assert.Empty(_socket.ReadRoutes(new RouteFilter(Protocol: OurProtocol)));
    }

    [Fact]
    public void EnsureRoute_ReplacesTheGateway()
    {
        _test.Ip("addr", "add", "192.0.2.1/24", "dev", "kn0");
        var route = Ours("10.1.0.0/24") with { LinkIndex = _link, Gateway = IpAddress.Parse("192.0.2.2") };
        _socket.EnsureRoute(route);
        _socket.EnsureRoute(route with { Gateway = IpAddress.Parse("192.0.2.3") });
        Assert.Equal(IpAddress.Parse("192.0.2.3"), Assert.Single(_socket.ReadRoutes(new RouteFilter(Protocol: OurProtocol))).Gateway);
    }

    [Fact]
    public void ReadRoutes_FiltersByEachProperty()
    {
        _socket.EnsureRoute(Ours("10.1.0.0/24") with { LinkIndex = _link });
        _socket.EnsureRoute(Ours("10.2.0.0/24") with { LinkIndex = _link, Table = (RouteTable)1000 });
        _socket.EnsureRoute(Ours("2001:db8:1::/64") with { LinkIndex = _link, Table = (RouteTable)1000 });
        Assert.Equal(2, _socket.ReadRoutes(new RouteFilter(Table: (RouteTable)1000)).Count);
        Assert.Single(_socket.ReadRoutes(new RouteFilter(IpFamily.V6, (RouteTable)1000)));
        Assert.Empty(_socket.ReadRoutes(new RouteFilter(Table: (RouteTable)1001)));
        Assert.Empty(_socket.ReadRoutes(new RouteFilter(LinkIndex: 99_999)));
        Assert.Equal(3, _socket.ReadRoutes(new RouteFilter(LinkIndex: _link, Protocol: OurProtocol)).Count);
        Assert.Contains(_socket.ReadRoutes(), route => route is { Table: RouteTable.Local, Type: RouteType.Local });
    }

    [Fact]
    public void AGatewayThatNothingReaches_IsRefusedWithTheKernelsWords()
    {
        var error = Assert.Throws<NetlinkException>(() => _socket.EnsureRoute(Ours("10.1.0.0/24") with { LinkIndex = _link, Gateway = IpAddress.Parse("198.51.100.1") }));
        Assert.Equal(Errno.ENETUNREACH, error.Errno);
        Assert.Equal("Nexthop has invalid gateway", error.KernelMessage);
        Assert.Contains("10.1.0.0/24 via 198.51.100.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FiveThousandRoutes_AreAppliedAndReadInOneGo()
    {
        var routes = Enumerable.Range(0, 5000).Select(i => Ours($"10.{i / 256}.{i % 256}.0/24") with { LinkIndex = _link }).ToList();
        Assert.Empty(_socket.Apply([.. routes.Select(route => new EnsureRoute(route))]));
        Assert.Equal(routes.ToHashSet(), _socket.ReadRoutes(new RouteFilter(Protocol: OurProtocol)).ToHashSet());
        Assert.Empty(_socket.Apply([.. routes.Select(route => new RemoveRoute(route))]));
        Assert.Empty(_socket.ReadRoutes(new RouteFilter(Protocol: OurProtocol)));
        Assert.Empty(_socket.Apply([.. routes.Select(route => new RemoveRoute(route))]));
    }

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::7")]
    public void Neighbour_IsAddedReadAndRemoved(string address)
    {
        var neighbour = new Neighbour { Address = IpAddress.Parse(address), LinkIndex = _link, Mac = MacAddress.Parse("02:00:00:00:00:07") };
        _socket.EnsureNeighbour(neighbour with { Mac = MacAddress.Parse("02:00:00:00:00:08") });
        _socket.EnsureNeighbour(neighbour);
        var shown = _test.IpJson("neigh", "show", address, "dev", "kn0")[0]!;
        Assert.Equal("02:00:00:00:00:07", (string?)shown["lladdr"]);
        Assert.Equal("PERMANENT", (string?)shown["state"]![0]);
        Assert.Contains(neighbour, _socket.ReadNeighbours(new NeighbourFilter(neighbour.Address.Family, _link)));
        _socket.RemoveNeighbour(neighbour);
        _socket.RemoveNeighbour(neighbour);
        Assert.DoesNotContain(_socket.ReadNeighbours(), entry => entry.Address == neighbour.Address);
    }

    [Theory]
    [InlineData("192.0.2.9")]
    [InlineData("2001:db8::9")]
    public void ProxyNeighbour_IsKeptApart(string address)
    {
        var proxy = new Neighbour { Address = IpAddress.Parse(address), LinkIndex = _link, State = NeighbourStates.None, Flags = NeighbourFlags.Proxy };
        _socket.EnsureNeighbour(proxy);
        Assert.Contains(address, _test.Ip("neigh", "show", "proxy"), StringComparison.Ordinal);
        var read = Assert.Single(_socket.ReadNeighbours(new NeighbourFilter(Proxies: true)));
        Assert.Equal((proxy.Address, proxy.Flags), (read.Address, read.Flags));
        _socket.RemoveNeighbour(proxy);
        Assert.Empty(_socket.ReadNeighbours(new NeighbourFilter(Proxies: true)));
    }

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.8")]
    [InlineData("2001:db8::7", "2001:db8::8")]
    public void Fdb_SendsAnEthernetAddressToOneRemote_AndTheZeroAddressToSeveral(string first, string second)
    {
        _socket.CreateVxlan(new VxlanLink { Name = "vx0", Settings = new VxlanSettings { Vni = 1, Local = IpAddress.Any(IpAddress.Parse(first).Family).Add(1) } });
        var vxlan = _socket.FindLink("vx0")!.Index;
        var entry = new FdbEntry { Mac = MacAddress.Parse("02:00:00:00:00:07"), LinkIndex = vxlan, Remote = IpAddress.Parse(first) };
        _socket.EnsureFdbEntry(entry with { Remote = IpAddress.Parse(second) });
        _socket.EnsureFdbEntry(entry);
        var flood = entry with { Mac = default };
        _socket.EnsureFdbEntry(flood);
        _socket.EnsureFdbEntry(flood with { Remote = IpAddress.Parse(second) });
        _socket.EnsureFdbEntry(flood);
        var shown = _test.Exec("bridge", "fdb", "show", "dev", "vx0");
        Assert.Contains($"02:00:00:00:00:07 dst {first} self permanent", shown, StringComparison.Ordinal);
        Assert.Contains($"00:00:00:00:00:00 dst {second} self permanent", shown, StringComparison.Ordinal);
        Assert.Equal(new[] { entry, flood, flood with { Remote = IpAddress.Parse(second) } }.ToHashSet(), _socket.ReadFdb(vxlan).ToHashSet());
        _socket.RemoveFdbEntry(entry);
        _socket.RemoveFdbEntry(entry);
        _socket.RemoveFdbEntry(flood);
        Assert.Equal(flood with { Remote = IpAddress.Parse(second) }, Assert.Single(_socket.ReadFdb(vxlan)));
    }

    [Fact]
    public void Fdb_OfABridge_IsReadAndWritten()
    {
        _socket.CreateBridge(new BridgeLink { Name = "br0", Up = true });
        var bridge = _socket.FindLink("br0")!.Index;
        _socket.ChangeLink(_link, new LinkChange { Master = bridge });
        var entry = new FdbEntry { Mac = MacAddress.Parse("02:00:00:00:00:07"), LinkIndex = _link, Flags = NeighbourFlags.Master, State = NeighbourStates.NoArp };
        _socket.EnsureFdbEntry(entry);
        Assert.Contains("02:00:00:00:00:07 dev kn0 master br0 static", _test.Exec("bridge", "fdb", "show"), StringComparison.Ordinal);
        var read = Assert.Single(_socket.ReadFdb(), found => found.Mac == entry.Mac && found.Vlan is null);
        Assert.Equal((_link, bridge), (read.LinkIndex, read.Master));
        _socket.RemoveFdbEntry(entry);
        Assert.DoesNotContain(_socket.ReadFdb(), found => found.Mac == entry.Mac && found.Vlan is null);
    }

    public static TheoryData<string> RuleNames() => [.. RuleCases().Keys];

    [Theory, MemberData(nameof(RuleNames))]
    public void Rule_IsAddedReadShownAndRemoved(string shown)
    {
        var rule = RuleCases()[shown];
        _socket.EnsureRule(rule);
        _socket.EnsureRule(rule);
        Assert.Equal(rule, Assert.Single(_socket.ReadRules(), read => read.Priority == rule.Priority));
        Assert.Equal(rule, Assert.Single(_socket.ReadRules(rule.Family), read => read.Priority == rule.Priority));
        var family = rule.Family == IpFamily.V6 ? "-6" : "-4";
        var line = _test.Ip(family, "rule", "show", "pref", rule.Priority.ToString()).Trim();
        Assert.Equal(shown, string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        _socket.RemoveRule(rule);
        _socket.RemoveRule(rule);
        Assert.DoesNotContain(_socket.ReadRules(), read => read.Priority == rule.Priority);
    }

    private static Dictionary<string, (Route Route, string Shown)> RouteCases() => new(StringComparer.Ordinal)
    {
        ["link v4"] = (Ours("10.1.0.5/32") with { Scope = RouteScope.Link, PreferredSource = IpAddress.Parse("192.0.2.1") },
            "unicast 10.1.0.5 dev kn0 proto 199 scope link src 192.0.2.1"),
        ["link v6"] = (Ours("2001:db8:1::5/128") with { PreferredSource = IpAddress.Parse("2001:db8::1") },
            "unicast 2001:db8:1::5 dev kn0 proto 199 scope global src 2001:db8::1 metric 1024 pref medium"),
        ["gateway v4"] = (Ours("10.1.0.0/24") with { Gateway = IpAddress.Parse("192.0.2.2"), Mtu = 1400, Metric = 7 },
            "unicast 10.1.0.0/24 via 192.0.2.2 dev kn0 proto 199 scope global metric 7 mtu 1400"),
        ["gateway v6"] = (Ours("2001:db8:1::/64") with { Gateway = IpAddress.Parse("2001:db8::2"), Mtu = 1400, Metric = 7 },
            "unicast 2001:db8:1::/64 via 2001:db8::2 dev kn0 proto 199 scope global metric 7 mtu 1400 pref medium"),
        ["on-link v4"] = (Ours("10.1.0.0/24") with { Gateway = IpAddress.Parse("169.254.1.1"), OnLink = true },
            "unicast 10.1.0.0/24 via 169.254.1.1 dev kn0 proto 199 scope global onlink"),
        ["on-link v6"] = (Ours("2001:db8:1::/64") with { Gateway = IpAddress.Parse("fe80::1"), OnLink = true },
            "unicast 2001:db8:1::/64 via fe80::1 dev kn0 proto 199 scope global metric 1024 onlink pref medium"),
        ["v4 by a v6 gateway"] = (Ours("10.1.0.0/24") with { Gateway = IpAddress.Parse("fe80::1") },
            "unicast 10.1.0.0/24 via inet6 fe80::1 dev kn0 proto 199 scope global"),
        ["default v4"] = (Ours("0.0.0.0/0") with { Gateway = IpAddress.Parse("192.0.2.2") },
            "unicast default via 192.0.2.2 dev kn0 proto 199 scope global"),
        ["default v6"] = (Ours("::/0") with { Gateway = IpAddress.Parse("2001:db8::2") },
            "unicast default via 2001:db8::2 dev kn0 proto 199 scope global metric 1024 pref medium"),
        ["high table v4"] = (Ours("10.1.0.0/24") with { Table = (RouteTable)100_000 },
            "unicast 10.1.0.0/24 dev kn0 table 100000 proto 199 scope global"),
        ["high table v6"] = (Ours("2001:db8:1::/64") with { Table = (RouteTable)100_000 },
            "unicast 2001:db8:1::/64 dev kn0 table 100000 proto 199 scope global metric 1024 pref medium"),
        ["blackhole v4"] = (Ours("10.1.0.0/16") with { Type = RouteType.Blackhole }, "blackhole 10.1.0.0/16 proto 199 scope global"),
        ["blackhole v6"] = (Ours("2001:db8:1::/48") with { Type = RouteType.Blackhole },
            "blackhole 2001:db8:1::/48 dev lo proto 199 scope global metric 1024 pref medium"),
        ["unreachable v4"] = (Ours("10.1.0.0/16") with { Type = RouteType.Unreachable }, "unreachable 10.1.0.0/16 proto 199 scope global"),
        ["unreachable v6"] = (Ours("2001:db8:1::/48") with { Type = RouteType.Unreachable },
            "unreachable 2001:db8:1::/48 dev lo proto 199 scope global metric 1024 pref medium"),
        ["multipath v4"] = (Ours("10.1.0.0/24") with { NextHops = [new(IpAddress.Parse("192.0.2.2"), 0), new(IpAddress.Parse("192.0.2.3"), 0, Weight: 3)] },
            "unicast 10.1.0.0/24 proto 199 scope global nexthop via 192.0.2.2 dev kn0 weight 1 nexthop via 192.0.2.3 dev kn0 weight 3"),
        ["multipath v6"] = (Ours("2001:db8:1::/64") with { NextHops = [new(IpAddress.Parse("2001:db8::2"), 0), new(IpAddress.Parse("2001:db8::3"), 0, Weight: 3)] },
            "unicast 2001:db8:1::/64 proto 199 scope global metric 1024 pref medium nexthop via 2001:db8::2 dev kn0 weight 1 nexthop via 2001:db8::3 dev kn0 weight 3"),
    };

    private static Dictionary<string, Rule> RuleCases() => new(StringComparer.Ordinal)
    {
        ["1001: from all lookup 1000 proto static"] = V4(1001) with { Table = (RouteTable)1000 },
        ["1002: from 10.1.0.0/16 to 10.2.0.1 lookup main proto static"] = V4(1002) with { Source = IpPrefix.Parse("10.1.0.0/16"), Destination = IpPrefix.Parse("10.2.0.1/32") },
        ["1003: from all fwmark 0x4000/0x4000 lookup main proto static"] = V4(1003) with { Mark = 0x4000, MarkMask = 0x4000 },
        ["1004: from all iif lo lookup local proto static"] = V4(1004) with { InLink = "lo", Table = RouteTable.Local },
        ["1005: not from all fwmark 0x1 oif kn0 lookup main suppress_prefixlength 0 proto static"] =
            V4(1005) with { Mark = 1, OutLink = "kn0", Inverted = true, SuppressPrefixLength = 0 },
        ["1006: from 10.9.0.0/16 unreachable proto 199"] =
            V4(1006) with { Source = IpPrefix.Parse("10.9.0.0/16"), Action = RuleAction.Unreachable, Table = RouteTable.Unspecified, Protocol = OurProtocol },
        ["1007: from 2001:db8::/32 fwmark 0x2 lookup 70000 proto static"] =
            new Rule { Family = IpFamily.V6, Priority = 1007, Source = IpPrefix.Parse("2001:db8::/32"), Mark = 2, Table = (RouteTable)70000 },
    };

    private static Rule V4(uint priority) => new() { Family = IpFamily.V4, Priority = priority };

    private static Route Ours(string prefix) => new() { Destination = IpPrefix.Parse(prefix), Protocol = OurProtocol };
}
