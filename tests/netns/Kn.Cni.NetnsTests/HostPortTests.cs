using System.Net.Sockets;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;

namespace Kn.Cni.NetnsTests;

/// <summary>Ports of the node, from every direction, in both families and all protocols. Needs root.</summary>
public sealed class HostPortTests(HostPortTests.Net net) : IClassFixture<HostPortTests.Net>
{
    public enum From
    {
        Outside,
        Node,
        NodeByLoopback,
        OtherPod,
        ThePodItself,
    }

    public static TheoryData<From, bool, string> Directions()
    {
        var rows = new TheoryData<From, bool, string>();
        foreach (var from in Enum.GetValues<From>())
        {
            // ::1 leads nowhere, see below.
            foreach (var isV6 in from == From.NodeByLoopback ? [false] : (bool[])[false, true])
            {
                rows.Add(from, isV6, "tcp");
                rows.Add(from, isV6, "udp");
                rows.Add(from, isV6, "sctp");
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Directions))]
    [Conformance("cni", "Capabilities")]
    public void HostPort_LeadsToThePod_WithTheAskersAddressWhereItCanBeAnswered(From from, bool isV6, string protocol)
    {
        var (space, address, seen) = Direction(from, isV6);
        if (protocol == "sctp")
        {
            Assert.Equal(seen, SctpSource(space, address, isV6));
        }
        else
        {
            Assert.Equal($"web {seen}", Client.Ask(space, address, 8080, protocol == "tcp" ? ProtocolType.Tcp : ProtocolType.Udp));
        }
    }

    /// <summary>What the Kubernetes conformance test of hostPort does; and the kernel takes no answer for ::1 from a link.</summary>
    [Theory]
    [InlineData("127.0.0.1", HostPortNet.NodeV4)]
    [InlineData("::1", HostPortNet.NodeV6)]
    [Conformance("cni", "Capabilities")]
    public void HostPort_OfALoopbackAddress_LeadsToThePod_FromAnotherSource(string address, string source)
    {
        Assert.Equal($"web {source}", Client.Ask(net.NodeSpace, address, 8080, source: source));
        Assert.Equal($"web {source}", Client.Ask(net.NodeSpace, address, 8080, ProtocolType.Udp, source: source));
        Assert.Equal("ConnectionRefused", Client.Ask(net.NodeSpace, "::1", 8080));
    }

    [Fact]
    public void OtherPorts_AreNotTouched()
    {
        Assert.Equal("ConnectionRefused", Client.Ask(net.Outside, HostPortNet.NodeV4, 8081));
        Assert.Equal("ConnectionRefused", Client.Ask(net.NodeSpace, "127.0.0.1", 80));
    }

    /// <summary>The pod's link has route_localnet, for answers to 127.0.0.1; the pod must not be able to use it.</summary>
    [Fact]
    public async Task Pod_CannotReachTheNodesLoopbackAddresses()
    {
        using var service = new Responder(net.NodeSpace, "secret", 7070);
        Assert.Equal("secret 127.0.0.1", Client.Ask(net.NodeSpace, "127.0.0.1", 7070));
        var pod = net.WebName;
        Assert.Equal("1", (await Run.TextAsync($"ip netns exec {net.Node.Name} cat /proc/sys/net/ipv4/conf/{net.WebLink}/route_localnet")).Trim());
        // A pod with NET_RAW can send what its own kernel would not; here its kernel is told to.
        await Run.TextAsync($"ip netns exec {pod} sysctl -qw net.ipv4.conf.eth0.route_localnet=1");
        await Run.TextAsync($"ip -n {pod} route add 127.9.9.9/32 via 169.254.1.1 dev eth0 onlink src 10.244.1.1");
        Assert.Equal("TimedOut", Client.Ask(net.Web, "127.9.9.9", 7070, ProtocolType.Tcp, TimeSpan.FromSeconds(2)));
        Assert.Equal("TimedOut", Client.Ask(net.Web, "127.9.9.9", 8080, ProtocolType.Tcp, TimeSpan.FromSeconds(2)));
        // Each of the two guards keeps it out alone, and without them it gets through: the test tests something.
        await net.Node.StopAsync();
        await net.NftAsync("insert rule inet kn-cni loopback accept");
        Assert.Equal("TimedOut", Client.Ask(net.Web, "127.9.9.9", 7070, ProtocolType.Tcp, TimeSpan.FromSeconds(2)));
        await net.NftAsync("insert rule inet kn-cni prerouting accept");
        Assert.Equal("secret 10.244.1.1", Client.Ask(net.Web, "127.9.9.9", 7070));
        await net.NftAsync("flush chain inet kn-cni loopback");
        await net.NftAsync("add rule inet kn-cni loopback iif != lo ip daddr 127.0.0.0/8 goto loopback-answers");
        Assert.Equal("TimedOut", Client.Ask(net.Web, "127.9.9.9", 7070, ProtocolType.Tcp, TimeSpan.FromSeconds(2)));
        await net.Node.StartAsync();
        Assert.Equal("TimedOut", Client.Ask(net.Web, "127.9.9.9", 7070, ProtocolType.Tcp, TimeSpan.FromSeconds(2)));
    }

    private (NetworkNamespace Space, string Address, string Seen) Direction(From from, bool isV6)
    {
        var node = isV6 ? HostPortNet.NodeV6 : HostPortNet.NodeV4;
        return from switch
        {
            From.Outside => (net.Outside, node, isV6 ? HostPortNet.OutsideV6 : HostPortNet.OutsideV4),
            From.Node => (net.NodeSpace, node, node),
            From.NodeByLoopback => (net.NodeSpace, "127.0.0.1", node),
            From.OtherPod => (net.Other, node, isV6 ? "fd00:10:244:1::2" : "10.244.1.2"),
            _ => (net.Web, node, node),
        };
    }

    private string SctpSource(NetworkNamespace space, string address, bool isV6)
    {
        using var pod = new SctpProbe(net.Web, isV6);
        using var client = new SctpProbe(space, isV6);
        client.SendInit(address, 5000, 8080);
        while (true)
        {
            var received = pod.ReceiveInit();
            if (received.EndsWith(" > 80", StringComparison.Ordinal))
            {
                return received[..received.LastIndexOf(':')];
            }
        }
    }

    /// <summary>The pod "web" with port 8080, and one without.</summary>
    public sealed class Net : IAsyncLifetime
    {
        private readonly HostPortNet _net = new();

        public TestNode Node => _net.Node;

        public NetworkNamespace NodeSpace => _net.NodeSpace;

        public NetworkNamespace Outside => _net.Outside;

        public NetworkNamespace Web { get; private set; } = null!;

        public NetworkNamespace Other { get; private set; } = null!;

        public string WebName { get; private set; } = "";

        public string WebLink { get; private set; } = "";

        public Task<string> NftAsync(string command) => _net.NftAsync(command);

        public Task<string> RulesetAsync() => _net.RulesetAsync();

        public async Task InitializeAsync()
        {
            await _net.InitializeAsync();
            Web = await _net.AddPodAsync("web", HostPortNet.EveryProtocol);
            WebName = _net.LastPod;
            WebLink = Kn.Cni.Attaching.PodLinkNames.HostLink(new Kn.Cni.Protocol.AttachmentKey("web", "eth0"));
            Other = await _net.AddPodAsync("other");
        }

        public Task DisposeAsync() => _net.DisposeAsync();
    }
}
