using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Policy.Drops;
using Kn.Policy.Explaining;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Kn.Policy.Tests;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>What is told of real packets that the table drops. Needs root.</summary>
public sealed class DropTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private readonly PolicyNet _net = new();
    private readonly NftSocket _socket;
    private readonly NftPolicyTable _table;

    public DropTests()
    {
        _socket = NftSocket.Open(_net.Node.Namespace);
        _table = new NftPolicyTable(_socket);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DroppedPacket_IsToldWithBothPodsAndThePolicies_AndCounted(bool v6)
    {
        var (web, client) = v6 ? ("fd00:10:1::1", "fd00:10:1::3") : ("10.0.1.1", "10.0.1.3");
        var cluster = Cluster(("a/deny", """{"podSelector":{}}"""));
        await new TestLoop(_table).ResyncAsync(cluster);
        var explainer = new PolicyExplainer(cluster, new PolicyOptions());
        var feed = new DropFeed(
            () => NflogPacketLog.Open(_net.Node.Namespace),
            packet => DropDescription.Of(packet, explainer, "n1", DateTimeOffset.UnixEpoch),
            new PolicyMetrics(new MetricRegistry()),
            NullLogger.Instance);
        using var stop = new CancellationTokenSource(Deadline);
        var run = feed.RunAsync(stop.Token);
        using var listener = feed.Subscribe(new DropFilter("", ""));
        Assert.Null(await listener.Opened.WaitAsync(Deadline));
        Assert.False(PolicyNet.Reaches(_net.OtherClient, web));
        await using (var drops = listener.ReadAllAsync(stop.Token).GetAsyncEnumerator(stop.Token))
        {
            Assert.True(await drops.MoveNextAsync());
            var drop = drops.Current;
            Assert.Equal(("ingress", "TCP", "b/client", "a/web", "a/deny"), (drop.Direction, drop.Protocol, drop.Source.Pod, drop.Destination.Pod, Assert.Single(drop.IsolatedBy)));
            Assert.Equal((client, web, PolicyNet.Port, false), (drop.Source.Address, drop.Destination.Address, drop.Destination.Port, drop.Answer));
        }

        var count = Assert.Single(new NftDropCounts(_socket).Read());
        Assert.Equal((PolicyDirection.Ingress, IpAddress.Parse(web)), (count.Direction, count.Address));
        Assert.InRange(count.Packets, 1ul, 20ul);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task Egress_IsToldOfTheSender()
    {
        var cluster = Cluster(("b/out", """{"podSelector":{},"policyTypes":["Egress"]}"""));
        await new TestLoop(_table).ResyncAsync(cluster);
        using var log = NflogPacketLog.Open(_net.Node.Namespace);
        Assert.False(PolicyNet.Reaches(_net.OtherClient, "203.0.113.5", udp: true));
        using var limit = new CancellationTokenSource(Deadline);
        await using var packets = log.ReadAllAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await packets.MoveNextAsync());
        var drop = DropDescription.Of(packets.Current, new PolicyExplainer(cluster, new PolicyOptions()), "n1", DateTimeOffset.UnixEpoch)!;
        Assert.Equal(("egress", "UDP", "b/client", "203.0.113.5", "b/out"), (drop.Direction, drop.Protocol, drop.Source.Pod, drop.Destination.Address, Assert.Single(drop.IsolatedBy)));
        Assert.Equal((PolicyDirection.Egress, IpAddress.Parse("10.0.1.3")), (Assert.Single(new NftDropCounts(_socket).Read()) is var count ? (count.Direction, count.Address) : default));
    }

    /// <summary>As on a kernel without NFLOG: the table drops and counts as ever.</summary>
    [Fact]
    public async Task TableWithoutLogs_DropsAndCounts_AndIsReplacedByOneWith()
    {
        var cluster = Cluster(("a/deny", """{"podSelector":{}}"""));
        await new TestLoop(_table, options: new PolicyOptions { LogDrops = false }).ResyncAsync(cluster);
        Assert.False(PolicyNet.Reaches(_net.OtherClient, "10.0.1.1"));
        Assert.Single(new NftDropCounts(_socket).Read());
        Assert.DoesNotContain("log prefix", _net.Node.Exec("nft", "list", "table", "inet", "kn-policy"), StringComparison.Ordinal);
        await new TestLoop(_table).ResyncAsync(cluster);
        Assert.Contains("log prefix \"kn-policy log-in\"", _net.Node.Exec("nft", "list", "table", "inet", "kn-policy"), StringComparison.Ordinal);
    }

    [Fact]
    public void Kernel_HasNflog_AndNoTableIsNoCount()
    {
        Assert.Null(NflogPacketLog.Missing(_net.Node.Namespace));
        using var taken = NflogPacketLog.Open(_net.Node.Namespace);
        Assert.Null(NflogPacketLog.Missing(_net.Node.Namespace));
        Assert.Empty(new NftDropCounts(_socket).Read());
    }

    public void Dispose()
    {
        _socket.Dispose();
        _net.Dispose();
    }

    private static ClusterSnapshot Cluster(params (string Key, string Spec)[] policies) =>
        ClusterSnapshot.Of(Cases.BaseObjects.Concat(policies.Select(static policy => PolicyOf(policy.Key, policy.Spec))));
}
