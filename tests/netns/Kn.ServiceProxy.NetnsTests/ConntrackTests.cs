using System.Net.Sockets;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Conntrack;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;
using IpProtocol = Kn.Kubernetes.Objects.IpProtocol;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Which entries of the real conntrack go and which stay. Needs root.</summary>
public sealed class ConntrackTests : IDisposable
{
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;
    private readonly ConntrackSocket _flows;
    private int _walks;

    public ConntrackTests()
    {
        _socket = NftSocket.Open(_net.Node);
        _flows = ConntrackSocket.Open(_net.Node);
    }

    [Theory, InlineData("10.96.0.10", 80), InlineData("fd00:96::a", 80), InlineData("192.168.50.1", 30080)]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfARemovedEndpoint_MovesToAnother(string address, int port)
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(3)));
        using var client = TestNet.Open(_net.Pods[0], address, port, ProtocolType.Udp);
        Assert.StartsWith("p3 ", TestNet.AskAgain(client));
        await loop.ChangeAsync(Web(At(2)));
        Assert.StartsWith("p2 ", TestNet.AskAgain(client));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClients_OfEndpointsThatStay_AreNotForgotten()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(3), At(2)));
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        using var direct = TestNet.Open(_net.Outside, "192.168.50.1", 30080, ProtocolType.Udp);
        var (first, second) = (TestNet.AskAgain(client)[..2], TestNet.AskAgain(direct)[..2]);
        var (ids, walks) = (Ids(), _walks);
        await loop.ChangeAsync(Web(At(1), At(2), At(3)));
        Assert.Equal((first, second), (TestNet.AskAgain(client)[..2], TestNet.AskAgain(direct)[..2]));
        Assert.Equal(ids, Ids());
        Assert.Equal(walks, _walks);
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfATerminatingEndpointThatServes_Stays_UntilThatIsGone()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(3)));
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        Assert.StartsWith("p3 ", TestNet.AskAgain(client));
        await loop.ChangeAsync(Web(At(2), At(3) with { Ready = false, Serving = true, Terminating = true }));
        Assert.StartsWith("p3 ", TestNet.AskAgain(client));
        await loop.ChangeAsync(Web(At(2)));
        Assert.StartsWith("p2 ", TestNet.AskAgain(client));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_WhoseNodePortHadNoService_ReachesItAtOnce()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Cluster());
        using var client = TestNet.Open(_net.Outside, "192.168.50.1", 30080, ProtocolType.Udp);
        Assert.Throws<SocketException>(() => TestNet.AskAgain(client));
        Assert.Contains(UdpFlows(), static flow => flow.Original.DestinationPort == 30080 && flow.Reply.Source == flow.Original.Destination);
        await loop.ChangeAsync(Web(At(2)));
        Assert.StartsWith("p2 ", TestNet.AskAgain(client));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfAFormerlyEmptyService_ReachesItAtOnce()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web());
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        Assert.Throws<SocketException>(() => TestNet.AskAgain(client));
        await loop.ChangeAsync(Web(At(2)));
        Assert.StartsWith("p2 ", TestNet.AskAgain(client));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task Restart_ForgetsNothing()
    {
        await NewLoop().ResyncAsync(Web(At(1), At(2), At(3)));
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        using var stranger = TestNet.Open(_net.Pods[0], "10.244.1.12", TestNet.Port, ProtocolType.Udp);
        Assert.StartsWith("p2 ", TestNet.AskAgain(stranger));
        var first = TestNet.AskAgain(client);
        var ids = Ids();
        await NewLoop().ResyncAsync(Web(At(1), At(2), At(3)));
        Assert.Equal(first, TestNet.AskAgain(client));
        Assert.Equal(ids, Ids());
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfAnEndpointThatWentWhileTheAgentWasAway_Moves()
    {
        await NewLoop().ResyncAsync(Web(At(3)));
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        Assert.StartsWith("p3 ", TestNet.AskAgain(client));
        await NewLoop().ResyncAsync(Web(At(2)));
        Assert.StartsWith("p2 ", TestNet.AskAgain(client));
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task UdpClient_OfADeletedService_IsRefused()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(3)));
        using var client = TestNet.Open(_net.Pods[0], "10.96.0.10", 80, ProtocolType.Udp);
        Assert.StartsWith("p3 ", TestNet.AskAgain(client));
        await loop.ChangeAsync(Cluster());
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => TestNet.AskAgain(client)).SocketErrorCode);
    }

    [Fact]
    [Conformance("services", "Connections")]
    public async Task TcpConnections_ToARemovedEndpoint_GoOn()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(3)));
        using var open = TestNet.Open(_net.Pods[0], "10.96.0.10", 80);
        Assert.StartsWith("p3 ", TestNet.AskAgain(open));
        await loop.ChangeAsync(Web(At(2)));
        Assert.StartsWith("p3 ", TestNet.AskAgain(open));
    }

    /// <summary>The first SYN passes while there is no table; without forgetting its entry every repetition would go the same way.</summary>
    [Fact]
    [Conformance("services", "Connections")]
    public async Task ConnectionThatBeganWithoutTheTable_IsServed_OnceTheTableIsBack()
    {
        var loop = NewLoop();
        await loop.ResyncAsync(Web(At(2)));
        _net.OnNode("nft", "add table inet other; add chain inet other in { type filter hook prerouting priority 0; }; add rule inet other in ct state new accept");
        _net.OnNode("nft", "delete", "table", "inet", "kn-proxy");
        using var socket = _net.Outside.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        var connecting = socket.ConnectAsync("203.0.113.10", 80);
        Eventually.True(() => Syns() > 0, "the SYN has passed");
        await loop.ResyncAsync(Web(At(2)));
        await connecting.WaitAsync(TimeSpan.FromSeconds(20));
        socket.ReceiveTimeout = 5000;
        Assert.StartsWith("p2 ", TestNet.AskAgain(socket));
    }

    public void Dispose()
    {
        _flows.Dispose();
        _socket.Dispose();
        _net.Dispose();
    }

    private static Endpoint At(int pod) => Build.At($"10.244.1.1{pod}", "n1");

    private static ClusterSnapshot Web(params Endpoint[] endpoints) => Cluster(
        Service("web", 10, Tcp(80, 30080, "tcp"), Udp(80, 30080, "udp")) with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress(IpAddress.Parse("203.0.113.10"), false)] },
        Slice("web", "t4", To(TestNet.Port, IpProtocol.Tcp, "tcp"), endpoints),
        Slice("web", "u4", To(TestNet.Port, IpProtocol.Udp, "udp"), endpoints),
        Slice("web", "t6", To(TestNet.Port, IpProtocol.Tcp, "tcp"), [.. endpoints.Select(InV6)]) with { Family = IpFamily.V6 },
        Slice("web", "u6", To(TestNet.Port, IpProtocol.Udp, "udp"), [.. endpoints.Select(InV6)]) with { Family = IpFamily.V6 });

    private static Endpoint InV6(Endpoint endpoint) => endpoint with { Address = IpAddress.Parse($"fd00:244:1::{endpoint.Address.ToString().Split('.')[^1]}") };

    private TestLoop NewLoop() => new(new NftProxyTable(_socket, new ServiceProxyOptions()), forgetFlows: stale =>
    {
        _walks++;
        return _flows.Delete(family: null, stale.IsStale);
    });

    private IReadOnlyList<ConntrackFlow> UdpFlows() => _flows.Read(new ConntrackFilter { Protocol = 17 });

    private IEnumerable<uint> Ids() => UdpFlows().Select(static flow => flow.Id).Order();

    private int Syns() => _flows.Read(new ConntrackFilter { Protocol = 6, OriginalDestination = IpPrefix.Parse("203.0.113.10/32") }).Count;
}
