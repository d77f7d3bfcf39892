using System.Globalization;
using System.Text.Json;
using Kn.Bgp.NetnsTests;
using Kn.Hosting.Control;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.Routes.Bgp.Inspection;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.NetnsTests.Bgp;

/// <summary>Routers (.2 upwards) and nodes (.11 upwards) on one segment, 10.9.0.0/24 and fd09::/64, each in a namespace of its own; the segment is a bridge in
/// one more. Needs root.</summary>
internal sealed class BgpSegment : IDisposable
{
    private readonly TestNamespace _switch = new("knr");
    private readonly List<TestNamespace> _routers = [];
    private readonly List<RoutedNode> _nodes = [];
    private readonly List<RealPeer> _peers = [];

    public BgpSegment(int nodes = 1, int routers = 1)
    {
        foreach (var kind in (ResourceKind[])[ResourceKinds.Nodes, ResourceKinds.Services, ResourceKinds.EndpointSlices])
        {
            Cache.Watch(kind);
        }

        _switch.Ip("link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge", "mcast_snooping", "0");
        _switch.Ip("link", "set", "br0", "up");
        for (var index = 0; index < routers; index++)
        {
            var router = new TestNamespace("knr");
            _routers.Add(router);
            router.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=1");
            Plug(router, $"r{index}", 2 + index);
        }

        for (var index = 0; index < nodes; index++)
        {
            var node = new RoutedNode($"n{index + 1}", Cache);
            _nodes.Add(node);
            Plug(node.Space, $"n{index}", 11 + index);
        }

        SetNodes(Enumerable.Range(1, nodes).Select(NodeObject));
        SetServices();
        SetSlices();
    }

    public ClusterCache Cache { get; } = new();

    public TestNamespace Router(int index = 0) => _routers[index];

    public RoutedNode Node(int index = 0) => _nodes[index];

    /// <summary>The object of the node with that number, from 1.</summary>
    public static Node NodeObject(int number) => RoutedNode.Node($"n{number}", number, $"10.9.0.{10 + number}", $"fd09::{10 + number:x}");

    /// <summary>What the router is told by default: its own address and AS, nodes of AS 64512.</summary>
    public static PeerSettings Settings(int router = 0, int nodes = 1) => new()
    {
        Asn = 65001,
        PeerAs = 64512,
        LocalAddress = $"10.9.0.{2 + router}",
        NextHopV6 = $"fd09::{2 + router}",
        RouterId = $"10.9.0.{2 + router}",
        PeerAddress = "10.9.0.11",
        MorePeers = [.. Enumerable.Range(12, nodes - 1).Select(static number => $"10.9.0.{number}")],
    };

    /// <summary>BGP beside mode none, with one router and everything of it taken.</summary>
    public static RoutesOptions Options(Func<BgpNeighborOptions, BgpNeighborOptions>? peer = null, Func<BgpOptions, BgpOptions>? bgp = null, RoutesMode mode = RoutesMode.None)
    {
        var neighbor = new BgpNeighborOptions { Address = IpAddress.Parse("10.9.0.2"), Asn = 65001, HoldTime = TimeSpan.FromSeconds(9), Import = [new BgpFilterOptions()] };
        var options = new BgpOptions { Enabled = true, Peers = [peer?.Invoke(neighbor) ?? neighbor], Bfd = new BgpBfdOptions { Interval = TimeSpan.FromMilliseconds(100) } };
        return new RoutesOptions { Mode = mode, FastPath = false, Bgp = bgp?.Invoke(options) ?? options };
    }

    /// <summary>Starts a router's daemon.</summary>
    public RealPeer Start(string kind, PeerSettings settings, int router = 0)
    {
        var peer = RealPeer.Make(kind, _routers[router], settings);
        _peers.Add(peer);
        return peer;
    }

    public void SetNodes(params IEnumerable<Node> nodes) => Cache.Replace(ResourceKinds.Nodes, [.. nodes]);

    public void SetServices(params Service[] services) => Cache.Replace(ResourceKinds.Services, [.. services]);

    public void SetSlices(params EndpointSlice[] slices) => Cache.Replace(ResourceKinds.EndpointSlices, [.. slices]);

