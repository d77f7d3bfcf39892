using System.Net.Sockets;
using Kn.Dns.Tests.Zone;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.NetnsTests;
using Kn.Primitives;
using Kn.ServiceProxy;

namespace Kn.Dns.NetnsTests;

/// <summary>Where the node serves DNS, as pods, the node itself and strangers find it.</summary>
public sealed class ListeningTests
{
    private const string Web = "web.default.svc.cluster.local";

    [Theory]
    [InlineData("10.96.0.10", "+notcp")]
    [InlineData("10.96.0.10", "+tcp")]
    [InlineData("fd00:96::a", "+notcp")]
    [InlineData("fd00:96::a", "+tcp")]
    [Conformance("dns", "Where it is served")]
    public async Task ClusterDnsAddress_AnswersPodsAndTheNode_ByUdpAndTcp(string server, string transport)
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1", "fd00:96::1"));
        await net.StartAsync();
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@" + server, transport, "+short", Web));
        Assert.Equal("fd00:96::1", DnsNet.Dig(net.Node, "@" + server, transport, "+short", Web, "AAAA"));
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task Queries_LeaveNoTraceInConntrack()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();

        // So that the kernel tracks anything at all in this namespace.
        Tool.Run("ip", "netns", "exec", net.Node.Name, "nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state established accept");
        foreach (var transport in (string[])["+notcp", "+tcp"])
        {
            Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", transport, "+short", Web));
            Assert.Equal("10.96.0.1", DnsNet.Dig(net.Node, "@10.96.0.10", transport, "+short", Web));
        }

        Tool.Try("ip", ["netns", "exec", net.Pod.Name, "ping", "-c", "1", "-W", "2", "10.244.1.254"]);
        var flows = net.Node.Exec("conntrack", "-L");
        Assert.Contains("10.244.1.254", flows, StringComparison.Ordinal);
        Assert.DoesNotContain("10.96.0.10", flows, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task ServiceProxy_LeavesPort53Alone_AndServesTheOtherPorts()
    {
        // The Service's endpoint, which is no name server: who reaches it by port 53 gets its name.
        await using var net = new DnsNet(
            Build.Service("web", "10.96.0.1"),
            new EndpointSlice
            {
                Metadata = new ObjectMeta { Namespace = "kube-system", Name = "kube-dns-1" },
                ServiceName = "kube-dns",
                Family = IpFamily.V4,
                Ports = [new EndpointPort("dns", IpProtocol.Udp, 9153), new EndpointPort("dns-tcp", IpProtocol.Tcp, 9153), new EndpointPort("metrics", IpProtocol.Tcp, 9153)],
                Endpoints = [Build.Endpoint("10.244.1.7")],
            });
        using var endpoint = new Responder(net.Pod.Namespace, "endpoint", 9153);
        using var stop = new CancellationTokenSource();
        var proxy = net.NewContext("serviceProxy");
        var running = net.Node.Namespace.Run(() => new ServiceProxyModule(new ServiceProxyOptions { HealthAddress = "none" }).RunAsync(proxy, stop.Token));
        Eventually.True(() => running.IsCompleted || proxy.Status.Read().Parts.Any(static part => part is { Name: "services", Ready: true }), "the proxy has converged");
        Assert.StartsWith("endpoint ", Client.Ask(net.Node.Namespace, "10.96.0.10", 53, ProtocolType.Udp, TimeSpan.FromSeconds(3)), StringComparison.Ordinal);
        await net.StartAsync();
        foreach (var from in (TestNamespace[])[net.Pod, net.Node])
        {
            Assert.Equal("10.96.0.1", DnsNet.Dig(from, "@10.96.0.10", "+notcp", "+short", Web));
            Assert.Equal("10.96.0.1", DnsNet.Dig(from, "@10.96.0.10", "+tcp", "+short", Web));
        }

        Assert.StartsWith("endpoint ", Client.Ask(net.Node.Namespace, "10.96.0.10", 9153, ProtocolType.Tcp, TimeSpan.FromSeconds(3)), StringComparison.Ordinal);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task Strangers_AreRefused()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        Assert.Contains("REFUSED", DnsNet.Dig(net.Stranger, "@10.96.0.10", Web), StringComparison.Ordinal);
        Assert.Contains("REFUSED", DnsNet.Dig(net.Stranger, "@fd00:96::a", "+tcp", Web), StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task LinkLocalAddress_IsServed_WhenTheConfigSaysSo()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync(new DnsOptions { LocalAddresses = [IpAddress.Parse("169.254.20.10")] });
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@169.254.20.10", "+short", Web));
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web));
    }

