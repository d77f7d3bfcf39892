using System.Text.Json.Nodes;
using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests;

public sealed class LinkTests : IDisposable
{
    private readonly TestNamespace _test = new("knlx");
    private readonly RouteSocket _socket;

    public LinkTests() => _socket = RouteSocket.Open(_test.Namespace);

    public void Dispose()
    {
        _socket.Dispose();
        _test.Dispose();
    }

    [Fact]
    public void Veth_IsMadeWithItsPeerInAnotherNamespaceInOneStep()
    {
        using var pod = new TestNamespace("knlx");
        _socket.CreateVeth(new VethLink
        {
            Name = "kn0",
            Mtu = 1450,
            Mac = MacAddress.Parse("02:00:00:00:00:01"),
            Alias = "default/pod-a",
            Group = 77,
            Up = true,
            Peer = new VethPeer { Name = "eth0", Mtu = 1450, Mac = MacAddress.Parse("02:00:00:00:00:02"), NetworkNamespace = pod.Namespace },
        });
        var host = _test.IpJson("link", "show", "kn0")[0]!;
        Assert.Equal("veth", (string?)host["linkinfo"]!["info_kind"]);
        Assert.Equal(1450, (int)host["mtu"]!);
        Assert.Equal("02:00:00:00:00:01", (string?)host["address"]);
        Assert.Equal("default/pod-a", (string?)host["ifalias"]);
        Assert.Equal("77", (string?)host["group"]);
        using var podSocket = RouteSocket.Open(pod.Namespace);
        podSocket.ChangeLink(podSocket.FindLink("eth0")!.Index, new LinkChange { Up = true });
        var inPod = pod.IpJson("link", "show", "eth0")[0]!;
        Assert.Equal("02:00:00:00:00:02", (string?)inPod["address"]);
        Assert.Contains("UP", inPod["flags"]!.AsArray().Select(flag => (string?)flag));
        AssertSame(host, _socket.FindLink("kn0"));
        var found = _socket.FindLink("kn0")!;
        Assert.Equal((int)inPod["ifindex"]!, found.PeerIndex);
        Assert.Equal((int?)host["link_netnsid"], found.PeerNamespaceId);
        Eventually.True(() => _socket.FindLink(found.Index)!.State == LinkState.Up, "the veth has a carrier");
    }

    [Fact]
    public void Veth_WithWantedIndexes_GetsThem()
    {
        _socket.CreateVeth(new VethLink { Name = "kn0", Index = 4711, Peer = new VethPeer { Name = "kn1", Index = 4712 } });
        Assert.Equal(4711, _socket.FindLink("kn0")?.Index);
        Assert.Equal(4711, _socket.FindLinkIndex("kn0"));
        Assert.Null(_socket.FindLinkIndex("kn-none"));
        Assert.Equal("kn1", _socket.FindLink(4712)?.Name);
    }

