using System.Net;
using System.Net.Sockets;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.Routes.Pieces;

namespace Kn.Routes.NetnsTests;

/// <summary>Packets between pods of three nodes on two segments with a router between. Needs root.</summary>
public sealed class PathTests : IAsyncLifetime, IDisposable
{
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];
    private readonly TwoSegments _net = new(podMtu: 1500);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _net.StopAsync();

    public void Dispose() => _net.Dispose();

    [Theory]
    [InlineData(RoutesMode.Auto, VxlanUnderlay.Ipv4)]
    [InlineData(RoutesMode.Auto, VxlanUnderlay.Ipv6)]
    [InlineData(RoutesMode.Vxlan, VxlanUnderlay.Ipv4)]
    [InlineData(RoutesMode.Vxlan, VxlanUnderlay.Ipv6)]
    public async Task EveryPairOfPods_IsConnected_AndTheSourceIsKept(RoutesMode mode, VxlanUnderlay underlay)
    {
        Start(mode, underlay);
        foreach (var family in Families)
        {
            foreach (var from in (int[])[1, 2, 3])
            {
                foreach (var to in ((int[])[1, 2, 3]).Where(to => to != from))
                {
                    Assert.Equal((100_000, TwoSegments.PodAddress(from, family)), await _net.SendAsync(_net.PodNamespace(from), to, family, 100_000));
                }
            }
        }
    }

    /// <summary>What a node itself sends by the tunnel comes from an address that is answered by the tunnel.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4)]
    [InlineData(VxlanUnderlay.Ipv6)]
    public async Task NodeItself_ReachesPodsOfOtherNodes_ByTheTunnelsAddress(VxlanUnderlay underlay)
    {
        Start(RoutesMode.Auto, underlay);
        foreach (var node in _net.Nodes)
        {
            // Strict reverse-path filtering, as some distributions have it.
            node.Space.Exec("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
        }

        foreach (var (family, own) in ((IpFamily, string)[])[(IpFamily.V4, "10.244.1.0"), (IpFamily.V6, "fd00:244:1::")])
        {
            Assert.Equal((100_000, IpAddress.Parse(own)), await _net.SendAsync(_net.Nodes[0].Space.Namespace, 2, family, 100_000));
        }

        Assert.Equal((100_000, IpAddress.Parse("192.0.0.1")), await _net.SendAsync(_net.Nodes[0].Space.Namespace, 3, IpFamily.V4, 100_000));
    }

    /// <summary>VXLAN does not say who sends: a packet that pretends to come from a pod is taken from nodes alone, not from a neighbour on the underlay,
    /// nor from one of the node's own pods.</summary>
    [Theory]
    [InlineData("router")]
    [InlineData("own pod")]
    [InlineData("pod of another node")]
    public async Task ForgedTunnelPacket_DoesNotReachAPod(string forger)
    {
        Start(RoutesMode.Vxlan, VxlanUnderlay.Ipv4);
        Eventually.True(() => _net.Nodes.All(static node => Tool.Try("ip", ["netns", "exec", node.Space.Name, "nft", "list", "set", "inet", "kn-routes", "nodes4"]).Output.Contains("192.0.1.2", StringComparison.Ordinal)), "every node guards its tunnel");
        using var receiver = _net.PodNamespace(2).Run(() => Bound(TwoSegments.PodAddress(2, IpFamily.V4), 9999));
        var place = forger switch { "router" => _net.Router.Namespace, "own pod" => _net.PodNamespace(2), _ => _net.PodNamespace(3) };
        using var thief = place.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        thief.SendTo(Forged(), new IPEndPoint(IPAddress.Parse("192.0.1.2"), 4789));
        using var honest = _net.PodNamespace(1).Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var buffer = new byte[64];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        // The honest one comes last, over the same wire: when it is here, the other would be.
        await _net.SendAsync(_net.PodNamespace(1), 2, IpFamily.V4, 1000);
        honest.SendTo("own"u8, new IPEndPoint(TwoSegments.PodAddress(2, IpFamily.V4).ToIPAddress(), 9999));
        var length = await receiver.ReceiveAsync(buffer, deadline.Token);
        Assert.Equal("own", System.Text.Encoding.ASCII.GetString(buffer, 0, length));
    }

    [Fact]
    public async Task OuterPackets_LeaveNoTraceInConntrack()
    {
        foreach (var node in _net.Nodes)
        {
            node.Space.Exec("nft", "add table inet t; add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state new counter");
        }

        Start(RoutesMode.Vxlan, VxlanUnderlay.Ipv4);
        Eventually.True(() => _net.Nodes.All(static node => Tool.Try("ip", ["netns", "exec", node.Space.Name, "nft", "list", "set", "inet", "kn-routes", "nodes4"]).Output.Contains("192.0.1.2", StringComparison.Ordinal)), "every node has the table");
        foreach (var node in _net.Nodes)
        {
            node.Space.Exec("conntrack", "-F");
        }

        Assert.Equal(100_000, (await _net.SendAsync(_net.PodNamespace(1), 2, IpFamily.V4, 100_000)).Received);
        foreach (var node in _net.Nodes.Take(2))
        {
            var flows = node.Space.Exec("conntrack", "-L");
            Assert.Contains("src=10.244.1.5 dst=10.244.2.5", flows, StringComparison.Ordinal);
            Assert.DoesNotContain("dport=4789", flows, StringComparison.Ordinal);
        }
    }

    /// <summary>The pod's link is larger than the tunnel's: the node says how large a packet may be, at once.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4, "10.244.2.5", "1450")]
    [InlineData(VxlanUnderlay.Ipv4, "fd00:244:2::5", "1450")]
    [InlineData(VxlanUnderlay.Ipv6, "10.244.2.5", "1430")]
    [InlineData(VxlanUnderlay.Ipv6, "fd00:244:2::5", "1430")]
    public async Task PacketTooLargeForTheTunnel_IsAnsweredWithIcmp_ByTheNode(VxlanUnderlay underlay, string target, string mtu)
    {
        Start(RoutesMode.Auto, underlay);
        var (_, output, _) = Tool.Try("ip", ["netns", "exec", _net.Pod(1).Name, "ping", "-M", "do", "-c", "1", "-W", "2", "-s", "1452", target]);
        Assert.Matches($"(Frag needed and DF set|Packet too big).*mtu ?= ?{mtu}", output);
        Assert.Contains($"mtu {mtu}", _net.Pod(1).Ip("route", "get", target), StringComparison.Ordinal);
        Assert.Equal(3_000_000, (await _net.SendAsync(_net.PodNamespace(1), 2, IpAddress.Parse(target).Family, 3_000_000)).Received);
    }

    /// <summary>The underlay carries less than the nodes' links promise: the router tells the node, the node the pod.</summary>
    [Theory]
    [InlineData(VxlanUnderlay.Ipv4, "10.244.2.5", "1350")]
    [InlineData(VxlanUnderlay.Ipv4, "fd00:244:2::5", "1350")]
    [InlineData(VxlanUnderlay.Ipv6, "10.244.2.5", "1330")]
    [InlineData(VxlanUnderlay.Ipv6, "fd00:244:2::5", "1330")]
    public async Task UnderlaySmallerThanExpected_IsNoBlackHole(VxlanUnderlay underlay, string target, string mtu)
    {
        Start(RoutesMode.Auto, underlay);
        _net.SetSegmentMtu(1, 1400);
        var family = IpAddress.Parse(target).Family;
        Assert.Equal((3_000_000, TwoSegments.PodAddress(1, family)), await _net.SendAsync(_net.PodNamespace(1), 2, family, 3_000_000));
        Assert.Contains($"mtu {mtu}", _net.Pod(1).Ip("route", "get", target), StringComparison.Ordinal);
    }

    /// <summary>Another mode while pods talk: the connection goes on by the other way.</summary>
    [Fact]
    public async Task ChangeOfMode_IsSurvivedByAConnection()
    {
        Start(RoutesMode.Auto, VxlanUnderlay.Auto);
        var sending = _net.SendAsync(_net.PodNamespace(1), 3, IpFamily.V6, 300_000_000);
        await _net.StopAsync();
        Start(RoutesMode.Vxlan, VxlanUnderlay.Auto);
        Assert.Equal(300_000_000, (await sending).Received);
        _net.Nodes[0].Shows("10.244.3.0/24 via 10.244.3.0 dev kn-vxlan");
    }

    private void Start(RoutesMode mode, VxlanUnderlay underlay) =>
        _net.Start(new RoutesOptions { Mode = mode, Vxlan = new VxlanOptions { Underlay = underlay } });

    private static Socket Bound(IpAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
        return socket;
    }

    /// <summary>From pod 1 to pod 2, as pod 1's node would send it: VXLAN header with VNI 75, Ethernet to the second node's tunnel end, IPv4, UDP.</summary>
    private static byte[] Forged()
    {
        var packet = new byte[8 + 14 + 20 + 8 + 6];
        packet[0] = 0x08;
        packet[6] = 75;
        var ethernet = packet.AsSpan(8);
        Convert.FromHexString(Vtep.MacOf("n2").ToString().Replace(":", "", StringComparison.Ordinal)).CopyTo(ethernet);
        Convert.FromHexString(Vtep.MacOf("n1").ToString().Replace(":", "", StringComparison.Ordinal)).CopyTo(ethernet[6..]);
        ethernet[12] = 0x08;
        var ip = ethernet[14..];
        Convert.FromHexString("450000220000000040110000").CopyTo(ip);
        TwoSegments.PodAddress(1, IpFamily.V4).WriteBytes(ip[12..]);
        TwoSegments.PodAddress(2, IpFamily.V4).WriteBytes(ip[16..]);
        var sum = 0;
        for (var at = 0; at < 20; at += 2)
        {
            sum += (ip[at] << 8) | ip[at + 1];
        }

        sum = (sum & 0xFFFF) + (sum >> 16);
        (ip[10], ip[11]) = ((byte)~(sum >> 8), (byte)~sum);
        Convert.FromHexString("1388270F000E0000").CopyTo(ip[20..]);
        "stolen"u8.CopyTo(ip[28..]);
        return packet;
    }
}