    [Fact]
    [Conformance("dns", "Where it is served")]
    public async Task WhileNoAgentRuns_ClientsHearNothing_AndTheirNextTryIsAnswered()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        await net.StopAsync();
        // What is not Kn's is refused as ever. First, for the kernel says so only now and then (icmp_ratelimit).
        Assert.Equal("ConnectionRefused", Client.Ask(net.Pod.Namespace, "10.96.0.10", 54, ProtocolType.Udp, TimeSpan.FromSeconds(3)));
        Assert.Equal("ConnectionRefused", Client.Ask(net.Pod.Namespace, "10.96.0.10", 54, ProtocolType.Tcp, TimeSpan.FromSeconds(3)));
        string[] servers = ["10.96.0.10", "fd00:96::a"];
        string[] transports = ["+notcp", "+tcp"];
        var asking = servers.SelectMany(server => transports.SelectMany(transport => (TestNamespace[])[net.Pod, net.Node], (transport, from) => (server, transport, from)))
            .Select(client => Task.Run(() => client.from.Exec("dig", "@" + client.server, client.transport, "+time=2", "+tries=10", "+short", Web)))
            .ToList();

        Assert.DoesNotContain(asking, static task => task.IsCompleted);
        await net.StartAsync();
        Assert.All(await Task.WhenAll(asking), static answer => Assert.EndsWith("10.96.0.1\n", answer, StringComparison.Ordinal));
        Assert.All(await Task.WhenAll(asking), static answer => Assert.DoesNotContain("refused", answer, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Restart_AdoptsWhatIsThere_AndCleanupLeavesNothing()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        var before = Footprint(net);
        await net.StopAsync();
        Assert.Equal(before, Footprint(net));
        await net.StartAsync();
        Assert.Equal(before, Footprint(net));
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web));
        await net.StopAsync();
        await net.CleanupAsync();
        Assert.DoesNotContain("kn-dns", net.Node.Ip("link"), StringComparison.Ordinal);
        Assert.DoesNotContain("kn-dns", net.Node.Exec("nft", "list", "ruleset"), StringComparison.Ordinal);
        await net.CleanupAsync();
    }

    [Theory]
    [InlineData("nft delete table inet kn-dns")]
    [InlineData("nft flush chain inet kn-dns output")]
    [InlineData("nft insert rule inet kn-dns queries return")]
    [InlineData("ip addr del 10.96.0.10/32 dev kn-dns")]
    [InlineData("ip link set kn-dns down")]
    [InlineData("ip link del kn-dns")]
    public async Task WhatSomebodyElseTakesAway_ComesBack(string command)
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        var rules = net.Node.Exec("nft", "list", "table", "inet", "kn-dns");
        net.Node.Exec("sh", "-c", command);
        Eventually.True(
            () => Tool.Try("ip", ["netns", "exec", net.Node.Name, "nft", "list", "table", "inet", "kn-dns"]).Output == rules
                && Tool.Try("ip", ["-n", net.Node.Name, "addr", "show", "dev", "kn-dns", "up"]).Output is var addresses
                && addresses.Contains("10.96.0.10/32", StringComparison.Ordinal) && addresses.Contains("fd00:96::a/128", StringComparison.Ordinal),
            "everything is back");
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web));
    }

    [Fact]
    public async Task Address_FollowsTheService()
    {
        await using var net = new DnsNet(Build.Service("web", "10.96.0.1"));
        await net.StartAsync();
        net.Cache.Apply(ResourceKinds.Services, ObjectDelta.Set(DnsNet.KubeDns with { ClusterIps = [IpAddress.Parse("10.96.0.53")] }));
        Eventually.True(() => !net.Node.Ip("addr").Contains("10.96.0.10/32", StringComparison.Ordinal), "the old address is gone");
        Assert.Equal("10.96.0.1", DnsNet.Dig(net.Pod, "@10.96.0.53", "+short", Web));
        Assert.Equal("10.96.0.53", DnsNet.Dig(net.Pod, "@10.96.0.53", "+short", "ns.dns.cluster.local"));
        net.Cache.Apply(ResourceKinds.Services, ObjectDelta.Gone(DnsNet.KubeDns.Key));
        Eventually.True(() => !net.Node.Ip("link").Contains("kn-dns", StringComparison.Ordinal), "the link is gone");
    }

    [Fact]
    public async Task NewService_IsNamed_OnceTheProxyServesIt()
    {
        await using var net = new DnsNet();
        net.Programmed.Expect(true);
        net.Programmed.Settle(net.Cache.Current);
        await net.StartAsync();
        net.Cache.Apply(ResourceKinds.Services, ObjectDelta.Set(Build.Service("web", "10.96.0.1")));
        Assert.Contains("NXDOMAIN", DnsNet.Dig(net.Pod, "@10.96.0.10", Web), StringComparison.Ordinal);
        net.Programmed.Settle(net.Cache.Current);
        Eventually.True(() => DnsNet.Dig(net.Pod, "@10.96.0.10", "+short", Web) == "10.96.0.1", "the name is there");
    }

    private static string Footprint(DnsNet net) => string.Join('\n', net.Node.Ip("link", "show", "kn-dns"), net.Node.Ip("addr", "show", "kn-dns"), net.Node.Exec("nft", "-a", "list", "table", "inet", "kn-dns"));
}
