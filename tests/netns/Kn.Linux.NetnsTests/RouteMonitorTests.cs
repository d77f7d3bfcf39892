using Kn.Linux.Routes;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

public sealed class RouteMonitorTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly TestNamespace _test = new("knlx");
    private readonly RouteSocket _socket;

    public RouteMonitorTests() => _socket = RouteSocket.Open(_test.Namespace);

    public void Dispose()
    {
        _socket.Dispose();
        _test.Dispose();
    }

    [Fact]
    public async Task EveryKindOfChange_IsToldInOrder()
    {
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.All, _test.Namespace);
        _socket.CreateBridge(new BridgeLink { Name = "br0", Index = 50, Up = true });
        var address = new LinkAddress { Address = IpAddress.Parse("192.0.2.1"), PrefixLength = 24 };
        _socket.EnsureAddress(50, address);
        var route = new Route { Destination = IpPrefix.Parse("10.9.0.0/16"), LinkIndex = 50, Protocol = 199 };
        _socket.EnsureRoute(route);
        _socket.RemoveRoute(route);
        var neighbour = new Neighbour { Address = IpAddress.Parse("192.0.2.9"), LinkIndex = 50, Mac = MacAddress.Parse("02:00:00:00:00:09") };
        _socket.EnsureNeighbour(neighbour);
        var rule = new Rule { Family = IpFamily.V6, Priority = 77 };
        _socket.EnsureRule(rule);
        _socket.RemoveLink(50);
        var events = await ReadUntil(monitor, found => found is LinkEvent { IsRemoved: true, Link.Index: 50 });
        Assert.Contains(events, found => found is LinkEvent { IsRemoved: false, Link: { Name: "br0", IsUp: true } });
        Assert.Contains(events, found => found is AddressEvent { IsRemoved: false } added && added.Address.Address == address.Address);
        var told = events.OfType<RouteChangeEvent>().Where(found => found.Route.Protocol == 199).ToList();
        Assert.Equal([false, true], told.Select(found => found.IsRemoved));
        Assert.All(told, found => Assert.Equal(route, found.Route));
        Assert.All(told, found => Assert.NotEqual(0u, found.CausedBy));
        Assert.Contains(events, found => found is NeighbourEvent { IsRemoved: false } added && added.Neighbour == neighbour);
        Assert.Contains(events, found => found is RuleEvent { IsRemoved: false } added && added.Rule == rule);
        Assert.DoesNotContain(events, found => found is EventsLost);
    }

    [Fact]
    public async Task TheOtherEndOfAVeth_IsHeard_WhenAskedFor()
    {
        using var other = new TestNamespace("knlx");
        _socket.CreateVeth(new VethLink { Name = "here", Up = true, Peer = new VethPeer { Name = "there", NetworkNamespace = other.Namespace } });
        var here = _socket.FindLink("here")!.Index;
        var mac = MacAddress.Parse("02:00:00:00:00:77");
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Links, _test.Namespace, otherNamespaces: true);
        other.Ip("link", "set", "there", "address", mac.ToString());
        var events = await ReadUntil(monitor, found => found is LinkEvent { Link.Mac: var changed } && changed == mac);
        Assert.Contains(events, found => found is LinkEvent { Link: { Name: "there", Kind: "veth" } link } && link.PeerIndex == here);
    }

    [Fact]
    public async Task ADifferentNamespace_IsNotHeard()
    {
        using var other = new TestNamespace("knlx");
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Links, _test.Namespace);
        other.Ip("link", "add", "elsewhere", "type", "bridge");
        _socket.CreateBridge(new BridgeLink { Name = "here" });
        var events = await ReadUntil(monitor, found => found is LinkEvent { Link.Name: "here" });
        Assert.DoesNotContain(events, found => found is LinkEvent { Link.Name: "elsewhere" });
    }

    [Fact]
    public async Task AReaderThatIsTooSlow_IsToldThatEventsAreLost_AndHearsOn()
    {
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Routes, _test.Namespace);
        _socket.CreateBridge(new BridgeLink { Name = "br0", Index = 50, Up = true });
        var routes = Enumerable.Range(0, 20_000)
            .Select(i => new Route { Destination = IpPrefix.Parse($"10.{i / 256}.{i % 256}.0/24"), LinkIndex = 50, Protocol = 199 })
            .ToList();
        Assert.Empty(_socket.Apply([.. routes.Select(route => new EnsureRoute(route))]));
        await ReadUntil(monitor, found => found is EventsLost);
        var last = new Route { Destination = IpPrefix.Parse("10.255.0.0/16"), LinkIndex = 50, Protocol = 198 };
        _socket.EnsureRoute(last);
        await ReadUntil(monitor, found => found is RouteChangeEvent { Route.Protocol: 198 });
    }

    [Fact]
    public async Task Dispose_EndsTheEvents_AndMayBeRepeated()
    {
        var monitor = RouteMonitor.Open(RouteMonitorGroups.Links, _test.Namespace);
        var reading = Task.Run(async () =>
        {
            await foreach (var _ in monitor.ReadAllAsync(CancellationToken.None))
            {
            }
        });
        monitor.Dispose();
        monitor.Dispose();
        await reading.WaitAsync(Limit);
    }

    private static async Task<List<RouteEvent>> ReadUntil(RouteMonitor monitor, Func<RouteEvent, bool> isLast)
    {
        using var timeout = new CancellationTokenSource(Limit);
        var events = new List<RouteEvent>();
        await foreach (var found in monitor.ReadAllAsync(timeout.Token))
        {
            events.Add(found);
            if (isLast(found))
            {
                break;
            }
        }

        return events;
    }
}