    [Fact]
    public void Bridge_IsMade_AndTakesPorts()
    {
        _socket.CreateBridge(new BridgeLink { Name = "br0", Mtu = 1400, SpanningTree = false, MulticastSnooping = false });
        var bridge = _socket.FindLink("br0")!;
        _socket.CreateVeth(new VethLink { Name = "kn0", Master = bridge.Index, Peer = new VethPeer { Name = "kn1" } });
        var shown = _test.IpJson("link", "show", "br0")[0]!;
        Assert.Equal(0, (int)shown["linkinfo"]!["info_data"]!["mcast_snooping"]!);
        AssertSame(shown, _socket.FindLink("br0"));
        Assert.Equal("br0", (string?)_test.IpJson("link", "show", "kn0")[0]!["master"]);
        var port = _socket.FindLink("kn0")!;
        Assert.Equal(bridge.Index, port.Master);
        _socket.ChangeLink(port.Index, new LinkChange { Master = 0 });
        Assert.Null(_test.IpJson("link", "show", "kn0")[0]!["master"]);
        Assert.Equal(0, _socket.FindLink("kn0")!.Master);
    }

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("2001:db8::1", false)]
    public void Vxlan_IsMadeAndReadBack(string local, bool checksum)
    {
        _socket.CreateBridge(new BridgeLink { Name = "under" });
        var settings = new VxlanSettings { Vni = 4096, Port = 8472, Local = IpAddress.Parse(local), UnderlayIndex = _socket.FindLink("under")!.Index, Checksum = checksum, DontFragment = VxlanDontFragment.Inherit };
        _socket.CreateVxlan(new VxlanLink { Name = "kn-vxlan", Mtu = 1370, Mac = MacAddress.Parse("02:00:00:00:00:05"), Settings = settings });
        var shown = _test.IpJson("link", "show", "kn-vxlan")[0]!;
        var data = shown["linkinfo"]!["info_data"]!;
        Assert.Equal(4096, (int)data["id"]!);
        Assert.Equal(8472, (int)data["port"]!);
        Assert.Equal("under", (string?)data["link"]);
        Assert.Equal(local, (string?)(data["local"] ?? data["local6"]));
        Assert.False((bool)data["learning"]!);
        Assert.Equal(checksum, (bool)data["udp_csum"]!);
        AssertSame(shown, _socket.FindLink("kn-vxlan"));
        Assert.Equal(settings, _socket.FindLink("kn-vxlan")!.Vxlan);
        var other = IpAddress.Parse(local).Add(6);
        _socket.ChangeLink(_socket.FindLink("kn-vxlan")!.Index, new LinkChange { VxlanLocal = other });
        Assert.Equal(settings with { Local = other }, _socket.FindLink("kn-vxlan")!.Vxlan);
    }

    [Fact]
    public void Dummy_IsMadeWhereTheKernelHasIt()
    {
        var made = _socket.TryCreateDummy("dummy-a");
        var toolCan = Tool.Try("ip", ["-n", _test.Name, "link", "add", "dummy-b", "type", "dummy"]).ExitCode == 0;
        Assert.Equal(toolCan, made);
        Assert.Equal(made, _socket.FindLink("dummy-a") is not null);
    }

    [Fact]
    public void Change_SetsEveryProperty()
    {
        using var other = new TestNamespace("knlx");
        _test.Ip("link", "add", "kn0", "type", "veth", "peer", "name", "kn1");
        var index = _socket.FindLink("kn0")!.Index;
        _socket.ChangeLink(index, new LinkChange
        {
            Up = true,
            Mtu = 1300,
            Name = "renamed",
            Mac = MacAddress.Parse("02:00:00:00:00:09"),
            Alias = "a b",
            Group = 5,
        });
        var shown = _test.IpJson("link", "show", "renamed")[0]!;
        Assert.Equal(index, (int)shown["ifindex"]!);
        Assert.Equal("a b", (string?)shown["ifalias"]);
        AssertSame(shown, _socket.FindLink(index));
        _socket.ChangeLink(index, new LinkChange { Up = false, Alias = "" });
        Assert.False(_socket.FindLink(index)!.IsUp);
        Assert.Null(_socket.FindLink(index)!.Alias);
        _socket.ChangeLink(index, new LinkChange { NetworkNamespace = other.Namespace });
        Assert.Null(_socket.FindLink("renamed"));
        Assert.Single(other.IpJson("link", "show", "renamed"));
    }

    [Fact]
    public void FindLink_OfNone_IsNull()
    {
        Assert.Null(_socket.FindLink("nosuchlink"));
        Assert.Null(_socket.FindLink("a-name-that-no-link-can-have"));
        Assert.Null(_socket.FindLink(""));
        Assert.Null(_socket.FindLink(123456));
    }

    [Fact]
    public void Remove_IsIdempotent()
    {
        _test.Ip("link", "add", "kn0", "type", "veth", "peer", "name", "kn1");
        var index = _socket.FindLink("kn0")!.Index;
        _socket.RemoveLink(index);
        _socket.RemoveLink(index);
        _socket.RemoveLinks([index, index + 1000]);
        Assert.Equal(["lo"], _socket.ReadLinks().Select(link => link.Name));
    }

    [Fact]
    public void ARefusal_CarriesTheKernelsWords()
    {
        _socket.CreateBridge(new BridgeLink { Name = "br0" });
        var taken = Assert.Throws<NetlinkException>(() => _socket.CreateBridge(new BridgeLink { Name = "br0" }));
        Assert.Equal(Errno.EEXIST, taken.Errno);
        Assert.Contains("create bridge br0", taken.Message, StringComparison.Ordinal);
        var aliased = _socket.Apply([new CreateLink(new BridgeLink { Name = "br0", Alias = "not mine" })]);
        Assert.Equal(Errno.EEXIST, Assert.Single(aliased).Error.Errno);
        Assert.Null(_socket.FindLink("br0")!.Alias);
        var badVni = Assert.Throws<NetlinkException>(() => _socket.CreateVxlan(new VxlanLink { Name = "vx", Settings = new VxlanSettings { Vni = 1 << 25 } }));
        Assert.Equal(Errno.ERANGE, badVni.Errno);
        Assert.False(string.IsNullOrEmpty(badVni.KernelMessage));
        Assert.True(badVni.OffsetBytes > 0, badVni.Message);
        var badMtu = Assert.Throws<NetlinkException>(() => _socket.ChangeLink(_socket.FindLink("br0")!.Index, new LinkChange { Mtu = 10_000_000 }));
        Assert.Equal("mtu greater than device maximum", badMtu.KernelMessage);
        Assert.Throws<ArgumentException>(() => _socket.CreateBridge(new BridgeLink { Name = "much-too-long-for-a-link" }));
    }

    [Fact]
    public void ABatch_ReportsWhichChangeFailed_AndDoesTheOthers()
    {
        var failures = _socket.Apply(
        [
            new CreateLink(new BridgeLink { Name = "br0", Index = 100 }),
            new ChangeLink(99, new LinkChange { Up = true }),
            new ChangeLink(100, new LinkChange { Up = true }),
            new RemoveLink(98),
            new CreateLink(new BridgeLink { Name = "br0" }),
        ]);
        Assert.Equal([Errno.ENODEV, Errno.EEXIST], failures.Select(failure => failure.Error.Errno));
        Assert.Equal(new ChangeLink(99, new LinkChange { Up = true }), failures[0].Change);
        Assert.True(_socket.FindLink(100)!.IsUp);
    }

    [Fact]
    public void TwoHundredVethsMadeAtOnce_AreAllThere()
    {
        using var pods = new TestNamespace("knlx");
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i => _socket.CreateVeth(new VethLink
        {
            Name = $"kn{i}",
            Up = true,
            Peer = new VethPeer { Name = $"pod{i}", NetworkNamespace = pods.Namespace },
        }));
        var expected = Enumerable.Range(0, 200).Select(i => $"kn{i}").Append("lo").Order(StringComparer.Ordinal);
        Assert.Equal(expected, _socket.ReadLinks().Select(link => link.Name).Order(StringComparer.Ordinal));
        Assert.Equal(201, pods.IpJson("link", "show").Count);
        _socket.RemoveLinks(_socket.ReadLinks().Where(link => link.Kind == "veth").Select(link => link.Index));
        Assert.Single(_socket.ReadLinks());
        Eventually.True(() => pods.IpJson("link", "show").Count == 1, "the peers are gone with their other ends");
    }

    [Fact]
    public async Task ADump_ThatIsDisturbedByChurn_IsWholeEveryTime()
    {
        _socket.Apply([.. Enumerable.Range(0, 150).Select(i => new CreateLink(new VethLink { Name = $"stay{i}", Peer = new VethPeer { Name = $"peer{i}" } }))]);
        using var stop = new CancellationTokenSource();
        using var churner = RouteSocket.Open(_test.Namespace);
        var churn = Task.Run(() => Churn(churner, stop.Token));
        for (var round = 0; round < 100; round++)
        {
            var names = _socket.ReadLinks().Select(link => link.Name).ToHashSet(StringComparer.Ordinal);
            Assert.All(Enumerable.Range(0, 150), i => Assert.Contains($"stay{i}", names));
            Assert.All(Enumerable.Range(0, 150), i => Assert.Contains($"peer{i}", names));
        }

        await stop.CancelAsync();
        await churn.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static void Churn(RouteSocket socket, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            socket.CreateBridge(new BridgeLink { Name = "churn", Index = 900_000 });
            socket.RemoveLink(900_000);
        }
    }

    private static void AssertSame(JsonNode shown, Link? link)
    {
        Assert.NotNull(link);
        Assert.Equal((int)shown["ifindex"]!, link.Index);
        Assert.Equal((string?)shown["ifname"], link.Name);
        Assert.Equal((uint)shown["mtu"]!, link.Mtu);
        Assert.Equal((string?)shown["address"], link.Mac?.ToString());
        Assert.Equal((string?)shown["ifalias"], link.Alias);
        Assert.Equal((string?)shown["linkinfo"]?["info_kind"], link.Kind);
        Assert.Equal((string?)shown["group"], link.Group == 0 ? "default" : link.Group.ToString());
        Assert.Equal(shown["flags"]!.AsArray().Any(flag => (string?)flag == "UP"), link.IsUp);
    }
}
