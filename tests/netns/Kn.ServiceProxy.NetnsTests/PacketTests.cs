using System.Net.Sockets;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.ServiceProxy.Tables;
using Kn.ServiceProxy.Tests;
using static Kn.ServiceProxy.Tests.Build;
using IpProtocol = Kn.Kubernetes.Objects.IpProtocol;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Real packets through the real kernel. Needs root.</summary>
public sealed class PacketTests : IDisposable
{
    private readonly TestNet _net = new();
    private readonly NftSocket _socket;
    private readonly TestLoop _loop;

    public PacketTests()
    {
        _socket = NftSocket.Open(_net.Node);
        _loop = new TestLoop(new NftProxyTable(_socket, new ServiceProxyOptions()));
    }

    /// <summary>web and webudp: ports 80, NodePort 30080; three endpoints in each family, all on this node.</summary>
    private static ClusterSnapshot Web(params int[] pods) => Cluster(
        Service("web", 10, Tcp(80, 30080, "tcp"), Udp(80, 30080, "udp")) with { Type = "NodePort" },
        Slice("web", "t4", To(TestNet.Port, IpProtocol.Tcp, "tcp"), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]),
        Slice("web", "t6", To(TestNet.Port, IpProtocol.Tcp, "tcp"), [.. pods.Select(static pod => At($"fd00:244:1::1{pod}", "n1"))]),
        Slice("web", "u4", To(TestNet.Port, IpProtocol.Udp, "udp"), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]),
        Slice("web", "u6", To(TestNet.Port, IpProtocol.Udp, "udp"), [.. pods.Select(static pod => At($"fd00:244:1::1{pod}", "n1"))]));

    public static TheoryData<string, string, int, ProtocolType> Ways()
    {
        var ways = new TheoryData<string, string, int, ProtocolType>();
        foreach (var protocol in new[] { ProtocolType.Tcp, ProtocolType.Udp })
        {
            foreach (var from in new[] { "pod", "node", "outside" })
            {
                ways.Add(from, "10.96.0.10", 80, protocol);
                ways.Add(from, "fd00:96::a", 80, protocol);
                ways.Add(from, "192.168.50.1", 30080, protocol);
                ways.Add(from, "fd00:50::1", 30080, protocol);
            }
        }

        return ways;
    }

    [Theory, MemberData(nameof(Ways))]
    [Conformance("services", "Addresses")]
    public async Task Vip_FromEverywhere_ReachesAllEndpointsWithTheRightSource(string from, string address, int port, ProtocolType protocol)
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        var answers = Enumerable.Range(0, 60).Select(_ => TestNet.Ask(From(from), address, port, protocol).Split(' ')).ToArray();
        Assert.Equal(["p1", "p2", "p3"], answers.Select(static answer => answer[0]).Distinct().Order());
        var isClusterIp = port == 80;
        foreach (var answer in answers.Where(answer => from == "pod" && answer[0] != "p1" && isClusterIp))
        {
            Assert.Contains(answer[1], new[] { "10.244.1.11", "fd00:244:1::11" });
        }

        foreach (var answer in answers.Where(answer => from != "pod" || !isClusterIp || answer[0] == "p1"))
        {
            Assert.DoesNotContain(answer[1], new[] { "192.168.50.9", "fd00:50::9", "10.244.1.11", "fd00:244:1::11" });
        }
    }

    public static TheoryData<string, string, ProtocolType> HostWays()
    {
        var ways = new TheoryData<string, string, ProtocolType>();
        foreach (var from in new[] { "pod", "node", "outside" })
        {
            ways.Add(from, "10.96.0.10", ProtocolType.Tcp);
            ways.Add(from, "fd00:96::a", ProtocolType.Tcp);
            ways.Add(from, "10.96.0.10", ProtocolType.Udp);
        }

        return ways;
    }

    [Theory, MemberData(nameof(HostWays))]
    [Conformance("services", "Endpoints")]
    public async Task EndpointOnTheHostNetwork_IsReachedFromEverywhere(string from, string address, ProtocolType protocol)
    {
        using var host = new Responder(_net.Node, "host", 9000);
        await _loop.ResyncAsync(Cluster(
            Service("web", 10, Tcp(80, name: "tcp"), Udp(80, name: "udp")),
            Slice("web", "t4", To(9000, IpProtocol.Tcp, "tcp"), At("192.168.50.1", "n1")),
            Slice("web", "t6", To(9000, IpProtocol.Tcp, "tcp"), At("fd00:50::1", "n1")),
            Slice("web", "u4", To(9000, IpProtocol.Udp, "udp"), At("192.168.50.1", "n1"))));
        Assert.StartsWith("host ", TestNet.Ask(From(from), address, 80, protocol));
    }

    [Theory, InlineData("10.96.0.10"), InlineData("fd00:96::a")]
    [Conformance("services", "Choosing")]
    public async Task Connections_AreSpreadEvenly(string address)
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        var hits = Enumerable.Range(0, 600).Select(_ => TestNet.Ask(_net.Outside, address, 80).Split(' ')[0]).CountBy(static name => name).ToDictionary();
        var chiSquare = hits.Values.Sum(static count => (count - 200.0) * (count - 200.0) / 200.0);
        Assert.True(hits.Count == 3 && chiSquare < 25, $"{string.Join(' ', hits)}: chi-square {chiSquare}, which chance makes of 600 connections in 4 of a million runs");
    }

    [Theory]
    [InlineData("10.96.0.10", 80, ProtocolType.Tcp)]
    [InlineData("fd00:96::a", 80, ProtocolType.Tcp)]
    [InlineData("192.168.50.1", 30080, ProtocolType.Tcp)]
    [InlineData("10.96.0.10", 80, ProtocolType.Udp)]
    [InlineData("fd00:96::a", 80, ProtocolType.Udp)]
    [Conformance("services", "Refusing")]
    public async Task NoEndpoints_AreRefusedAtOnce(string address, int port, ProtocolType protocol)
    {
        await _loop.ResyncAsync(Web());
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Pods[0], address, port, protocol));
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Outside, address, port, protocol));
    }

    [Fact]
    [Conformance("services", "Refusing")]
    public async Task UnknownPortOfAClusterIp_AndUnassignedClusterIp_AreRefused()
    {
        await _loop.ResyncAsync(Web(1));
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Pods[0], "10.96.0.10", 81));
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Node, "fd00:96::a", 81));
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Pods[0], "10.96.0.77", 80));
        Assert.Equal(nameof(SocketError.ConnectionRefused), TestNet.Ask(_net.Outside, "fd00:96::77", 80));
    }

    [Fact]
    [Conformance("services", "Endpoints")]
    public async Task RemovedEndpoint_IsNeverHitAgain_WhileConnectionsToItGoOn()
    {
        await _loop.ResyncAsync(Web(3));
        using var open = TestNet.Open(_net.Pods[0], "10.96.0.10", 80);
        Assert.StartsWith("p3 ", TestNet.AskAgain(open));
        await _loop.ChangeAsync(Web(1, 2));
        Assert.DoesNotContain("p3", Enumerable.Range(0, 100).Select(_ => TestNet.Ask(_net.Pods[0], "10.96.0.10", 80)[..2]));
        Assert.StartsWith("p3 ", TestNet.AskAgain(open));
    }

    [Fact]
    [Conformance("services", "Changes")]
    public async Task Restart_KeepsConnections_AndLeavesTheRulesetAlone()
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        using var open = TestNet.Open(_net.Outside, "192.168.50.1", 30080);
        var before = TestNet.AskAgain(open);
        var generation = _socket.GenerationId;
        Assert.Equal(0, await new TestLoop(new NftProxyTable(_socket, new ServiceProxyOptions())).ResyncAsync(Web(1, 2, 3)));
        Assert.Equal(generation, _socket.GenerationId);
        Assert.Equal(before, TestNet.AskAgain(open));
    }

    [Theory]
    [InlineData("flush", "ruleset")]
    [InlineData("delete", "table", "inet", "kn-proxy")]
    [InlineData("flush", "chain", "inet", "kn-proxy", "balance4")]
    [InlineData("flush", "map", "inet", "kn-proxy", "services4")]
    [InlineData("flush", "map", "inet", "kn-proxy", "dispatch")]
    [InlineData("flush", "set", "inet", "kn-proxy", "cluster-ips4")]
    [InlineData("add", "rule", "inet", "kn-proxy", "prerouting", "accept")]
    [Conformance("services", "Changes")]
    public async Task WhatSomebodyElseDestroyed_IsRepaired_WithoutBreakingConnections(params string[] nft)
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        using var open = TestNet.Open(_net.Pods[0], "10.96.0.10", 80);
        var before = TestNet.AskAgain(open);
        _net.OnNode(["nft", .. nft]);
        await _loop.ResyncAsync(Web(1, 2, 3));
        Assert.Equal(0, await _loop.ResyncAsync(Web(1, 2, 3)));
        Assert.Equal(["p1", "p2", "p3"], Enumerable.Range(0, 40).Select(_ => TestNet.Ask(_net.Node, "10.96.0.10", 80)[..2]).Distinct().Order());
        Assert.Equal(before, TestNet.AskAgain(open));
    }

    [Fact]
    [Conformance("services", "Affinity")]
    public async Task Affinity_KeepsAClientAtItsEndpoint_AndMovesItWhenThatIsGone()
    {
        var sticky = (int[] pods) => Cluster(
            Service("web", 10) with { ClientIpAffinitySeconds = 600 },
            Slice("web", "a", To(TestNet.Port), [.. pods.Select(static pod => At($"10.244.1.1{pod}", "n1"))]));
        await _loop.ResyncAsync(sticky([1, 2, 3]));
        var first = TestNet.Ask(_net.Outside, "10.96.0.10", 80)[..2];
        Assert.Equal([first], Enumerable.Range(0, 30).Select(_ => TestNet.Ask(_net.Outside, "10.96.0.10", 80)[..2]).Distinct());
        await _loop.ChangeAsync(sticky([.. new[] { 1, 2, 3 }.Where(pod => first != $"p{pod}")]));
        var second = TestNet.Ask(_net.Outside, "10.96.0.10", 80)[..2];
        Assert.NotEqual(first, second);
        Assert.Equal([second], Enumerable.Range(0, 30).Select(_ => TestNet.Ask(_net.Outside, "10.96.0.10", 80)[..2]).Distinct());
    }

    [Fact]
    public async Task ForeignFlush_IsTold_OurOwnChangesAreNot()
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        using var drift = new ProxyDrift(_socket, watchesAddresses: false, _net.Node);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var listening = drift.RunAsync(stop.Token);
        var told = drift.WaitForDriftAsync(stop.Token);
        await _loop.ChangeAsync(Web(1));
        Assert.False(told.IsCompleted);
        _net.OnNode("nft", "flush", "ruleset");
        await told;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
    }

    [Fact]
    public async Task Remove_LeavesNothing_AndMayBeRepeated()
    {
        await _loop.ResyncAsync(Web(1, 2, 3));
        await _loop.Target.RemoveAsync(default);
        await _loop.Target.RemoveAsync(default);
        Assert.Equal("", _net.OnNode("nft", "list", "ruleset"));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private Linux.Namespaces.NetworkNamespace From(string name) => name switch
    {
        "pod" => _net.Pods[0],
        "node" => _net.Node,
        _ => _net.Outside,
    };
}
