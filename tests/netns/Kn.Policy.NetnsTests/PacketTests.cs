using System.Net.Sockets;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.NetnsTests;
using Kn.Policy.Tables;
using Kn.Policy.Tests;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>What the table does to real packets. Needs root.</summary>
public sealed class PacketTests : IDisposable
{
    private readonly PolicyNet _net = new();
    private readonly NftSocket _socket;
    private readonly TestLoop _loop;

    public PacketTests()
    {
        _socket = NftSocket.Open(_net.Node.Namespace);
        _loop = new TestLoop(new NftPolicyTable(_socket));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task PeersAndPorts_AreTold(bool v6, bool udp)
    {
        var web = v6 ? "fd00:10:1::1" : "10.0.1.1";
        await ApplyAsync();
        Assert.True(PolicyNet.Reaches(_net.OtherClient, web, udp: udp));
        const string Spec = """{"podSelector":{},"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"client"}}},{"ipBlock":{"cidr":"203.0.113.0/24"}},{"ipBlock":{"cidr":"2001:db8::/32"}}],"ports":[{"port":80,"protocol":"TCP"}]}]}""";
        await ApplyAsync(("a/p", udp ? Spec.Replace("TCP", "UDP", StringComparison.Ordinal) : Spec));
        Assert.True(PolicyNet.Reaches(_net.Client, web, udp: udp));
        Assert.True(PolicyNet.Reaches(_net.Outside, web, udp: udp));
        Assert.True(PolicyNet.Reaches(_net.Node, web, udp: udp));
        Assert.False(PolicyNet.Reaches(_net.OtherClient, web, udp: udp));
        Assert.False(PolicyNet.Reaches(_net.Client, web, 81, udp));
        Assert.False(PolicyNet.Reaches(_net.Client, web, udp: !udp));
    }

    [Fact]
    public async Task Egress_IsTold_AndTheOwnNodeIsReached()
    {
        await ApplyAsync(("a/p", """{"podSelector":{"matchLabels":{"app":"client"}},"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}],"ports":[{"port":"http"}]}]}"""));
        Assert.True(PolicyNet.Reaches(_net.Client, "10.0.1.1"));
        Assert.True(PolicyNet.Reaches(_net.Client, "fd00:10:1::1"));
        Assert.False(PolicyNet.Reaches(_net.Client, "10.0.1.1", 81));
        Assert.False(PolicyNet.Reaches(_net.Client, "203.0.113.5"));
        Assert.False(PolicyNet.Reaches(_net.Client, "2001:db8::5"));
        Assert.True(PolicyNet.Reaches(_net.Client, "192.168.0.1"));
        Assert.True(PolicyNet.Reaches(_net.OtherClient, "203.0.113.5"));
    }

    [Fact]
    public async Task OpenConnection_IsCut_WhenItIsNoLongerAllowed_AndOthersGoOn()
    {
        await ApplyAsync(("a/p", """{"podSelector":{},"ingress":[{"from":[{"namespaceSelector":{}}]}]}"""));
        using var cut = Client.Open(_net.OtherClient.Namespace, "10.0.1.1", PolicyNet.Port, patience: TimeSpan.FromSeconds(2));
        using var kept = Client.Open(_net.Client.Namespace, "10.0.1.1", PolicyNet.Port);
        Assert.StartsWith("web ", Client.AskAgain(cut), StringComparison.Ordinal);
        Assert.StartsWith("web ", Client.AskAgain(kept), StringComparison.Ordinal);
        await ApplyAsync(("a/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}"""));
        Assert.Throws<SocketException>(() => Client.AskAgain(cut));
        Assert.StartsWith("web ", Client.AskAgain(kept), StringComparison.Ordinal);
    }

    /// <summary>The guarantee for the first packet: before a pod is in the table nothing gets to it or from it, its own node excepted.</summary>
    [Fact]
    public async Task PodThatIsNotInTheTable_IsReachedByItsNodeOnly()
    {
        var cluster = ClusterSnapshot.Of([.. Cases.BaseObjects, PolicyOf("elsewhere/p", """{"podSelector":{}}""")]);
        await _loop.ResyncAsync(cluster.Without(cluster.Pods.Find("a", "web")!));
        Assert.False(PolicyNet.Reaches(_net.Client, "10.0.1.1"));
        Assert.False(PolicyNet.Reaches(_net.Outside, "fd00:10:1::1"));
        Assert.False(PolicyNet.Reaches(_net.Web, "203.0.113.5"));
        Assert.True(PolicyNet.Reaches(_net.Node, "10.0.1.1"));
        await _loop.ChangeAsync(cluster);
        Assert.True(PolicyNet.Reaches(_net.Client, "10.0.1.1"));
        Assert.True(PolicyNet.Reaches(_net.Web, "203.0.113.5"));
    }

    /// <summary>Without policies nothing comes by; the first one isolates connections that are open, too, and the others go on.</summary>
    [Fact]
    public async Task FirstPolicy_CutsWhatItDoesNotAllow_AndTheLastOneOpensAgain()
    {
        await ApplyAsync();
        Assert.DoesNotContain("hook forward", _net.Node.Exec("nft", "list", "table", "inet", "kn-policy"), StringComparison.Ordinal);
        using var cut = Client.Open(_net.OtherClient.Namespace, "10.0.1.1", PolicyNet.Port, patience: TimeSpan.FromSeconds(2));
        using var kept = Client.Open(_net.Client.Namespace, "10.0.1.1", PolicyNet.Port);
        Assert.StartsWith("web ", Client.AskAgain(cut), StringComparison.Ordinal);
        Assert.StartsWith("web ", Client.AskAgain(kept), StringComparison.Ordinal);
        await ApplyAsync(("a/p", """{"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]}"""));
        Assert.Throws<SocketException>(() => Client.AskAgain(cut));
        Assert.StartsWith("web ", Client.AskAgain(kept), StringComparison.Ordinal);
        Assert.False(PolicyNet.Reaches(_net.OtherClient, "10.0.1.1"));
        await ApplyAsync();
        Assert.DoesNotContain("hook forward", _net.Node.Exec("nft", "list", "table", "inet", "kn-policy"), StringComparison.Ordinal);
        Assert.True(PolicyNet.Reaches(_net.OtherClient, "10.0.1.1"));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private Task ApplyAsync(params (string Key, string Spec)[] policies) => _loop.ResyncOrChangeAsync(
        ClusterSnapshot.Of(Cases.BaseObjects.Concat(policies.Select(static policy => PolicyOf(policy.Key, policy.Spec)))));
}
