using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kn.Linux.Bpf;
using Kn.Linux.Routes;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.Routes.FastPath;

namespace Kn.Routes.NetnsTests;

/// <summary>Connections between pods of several nodes, past the stack. A counter at the hook forward tells which packets took the long way. Needs root.</summary>
public sealed partial class FastPathTests : IAsyncLifetime, IDisposable
{
    private const int Port = 9100;

    /// <summary>The stack would see two packets of each, the message and its answer.</summary>
    private const int Messages = 50;

    private readonly TwoSegments _net = new(podMtu: 1400);

    public static TheoryData<RoutesMode, IpFamily> Ways() => new()
    {
        { RoutesMode.Auto, IpFamily.V4 },
        { RoutesMode.Auto, IpFamily.V6 },
        { RoutesMode.Vxlan, IpFamily.V4 },
        { RoutesMode.Vxlan, IpFamily.V6 },
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _net.StopAsync();

    public void Dispose() => _net.Dispose();

    [Theory, MemberData(nameof(Ways))]
    public void EstablishedConnection_TakesIt_OnBothNodes(RoutesMode mode, IpFamily family)
    {
        Start(mode);
        using var echo = Connect(family);
        TakesTheFastPath(echo);

        // By whichever way, a packet has lost as many hops.
        var ttl = family == IpFamily.V4 ? "ip ttl" : "ip6 hoplimit";
        _net.Pod(3).Exec("nft", $"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c tcp dport {Port} {ttl} != 62 counter");
        for (var i = 0; i < 200; i++)
        {
            echo.Ask();
        }

        Assert.Contains("packets 0 bytes 0", _net.Pod(3).Exec("nft", "list", "chain", "inet", "t", "c"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task ManyBytes_ArriveWhole_BothWays(RoutesMode mode, IpFamily family)
    {
        const int Count = 20_000_000;
        Start(mode);
        Assert.Equal(Count, (await _net.SendAsync(_net.PodNamespace(1), 3, family, Count)).Received);
        Assert.Equal(Count, (await _net.SendAsync(_net.PodNamespace(3), 1, family, Count)).Received);
        Assert.True(_net.Nodes[0].Metric("kn_routes_fast_path_learned_total") > 0, _net.Nodes[0].Metrics);
    }

    /// <summary>Whoever puts a rule between two pods does not wait for their connection's end.</summary>
    [Fact]
    public void RuleThatDrops_EndsAConnectionOnTheFastPath()
    {
        Start(RoutesMode.Auto);
        using var echo = Connect(IpFamily.V4);
        TakesTheFastPath(echo);
        _net.Nodes[0].Space.Exec("nft", $"add rule inet t c tcp dport {Port} drop");
        Eventually.True(() => !echo.TryAsk(TimeSpan.FromMilliseconds(300)), "no answer comes any more");
    }

    /// <summary>What a module asks for after a change: not even the next packet goes by what was learned before.</summary>
    [Fact]
    public void Forgetting_SendsTheNextPacketThroughTheStack()
    {
        Start(RoutesMode.Auto);
        using var echo = Connect(IpFamily.V4);
        for (var i = 0; i < 30; i++)
        {
            TakesTheFastPath(echo);
            var before = Forwarded(0);
            _net.Nodes[0].Context.Forwarding.Forget();
            echo.Ask();
            Assert.True(Forwarded(0) > before, $"round {i}: the counter stays at {before}");
        }
    }

    [Fact]
    public void TranslatedConnection_NeverTakesIt()
    {
        Start(RoutesMode.Auto);
        _net.Nodes[0].Space.Exec("nft", $"add table ip n; add chain ip n p {{ type nat hook prerouting priority dstnat; }}; add rule ip n p ip daddr 198.18.0.1 dnat to {TwoSegments.PodAddress(3, IpFamily.V4)}");
        using var echo = new Echo(_net, new IPEndPoint(IPAddress.Parse("198.18.0.1"), Port), TwoSegments.PodAddress(3, IpFamily.V4));
        for (var i = 0; i < 100; i++)
        {
            var before = Forwarded(0);
            echo.Ask();
            Assert.True(Forwarded(0) >= before + 2, $"message {i}: {before}, then {Forwarded(0)}");
        }
    }

    /// <summary>Into a pod without a limit packets go at once: the node's end of its veth sends none.</summary>
    [Fact]
    public void PacketsIntoAPod_PassNoQueue()
    {
        Start(RoutesMode.Auto);
        using var echo = Connect(IpFamily.V6);
        Eventually.True(
            () =>
            {
                var before = Sent();
                AskOften(echo);
                return Sent() < before + (Messages / 2);
            },
            "messages come into the pod that its veth's other end has not sent");

        long Sent() => (long)_net.Nodes[2].Space.IpJson("-s", "link", "show", "pod")[0]!["stats64"]!["tx"]!["packets"]!;
    }

    /// <summary>A limit of a pod's bandwidth is a queue at its link: no packet goes round it.</summary>
    [Fact]
    public void LimitOfAPodsBandwidth_HoldsOnTheFastPath()
    {
        Start(RoutesMode.Auto);
        var node = _net.Nodes[2].Space;
        using var echo = Connect(IpFamily.V4);
        TakesTheFastPath(echo);
        node.Exec("tc", "qdisc", "add", "dev", "pod", "root", "tbf", "rate", "1gbit", "burst", "1m", "limit", "1m");
        Eventually.True(
            () =>
            {
                echo.Ask();
                var (queued, forwarded) = (Queued(node), Forwarded(2));
                for (var i = 0; i < 10; i++)
                {
                    echo.Ask();
                }

                return Queued(node) >= queued + 10 && Forwarded(2) < forwarded + 20;
            },
            "every packet into the pod is queued, though not all pass the stack");
    }

    /// <summary>An idle connection is remembered for as long as any other, whichever of its packets conntrack has seen.</summary>
    [Fact]
    public void IdleConnection_IsNotTakenForOneWhosePeerIsSilent()
    {
        Start(RoutesMode.Auto);
        using var echo = Connect(IpFamily.V4);
        for (var i = 0; i < 30; i++)
        {
            TakesTheFastPath(echo);
            Assert.InRange(long.Parse(Tracked().Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture), 400_000, 432_000);
        }
    }

    /// <summary>The last packets are the stack's: conntrack knows that the connection has ended.</summary>
    [Fact]
    public void EndOfAConnection_IsSeenByConntrack()
    {
        Start(RoutesMode.Auto);
        using (var echo = Connect(IpFamily.V4))
        {
            TakesTheFastPath(echo);
            Assert.Contains("ESTABLISHED", Tracked(), StringComparison.Ordinal);
        }

        Eventually.True(() => !Tracked().Contains("ESTABLISHED", StringComparison.Ordinal), "conntrack has no established connection");
    }

    [Fact]
    public async Task Links_ThatComeLater_OrLoseTheFilter_HaveItAgain_AndItStaysWithoutTheModule()
    {
        Start(RoutesMode.Auto);
        var node = _net.Nodes[0];
        node.Space.Ip("link", "add", "late", "group", "75", "type", "veth", "peer", "name", "other");
        Eventually.True(() => HasPrograms(node, "late"), "a new pod's link has the programs");
        node.Space.Exec("tc", "qdisc", "del", "dev", "pod", "clsact");
        Eventually.True(() => HasPrograms(node, "pod"), "the filters are back");
        node.Space.Ip("link", "del", "late");
        using var echo = Connect(IpFamily.V4);
        TakesTheFastPath(echo);
        Eventually.True(() => node.Metric("kn_routes_fast_path_links") == 3, $"the link that is gone does not count: {node.Metrics}");
        await node.StopAsync();
        TakesTheFastPath(echo);
        node.Start(new RoutesOptions { Mode = RoutesMode.Auto });
        node.IsReady();
        Eventually.True(() => HasPrograms(node, "pod"), "one program, the new process's");
        TakesTheFastPath(echo);
    }

    [Fact]
    public async Task SwitchedOff_OrCleanedUp_NoProgramIsLeft()
    {
        Start(RoutesMode.Auto);
        var node = _net.Nodes[0];
        await node.StopAsync();
        Assert.True(HasPrograms(node, "pod"), Programs(node, "pod"));
        node.Start(new RoutesOptions { Mode = RoutesMode.Auto, FastPath = false });
        node.IsReady();
        Eventually.True(() => Programs(node, "pod") + Programs(node, "up0") == "||", "no programs are left");
        Eventually.True(() => !node.Space.Exec("nft", "list", "table", "inet", "kn-routes").Contains("established", StringComparison.Ordinal), "no packet is marked");
        await node.StopAsync();
        var other = _net.Nodes[1];
        await other.StopAsync();
        Assert.True(HasPrograms(other, "pod"), Programs(other, "pod"));
        await other.CleanUpAsync();
        Assert.Equal("||", Programs(other, "pod") + Programs(other, "up0"));
    }

    /// <summary>Before Linux 6.6 the programs are filters; the first agent on a newer kernel takes them away.</summary>
    [Fact]
    public void KernelWithoutPlacesForPrograms_HasThemAsFilters_UntilItHas()
    {
        var node = _net.Nodes[0];
        using var socket = RouteSocket.Open(node.Space.Namespace);
        using var cache = new FlowCache();
        var link = socket.FindLink("pod")!.Index;
        Assert.False(new FlowHooks(cache, socket, node.Space.Namespace, needsQdisc: true).Attach(link, stays: true));
        Assert.Equal("kn-fast|kn-fast", Programs(node, "pod"));
        var hooks = new FlowHooks(cache, socket, node.Space.Namespace);
        Assert.True(hooks.Attach(link, stays: true), "a first program has others wait");
        Assert.Equal("kn_send|kn_learn", Programs(node, "pod"));
        Assert.False(hooks.Attach(link, stays: true), "one in another's place does not");
        Assert.Equal("kn_send|kn_learn", Programs(node, "pod"));
        Assert.False(hooks.Attach(int.MaxValue, stays: true), "a link that is gone is no failure");
        FlowHooks.RemoveAll(socket, node.Space.Namespace);
        Assert.Equal("|", Programs(node, "pod"));
    }

    /// <summary>A link that stays has them directly, a pod's as filters.</summary>
    private static bool HasPrograms(RoutedNode node, string link) => Programs(node, link) == (link.StartsWith("up", StringComparison.Ordinal) ? "kn_send|kn_learn" : "kn-fast|kn-fast");

    /// <summary>Of both directions, wherever they hang.</summary>
    private static string Programs(RoutedNode node, string link) => Names(node, link, TrafficDirection.Ingress) + "|" + Names(node, link, TrafficDirection.Egress);

    private static string Names(RoutedNode node, string link, TrafficDirection direction) => node.Space.Namespace.Run(() =>
    {
        using var socket = RouteSocket.Open();
        var index = socket.FindLink(link)!.Index;
        return string.Join(',', LinkPrograms.Read(index, direction).Concat(socket.ReadBpfFilters(index, direction).Select(static filter => filter.Name)));
    });

    private string Tracked() => _net.Nodes[0].Space.Exec("conntrack", "-L", "-p", "tcp", "--dport", $"{Port}");

    private void Start(RoutesMode mode)
    {
        foreach (var node in _net.Nodes)
        {
            node.Space.Exec("nft", $"add table inet t; add chain inet t c {{ type filter hook forward priority 0; }}; add rule inet t c tcp dport {Port} counter; add rule inet t c tcp sport {Port} counter");
        }

        _net.Start(new RoutesOptions { Mode = mode });
        Eventually.True(() => _net.Nodes.All(static node => HasPrograms(node, "pod") && HasPrograms(node, "up0")), "every node has the programs");
    }

    private Echo Connect(IpFamily family) => new(_net, new IPEndPoint(TwoSegments.PodAddress(3, family).ToIPAddress(), Port), TwoSegments.PodAddress(3, family));

    /// <summary>Most of many messages, and of their answers, pass both nodes while their counters stand still. Of many, because a flow is forgotten after
    /// 50 ms, and to read a counter may take as long.</summary>
    private void TakesTheFastPath(Echo echo) => Eventually.True(
        () =>
        {
            var before = (First: Forwarded(0), Second: Forwarded(2));
            AskOften(echo);
            return Forwarded(0) < before.First + Messages && Forwarded(2) < before.Second + Messages;
        },
        "messages pass");

    private static void AskOften(Echo echo)
    {
        for (var i = 0; i < Messages; i++)
        {
            echo.Ask();
        }
    }

    private long Forwarded(int node) => Packets().Matches(_net.Nodes[node].Space.Exec("nft", "list", "chain", "inet", "t", "c")).Sum(static match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private static long Queued(TestNamespace node) =>
        JsonNode.Parse(node.Exec("tc", "-s", "-j", "qdisc", "show", "dev", "pod"))!.AsArray().Where(static qdisc => (string)qdisc!["kind"]! == "tbf").Sum(static qdisc => (long)qdisc!["packets"]!);

    [GeneratedRegex(@"packets (\d+)")]
    private static partial Regex Packets();

    /// <summary>A connection from the first node's pod to the third's, which sends back what it gets.</summary>
    private sealed class Echo : IDisposable
    {
        private readonly Socket _listener;
        private readonly Socket _client;
        private readonly Socket _server;

        public Echo(TwoSegments net, IPEndPoint target, IpAddress server)
        {
            _listener = net.PodNamespace(3).Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            _listener.Bind(new IPEndPoint(server.ToIPAddress(), Port));
            _listener.Listen();
            _client = net.PodNamespace(1).Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            _client.Connect(target);
            _server = _listener.Accept();
            _server.NoDelay = true;
        }

        public void Ask() => Assert.True(TryAsk(TimeSpan.FromSeconds(20)), "no answer within 20 s");

        public bool TryAsk(TimeSpan patience)
        {
            var buffer = new byte[16];
            _client.Send("ping"u8);
            _server.ReceiveTimeout = _client.ReceiveTimeout = (int)patience.TotalMilliseconds;
            try
            {
                _server.Send(buffer.AsSpan(0, _server.Receive(buffer)));
                return _client.Receive(buffer) > 0;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
            {
                return false;
            }
        }

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
            _listener.Dispose();
        }
    }
}