    public static Service LoadBalancer(string name, bool local, params string[] addresses) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name },
        Type = "LoadBalancer",
        ClusterIps = [IpAddress.Parse("10.96.0.7")],
        ExternalTrafficPolicyLocal = local,
        Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0)],
        LoadBalancerIngress = addresses.Select(static text => new LoadBalancerIngress(IpAddress.Parse(text), false)).ToValueList(),
    };

    public static EndpointSlice Slice(string service, string node, bool ready = true) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = $"{service}-1" },
        ServiceName = service,
        Family = IpFamily.V4,
        Ports = [new EndpointPort("", IpProtocol.Tcp, 8080)],
        Endpoints = [new Endpoint { Address = IpAddress.Parse("10.244.1.9"), NodeName = node, Ready = ready }],
    };

    /// <summary>Nobody hears the router any more, and nobody's link goes down.</summary>
    public void Cut(int router = 0) => _switch.Ip("link", "set", $"r{router}", "nomaster");

    public void Mend(int router = 0) => _switch.Ip("link", "set", $"r{router}", "master", "br0");

    public void CutNode(int node) => _switch.Ip("link", "set", $"n{node}", "nomaster");

    /// <summary>What <c>kn bgp</c> says on a node.</summary>
    public List<BgpNeighborReport> Neighbors(int node = 0)
    {
        var answer = Ask(node, (BgpVerb.Action, BgpVerb.Neighbors));
        return answer.ExitCode == BgpVerb.Good ? JsonSerializer.Deserialize(answer.Body.Span, BgpReportJson.Default.ListBgpNeighborReport)! : [];
    }

    public ControlResponse Ask(int node, params (string Name, string Value)[] arguments)
    {
        var request = new ControlRequest(BgpVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), ReadOnlyMemory<byte>.Empty);
        return _nodes[node].Context.Control.Find(BgpVerb.Name) is { } handle ? handle(request, CancellationToken.None).GetAwaiter().GetResult() : new ControlResponse(-1, default);
    }

    /// <summary>Waits for sessions to be up at a node.</summary>
    public void IsUp(int node = 0, int sessions = 1) => Eventually.True(
        () => Neighbors(node).Count(static peer => peer.State == "established") == sessions,
        $"n{node + 1} has {sessions} sessions: {JsonSerializer.Serialize(Neighbors(node), BgpReportJson.Default.ListBgpNeighborReport)} {string.Join("; ", _nodes[node].Problems)} {_nodes[node].Failures} {string.Join('\n', _peers.Select(static peer => peer.Log))}");

    /// <summary>The learned routes of a node's or router's kernel, both families.</summary>
    public static string Learned(TestNamespace space) =>
        space.Ip("route", "show", "proto", "77") + space.Ip("-6", "route", "show", "proto", "77");

    /// <summary>Waits until the node's kernel shows all of these in its learned routes.</summary>
    public void Installs(int node, params string[] texts) => Eventually.True(
        () => Learned(_nodes[node].Space) is var shown && texts.All(text => shown.Contains(text, StringComparison.Ordinal)),
        $"n{node + 1} installs {string.Join("; ", texts)}: {Learned(_nodes[node].Space)} {string.Join("; ", _nodes[node].Problems)}");

    /// <summary>Waits until it shows none of these.</summary>
    public void InstallsNot(int node, params string[] texts) => Eventually.True(
        () => Learned(_nodes[node].Space) is var shown && !texts.Any(text => shown.Contains(text, StringComparison.Ordinal)),
        $"n{node + 1} does not install {string.Join("; ", texts)}: {Learned(_nodes[node].Space)}");

    public void Dispose()
    {
        _peers.ForEach(static peer => peer.Dispose());
        _nodes.ForEach(static node => node.StopAsync().GetAwaiter().GetResult());
        _nodes.ForEach(static node => node.Dispose());
        _routers.ForEach(static router => router.Dispose());
        _switch.Dispose();
    }

    private void Plug(TestNamespace space, string port, int number)
    {
        _switch.Ip("link", "add", port, "type", "veth", "peer", "name", "up0", "netns", space.Name);
        _switch.Ip("link", "set", port, "master", "br0", "up");
        space.Ip("link", "set", "up0", "up");
        space.Ip("addr", "add", string.Create(CultureInfo.InvariantCulture, $"10.9.0.{number}/24"), "dev", "up0");
        space.Ip("addr", "add", $"fd09::{number:x}/64", "dev", "up0", "nodad");
    }
}
