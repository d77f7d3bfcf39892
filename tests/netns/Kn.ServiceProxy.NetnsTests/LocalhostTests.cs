using System.Net.Sockets;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using static Kn.ServiceProxy.Tests.Build;
using IpProtocol = Kn.Kubernetes.Objects.IpProtocol;

namespace Kn.ServiceProxy.NetnsTests;

/// <summary>NodePorts on the node's own loopback, and who must not get there. Needs root.</summary>
public sealed class LocalhostTests : IAsyncLifetime, IDisposable
{
    private const int Secret = 9999;
    private static readonly ServiceProxyOptions On = new() { LocalhostNodePorts = true };
    private readonly TestNet _net = new();
    private readonly ModuleRun _module;

    public LocalhostTests() => _module = new ModuleRun(_net, Web());

    [Theory]
    [InlineData("127.0.0.1", ProtocolType.Tcp)]
    [InlineData("127.0.0.1", ProtocolType.Udp)]
    [InlineData("::1", ProtocolType.Tcp)]
    [InlineData("::1", ProtocolType.Udp)]
    [Conformance("services", "Localhost")]
    public async Task NodePort_OnLocalhost_ReachesEveryEndpoint_MasqueradedAsTheNode(string address, ProtocolType protocol)
    {
        await _module.StartAsync(On);
        var answers = Enumerable.Range(0, 40).Select(_ => TestNet.Ask(_net.Node, address, 30080, protocol).Split(' ')).ToArray();
        Assert.Equal(["p1", "p2", "p3"], answers.Select(static answer => answer[0]).Distinct().Order());
        Assert.DoesNotContain(answers, answer => answer[1] == address);
    }

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task NodePort_OnLocalhost_IsNotServed_UnlessSwitchedOn()
    {
        await _module.StartAsync();
        Assert.Equal("ConnectionRefused", TestNet.Ask(_net.Node, "127.0.0.1", 30080));
        Assert.Equal("0", RouteLocalnet());
    }

    /// <summary>CVE-2020-8558: the kernel's setting alone lets everybody beside the node in. The first half shows that the way exists.</summary>
    [Theory, InlineData("outside"), InlineData("pod")]
    [Conformance("services", "Localhost")]
    public async Task WhatListensOnLocalhost_IsNotReached_FromTheWireAndFromPods(string from)
    {
        using var secret = new Responder(_net.Node, "secret", Secret);
        var client = from == "pod" ? _net.Pods[0] : _net.Outside;
        LeadLoopbackTo(from);
        _net.OnNode("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
        Assert.StartsWith("secret ", TestNet.Ask(client, "127.0.0.1", Secret));
        await _module.StartAsync(On);
        Assert.Equal("TimedOut", TestNet.Ask(client, "127.0.0.1", Secret));
        Assert.Equal("TimedOut", TestNet.Ask(client, "127.0.0.1", 30080));
        Assert.StartsWith("secret ", TestNet.Ask(_net.Node, "127.0.0.1", Secret));
    }

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task Guard_ComesBack_AfterSomebodyFlushedIt()
    {
        using var secret = new Responder(_net.Node, "secret", Secret);
        LeadLoopbackTo("outside");
        await _module.StartAsync(On);
        _net.OnNode("nft", "flush", "ruleset");
        Eventually.True(() => TestNet.Ask(_net.Outside, "127.0.0.1", Secret) == "TimedOut" && TestNet.Ask(_net.Node, "127.0.0.1", 30080).StartsWith('p'), "guarded again");
    }

    [Fact]
    public async Task LinkThatComesLater_GetsItsRoute()
    {
        await _module.StartAsync(On);
        _net.OnNode("ip", "link", "add", "late", "type", "veth", "peer", "name", "later");
        _net.OnNode("ip", "link", "set", "later", "up");
        _net.OnNode("ip", "link", "set", "late", "up");
        Eventually.True(() => LoopbackRoutes().Contains("dev late", StringComparison.Ordinal), "::1 is looked for on the new link too");
    }

    [Fact]
    public async Task SettingThatSomebodyElsePutBack_IsMadeAgain()
    {
        await _module.StartAsync(On);
        _net.OnNode("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=0");
        Eventually.True(() => RouteLocalnet() == "1", "the setting is there again");
        Assert.StartsWith("p", TestNet.Ask(_net.Node, "127.0.0.1", 30080));
    }

    [Theory, InlineData("cleanup"), InlineData("switched off")]
    public async Task SettingAndRoutes_ArePutBack(string how)
    {
        await _module.StartAsync(On);
        Assert.Equal("1", RouteLocalnet());
        Assert.Contains("proto 75", LoopbackRoutes(), StringComparison.Ordinal);
        await _module.StopAsync();
        if (how == "cleanup")
        {
            await _module.CleanupAsync(On);
        }
        else
        {
            await _module.StartAsync();
        }

        Assert.Equal("0", RouteLocalnet());
        Assert.DoesNotContain("proto 75", LoopbackRoutes(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SettingThatSomebodyElseMade_Stays()
    {
        _net.OnNode("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
        await _module.StartAsync(On);
        await _module.StopAsync();
        await _module.CleanupAsync(On);
        Assert.Equal("1", RouteLocalnet());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _module.DisposeAsync();

    public void Dispose() => _net.Dispose();

    private static IEnumerable<KubernetesObject> Web() =>
    [
        Service("web", 10, Tcp(80, 30080, "tcp"), Udp(80, 30080, "udp")) with { Type = "NodePort" },
        .. new[] { (IpProtocol.Tcp, "tcp"), (IpProtocol.Udp, "udp") }.SelectMany(static port => new[]
        {
            Slice("web", port.Item2 + "4", To(TestNet.Port, port.Item1, port.Item2), At("10.244.1.11", "n1"), At("10.244.1.12", "n1"), At("10.244.1.13", "n1")),
            Slice("web", port.Item2 + "6", To(TestNet.Port, port.Item1, port.Item2), At("fd00:244:1::11", "n1"), At("fd00:244:1::12", "n1"), At("fd00:244:1::13", "n1")),
        }),
    ];

    /// <summary>Makes a client send what is for 127.0.0.1 to the node.</summary>
    private void LeadLoopbackTo(string from)
    {
        var (name, gateway, link) = from == "pod" ? ("p1", "10.244.1.254", "eth0") : ("o", "192.168.50.1", "n0");
        _net.On(name, "ip", "addr", "flush", "dev", "lo");
        _net.On(name, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
        _net.On(name, "ip", "route", "add", "127.0.0.1/32", "via", gateway, "dev", link);
    }

    private string RouteLocalnet() => _net.OnNode("sysctl", "-n", "net.ipv4.conf.all.route_localnet").Trim();

    private string LoopbackRoutes() => _net.OnNode("ip", "-6", "route", "show", "table", "local", "::1");
}
