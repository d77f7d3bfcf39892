using System.Net;
using System.Net.Sockets;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Routes.NetnsTests;

/// <summary>Three nodes, the second behind a router, each with a pod; the module runs on every node. Needs root.</summary>
internal sealed class TwoSegments : IDisposable
{
    private readonly ClusterCache _cache = new();
    private readonly TestNamespace _router = new("knr");
    private readonly List<RoutedNode> _nodes = [];
    private readonly List<TestNamespace> _pods = [];

    public TwoSegments(uint podMtu)
    {
        foreach (var kind in (ResourceKind[])[ResourceKinds.Nodes, ResourceKinds.Services, ResourceKinds.EndpointSlices])
        {
            _cache.Watch(kind);
        }

        _cache.Replace(ResourceKinds.Services, []);
        _cache.Replace(ResourceKinds.EndpointSlices, []);
        _router.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        foreach (var segment in (int[])[0, 1])
        {
            _router.Ip("link", "add", $"segment{segment}", "type", "bridge", "mcast_snooping", "0");
            _router.Ip("link", "set", $"segment{segment}", "up");
            _router.Ip("addr", "add", $"192.0.{segment}.254/24", "dev", $"segment{segment}");
            _router.Ip("addr", "add", $"2001:db8:{segment}::ff/64", "dev", $"segment{segment}", "nodad");
        }

        for (var number = 1; number <= 3; number++)
        {
            AddNode(number, SegmentOf(number));
            AddPod(number, podMtu);
        }

        _cache.Replace(ResourceKinds.Nodes, Enumerable.Range(1, 3).Select(static number =>
            RoutedNode.Node($"n{number}", number, $"192.0.{SegmentOf(number)}.{number}", $"2001:db8:{SegmentOf(number)}::{number}")).ToList());
    }

    public IReadOnlyList<RoutedNode> Nodes => _nodes;

    public void Start(RoutesOptions options)
    {
        _nodes.ForEach(node => node.Start(options));
        _nodes.ForEach(static node => node.IsReady());
        _nodes.ForEach(static node => node.Shows("10.244.2.0/24", "fd00:244:3::/64", "10.244.1.0/24"));
    }

    public async Task StopAsync()
    {
        foreach (var node in _nodes)
        {
            await node.StopAsync();
        }
    }

    public static IpAddress PodAddress(int number, IpFamily family) => IpAddress.Parse(family == IpFamily.V4 ? $"10.244.{number}.5" : $"fd00:244:{number}::5");

    /// <summary>Whoever else is on the underlay.</summary>
    public TestNamespace Router => _router;

    public TestNamespace Pod(int number) => _pods[number - 1];

    public NetworkNamespace PodNamespace(int number) => Pod(number).Namespace;

    /// <summary>Sets the MTU of a segment: the router's links and the nodes' on it.</summary>
    public void SetSegmentMtu(int segment, int mtu) => _router.Ip("link", "set", $"segment{segment}", "mtu", $"{mtu}");

    /// <summary>Sends bytes over TCP to a pod; returns how many came there, and from whom.</summary>
    public async Task<(int Received, IpAddress From)> SendAsync(NetworkNamespace from, int toPod, IpFamily family, int count)
    {
        var target = new IPEndPoint(PodAddress(toPod, family).ToIPAddress(), 9000);
        using var listener = PodNamespace(toPod).Run(() =>
        {
            var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(target);
            socket.Listen();
            return socket;
        });
        using var client = from.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var accepting = listener.AcceptAsync(deadline.Token);
        await client.ConnectAsync(target, deadline.Token);
        using var server = await accepting;
        var sending = SendAllAsync(client, count, deadline.Token);
        var buffer = new byte[64 << 10];
        var received = 0;
        for (int length; (length = await server.ReceiveAsync(buffer, deadline.Token)) > 0;)
        {
            received += length;
        }

        await sending;
        return (received, IpAddress.FromIPAddress(((IPEndPoint)server.RemoteEndPoint!).Address));
    }

    public void Dispose()
    {
        _nodes.ForEach(static node => node.Dispose());
        _pods.ForEach(static pod => pod.Dispose());
        _router.Dispose();
    }

    private static int SegmentOf(int number) => number == 2 ? 1 : 0;

    private static async Task SendAllAsync(Socket socket, int count, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        for (var sent = 0; sent < count;)
        {
            sent += await socket.SendAsync(buffer.AsMemory(0, Math.Min(buffer.Length, count - sent)), cancellationToken);
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    private void AddNode(int number, int segment)
    {
        var node = new RoutedNode($"n{number}", _cache);
        _nodes.Add(node);
        _router.Ip("link", "add", $"port{number}", "type", "veth", "peer", "name", "up0", "netns", node.Space.Name);
        _router.Ip("link", "set", $"port{number}", "master", $"segment{segment}");
        _router.Ip("link", "set", $"port{number}", "up");
        node.Space.Ip("link", "set", "up0", "up");
        node.AddAddresses("up0", $"192.0.{segment}.{number}/24", $"2001:db8:{segment}::{number}/64");
        node.Space.Ip("route", "add", "default", "via", $"192.0.{segment}.254");
        node.Space.Ip("route", "add", "default", "via", $"2001:db8:{segment}::ff");
    }

    // As the module Cni attaches one: host routes on the node, a gateway that is the same everywhere inside.
    private void AddPod(int number, uint mtu)
    {
        var node = _nodes[number - 1].Space;
        var pod = new TestNamespace("knr");
        _pods.Add(pod);
        node.Ip("link", "add", "pod", "mtu", $"{mtu}", "group", "75", "type", "veth", "peer", "name", "eth0", "mtu", $"{mtu}", "netns", pod.Name);
        node.Ip("link", "set", "pod", "up");
        node.Ip("addr", "add", "fe80::1/64", "dev", "pod", "nodad");
        pod.Ip("link", "set", "eth0", "up");
        var nodeMac = (string)node.IpJson("link", "show", "pod")[0]!["address"]!;
        pod.Ip("neigh", "add", "169.254.1.1", "lladdr", nodeMac, "dev", "eth0", "nud", "permanent");
        pod.Ip("route", "add", "169.254.1.1", "dev", "eth0");
        foreach (var family in (IpFamily[])[IpFamily.V4, IpFamily.V6])
        {
            var address = IpPrefix.Of(PodAddress(number, family)).ToString();
            pod.Ip([.. (string[])["addr", "add", address, "dev", "eth0"], .. family == IpFamily.V6 ? (string[])["nodad"] : []]);
            pod.Ip("route", "add", "default", "via", family == IpFamily.V4 ? "169.254.1.1" : "fe80::1", "dev", "eth0");
            node.Ip("route", "add", address, "dev", "pod", "proto", "75");
        }
    }
}
