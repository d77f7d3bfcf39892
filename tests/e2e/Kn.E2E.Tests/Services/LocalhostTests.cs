using Kn.E2E.Tests.Framework;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>NodePorts on the loopback of node5, which has them switched on. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class LocalhostTests(ServicesLab lab)
{
    private const int Secret = 9999;

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task NodePort_OnLocalhost_ReachesEveryEndpoint_MasqueradedAsTheNode()
    {
        await using var web = await lab.ServiceAsync("type: NodePort, externalTrafficPolicy: Local", "annotations: {kube-router.io/service.scheduler: rr}");
        await web.ServeAsync("a", "b", "client5");
        await lab.SettleAsync(5);
        foreach (var family in ServicesLab.Families)
        {
            // An endpoint here, one on this segment, one behind the router; rr so that each is met.
            var loopback = IpAddress.Loopback(family);
            Assert.Equal("a b client5", await lab.From("node5").NamesAsync(loopback, web.NodePort, 6));
            Assert.All(
                await lab.From("node5").GetAllAsync(loopback, web.NodePort, 6, "/clientip"),
                source => Assert.True(IpAddress.TryParse(source, out var address) && !address.IsLoopback && address.Family == family, source));
            for (var i = 0; i < 3; i++)
            {
                Assert.Contains(await lab.From("node5").AskAsync(loopback, web.NodePort), (string[])["a", "b", "client5"]);
            }
        }
    }

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task NodePort_OnLocalhost_ReachesAServerOfTheNodeItself()
    {
        await using var host = await TestService.CreateAsync(lab, "loop", "type: NodePort", "", ServicesLab.HostPort);
        await lab.PodAsync("host5", "nodeName: node5, hostNetwork: true, containers: [{name: e, image: echo, ports: [{containerPort: 9000}, {containerPort: 9000, protocol: UDP}]}]");
        await host.ServeAsync("host5");
        await lab.SettleAsync(5);
        foreach (var family in ServicesLab.Families)
        {
            Assert.Equal("node5", await lab.From("node5").GetAsync(IpAddress.Loopback(family), host.NodePort));
            Assert.Equal("node5", await lab.From("node5").AskAsync(IpAddress.Loopback(family), host.NodePort));
        }
    }

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task NodePort_OnLocalhost_IsNotServed_UnlessSwitchedOn()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a");
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("node1").GetAsync(lab.Node(1), web.NodePort));
        Assert.Equal(RealClient.Refused, await lab.From("node1").GetAsync(IpAddress.Loopback(IpFamily.V4), web.NodePort));
        Assert.Equal(RealClient.Refused, await lab.From("node1").GetAsync(IpAddress.Loopback(IpFamily.V6), web.NodePort));
        Assert.Equal("0\n", await lab.RunAsync("node1", "sysctl", "-n", "net.ipv4.conf.all.route_localnet"));
    }

    /// <summary>CVE-2020-8558: the kernel's setting alone lets everybody beside the node in.</summary>
    [Fact]
    [Conformance("services", "Localhost")]
    public async Task WhatListensOnLocalhost_IsNotReached_FromTheWireAndFromPods()
    {
        await lab.PodAsync("spy", "nodeName: node5, containers: [{name: e, image: echo}]");
        await using var secret = await SecretAsync();
        await LeadLoopbackAsync("spy", "169.254.1.1");
        await LeadLoopbackAsync("outside", $"{lab.Node(5)}");
        var loopback = IpAddress.Loopback(IpFamily.V4);
        Assert.Equal("1\n", await lab.RunAsync("node5", "sysctl", "-n", "net.ipv4.conf.all.route_localnet"));
        Assert.Equal("secret", await TellAsync("node5"));
        await Task.WhenAll(((string[])["spy", "outside"]).Select(async place => Assert.Equal(RealClient.Silence, await lab.From(place).GetAsync(loopback, Secret))));

        // The way is there: it is the guard that closes it.
        await lab.RunAsync("node5", "nft", "insert", "rule", "inet", "kn-proxy", "loopback-guard", "accept");
        await LabFixture.UntilAsync("the guard is whole again", async () => !(await lab.RunAsync("node5", "nft", "list", "chain", "inet", "kn-proxy", "loopback-guard")).Contains("\taccept\n", StringComparison.Ordinal));
        await Task.WhenAll(((string[])["spy", "outside"]).Select(async place => Assert.Equal(RealClient.Silence, await lab.From(place).GetAsync(loopback, Secret))));
        await lab.RunAsync("outside", "ip", "route", "del", "127.0.0.1/32");
        await lab.RunAsync("outside", "ip", "addr", "add", "127.0.0.1/8", "dev", "lo");
    }

    [Fact]
    [Conformance("services", "Localhost")]
    public async Task Guard_ComesBack_AfterSomebodyFlushedIt()
    {
        await using var web = await lab.ServiceAsync("type: NodePort");
        await web.ServeAsync("a");
        await lab.SettleAsync(5);
        await lab.RunAsync("node5", "nft", "flush", "table", "inet", "kn-proxy");
        await LabFixture.UntilAsync("guarded again", async () => (await lab.RunAsync("node5", "nft", "list", "chain", "inet", "kn-proxy", "loopback-guard")).Contains("127.0.0.0/8 drop", StringComparison.Ordinal));
        Assert.Equal("a", await lab.From("node5").GetAsync(IpAddress.Loopback(IpFamily.V4), web.NodePort));
    }

    private async Task LeadLoopbackAsync(string place, string gateway)
    {
        await lab.RunAsync(place, "ip", "addr", "flush", "dev", "lo");
        await lab.RunAsync(place, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
        await lab.RunAsync(place, "ip", "route", "add", "127.0.0.1/32", "via", gateway, "dev", "eth0", "onlink");
    }

    private async Task<string> TellAsync(string place) =>
        (await lab.TryRunAsync(place, "nc", "-n", "-d", "-w", "2", "127.0.0.1", $"{Secret}")).Output;

    /// <summary>A server for the node's own processes only.</summary>
    private async Task<RunningProgram> SecretAsync()
    {
        var server = lab.From("node5").Start("socat", "-U", $"TCP4-LISTEN:{Secret},bind=127.0.0.1,reuseaddr,fork", "SYSTEM:printf secret");
        await LabFixture.UntilAsync("the secret is there", async () => await TellAsync("node5") == "secret");
        return server;
    }
}
