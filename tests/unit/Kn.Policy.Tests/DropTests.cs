using System.Threading.Channels;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Linux;
using Kn.Linux.Netlink;
using Kn.Linux.Nflog;
using Kn.Policy.Drops;
using Kn.Policy.Explaining;
using Kn.Policy.Planning;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.Tests;

public sealed class DropTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private readonly MetricRegistry _registry = new();

    [Theory]
    [InlineData("log-in", "10.0.1.3", "10.0.1.1", "ingress b/client > a/web by a/deny")]
    [InlineData("log-out", "10.0.1.3", "10.0.1.1", "egress b/client > a/web by b/out")]
    [InlineData("log-out", "10.0.1.3", "203.0.113.5", "egress b/client > 203.0.113.5 by b/out")]
    [InlineData("log-out", "203.0.113.5", "10.0.1.3", "egress b/client > 203.0.113.5 by b/out, answer")]
    [InlineData("log-in", "fd00:10:1::1", "2001:db8::5", "ingress 2001:db8::5 > a/web by a/deny, answer")]
    [InlineData("log-in", "203.0.113.5", "10.0.1.3", "ingress 203.0.113.5 > b/client by (none)")]
    [InlineData("log-in", "203.0.113.5", "10.0.1.77", "ingress 203.0.113.5 > 10.0.1.77 by (unlisted)")]
    [InlineData("log-in", "203.0.113.5", "10.0.1.2", "ingress 203.0.113.5 > a/client by a/deny, a/two")]
    public void Packet_IsToldAsItsConnectionGoes(string chain, string source, string destination, string expected)
    {
        var drop = DropDescription.Of(Packet(chain, source, destination), Explainer(), "n1", Noon)!;
        Assert.Equal(expected, $"{drop.Direction} {drop.Source.Pod ?? drop.Source.Address} > {drop.Destination.Pod ?? drop.Destination.Address} by {string.Join(", ", drop.IsolatedBy)}{(drop.Answer ? ", answer" : "")}");
        Assert.Equal((drop.Answer ? 4711 : 80, "TCP", Noon), (drop.Destination.Port, drop.Protocol, drop.Time));
    }

    [Fact]
    public void ConfigAndAnnotation_AreNamed()
    {
        var options = new PolicyOptions { DefaultDeny = new DefaultDenyOptions { Enabled = true } };
        var space = Namespace("b") with { Metadata = new() { Name = "b", Annotations = ValueMap.Of((NamespaceIsolation.Annotation, """{"ingress":{"isolation":"DefaultDeny"}}""")) } };
        var explainer = new PolicyExplainer(Cluster().With(space), options);
        Assert.Equal(["(defaultDeny)", "(annotation)"], DropDescription.Of(Packet("log-in", "203.0.113.5", "10.0.1.3"), explainer, "n1", Noon)!.IsolatedBy);
        Assert.Equal(["b/out", "(defaultDeny)"], DropDescription.Of(Packet("log-out", "10.0.1.3", "203.0.113.5"), explainer, "n1", Noon)!.IsolatedBy);
    }

    [Fact]
    public void OtherRulesPackets_AreNotTold() => Assert.Null(DropDescription.Of(Packet("else", "10.0.1.3", "10.0.1.1"), Explainer(), "n1", Noon));

    [Theory]
    [InlineData("", "", true)]
    [InlineData("a", "", true)]
    [InlineData("b", "", true)]
    [InlineData("c", "", false)]
    [InlineData("", "web", true)]
    [InlineData("b", "web", false)]
    [InlineData("a", "a/web", true)]
    [InlineData("", "b/web", false)]
    [InlineData("", "b/client", true)]
    public void Filter_WantsWhatEitherEndIs(string @namespace, string pod, bool wanted) => Assert.Equal(
        wanted, new DropFilter(@namespace, pod).Wants(new PolicyDrop { Source = new() { Pod = "b/client" }, Destination = new() { Pod = "a/web" } }));

    [Fact]
    public async Task Feed_ListensOnlyWhileSomebodyAsks()
    {
        var log = new FakeLog();
        var (feed, run, stop) = Start(() => log.Opened());
        Assert.Equal(0, log.Openings);
        using (var first = feed.Subscribe(new DropFilter("", "")))
        using (var second = feed.Subscribe(new DropFilter("b", "")))
        {
            Assert.Null(await first.Opened.WaitAsync(Deadline));
            Assert.Null(await second.Opened.WaitAsync(Deadline));
            log.Write(Packet("log-in", "203.0.113.5", "10.0.1.1"));
            log.Write(Packet("log-in", "10.0.1.3", "10.0.1.1"));
            Assert.Null((await Next(first)).Source.Pod);
            Assert.Equal("b/client", (await Next(second)).Source.Pod);
            Assert.Equal(1, log.Openings);
        }

        using var again = feed.Subscribe(new DropFilter("", ""));
        Assert.Null(await again.Opened.WaitAsync(Deadline));
        Assert.Equal((2, 1), (log.Openings, log.Closings));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(2, log.Closings);
        Assert.Equal("the module policy is stopping", await feed.Subscribe(new DropFilter("", "")).Opened);
        stop.Dispose();
    }

    [Fact]
    public async Task GroupOfAnotherProgram_IsTold_AndAskedForAgain()
    {
        var log = new FakeLog();
        var isTaken = true;
        var (feed, run, stop) = Start(() => isTaken ? throw new NetlinkException("listen to NFLOG group 75", Errno.EPERM) : log.Opened());
        using (var refused = feed.Subscribe(new DropFilter("", "")))
        {
            Assert.Contains("does another program listen", await refused.Opened.WaitAsync(Deadline), StringComparison.Ordinal);
        }

        isTaken = false;
        using var listener = feed.Subscribe(new DropFilter("", ""));
        Assert.Null(await listener.Opened.WaitAsync(Deadline));
        await stop.CancelAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        stop.Dispose();
    }

    /// <summary>Nobody waits for a listener that does not read: what it misses is counted, and told with the next one.</summary>
    [Fact]
    public async Task SlowListener_MissesAndIsToldHowMany()
    {
        var log = new FakeLog();
        var (feed, run, stop) = Start(() => log.Opened());
        using var slow = feed.Subscribe(new DropFilter("", ""));
        Assert.Null(await slow.Opened.WaitAsync(Deadline));
        for (var number = 0; number < DropSubscription.MostWaiting + 3; number++)
        {
            log.Write(Packet("log-in", "203.0.113.5", "10.0.1.1"));
        }

        log.Write(LoggedPacket.Lost);
        var deadline = DateTime.Now + Deadline;
        while (!_registry.ToPrometheusText().Contains("kn_policy_drops_not_told_total 3\n", StringComparison.Ordinal) && DateTime.Now < deadline)
        {
            await Task.Delay(10);
        }

        for (var number = 0; number < DropSubscription.MostWaiting; number++)
        {
            Assert.Null((await Next(slow)).Missed);
        }

        log.Write(Packet("log-in", "203.0.113.5", "10.0.1.1"));
        Assert.Equal(4, (await Next(slow)).Missed);
        await stop.CancelAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        stop.Dispose();
    }

    [Fact]
    public void Counters_ArePutDownToEachPolicyThatIsolates()
    {
        var accounts = new DropAccounts(_registry);
        accounts.Take([Count("10.0.1.1", 5)], Explainer);
        Assert.DoesNotContain("kn_policy_drops_total{", _registry.ToPrometheusText(), StringComparison.Ordinal);
        accounts.Take([Count("10.0.1.1", 9), Count("10.0.1.2", 2), Count("10.0.1.77", 1), Count("10.0.1.3", 3, PolicyDirection.Egress)], Explainer);
        AssertMetrics(
            """kn_policy_dropped_packets_total{direction="egress"} 3""",
            """kn_policy_dropped_packets_total{direction="ingress"} 7""",
            """kn_policy_drops_total{namespace="",policy="(unlisted)",direction="ingress"} 1""",
            """kn_policy_drops_total{namespace="a",policy="deny",direction="ingress"} 6""",
            """kn_policy_drops_total{namespace="a",policy="two",direction="ingress"} 2""",
            """kn_policy_drops_total{namespace="b",policy="out",direction="egress"} 3""");

        // The table was made anew, and one address has expired meanwhile.
        accounts.Take([Count("10.0.1.2", 1)], Explainer);
        accounts.Take([Count("10.0.1.1", 9), Count("10.0.1.2", 1)], Explainer);
        AssertMetrics("""kn_policy_dropped_packets_total{direction="ingress"} 17""", """kn_policy_drops_total{namespace="a",policy="deny",direction="ingress"} 16""");
    }

    [Fact]
    public void Series_AreBounded()
    {
        var objects = Cases.BaseObjects.ToList();
        objects.AddRange(Enumerable.Range(0, DropAccounts.MostSeries + 5).Select(static number => PolicyOf($"a/p{number}", """{"podSelector":{"matchLabels":{"app":"web"}}}""")));
        var explainer = new PolicyExplainer(ClusterSnapshot.Of(objects), new PolicyOptions());
        var accounts = new DropAccounts(_registry);
        accounts.Take([], () => explainer);
        accounts.Take([Count("10.0.1.1", 2)], () => explainer);
        var lines = _registry.ToPrometheusText().Split('\n').Where(static line => line.StartsWith("kn_policy_drops_total{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(DropAccounts.MostSeries + 1, lines.Length);
        AssertMetrics("""kn_policy_drops_total{namespace="",policy="(other)",direction="ingress"} 10""");
    }

    private static DropCount Count(string address, ulong packets, PolicyDirection direction = PolicyDirection.Ingress) => new(direction, IpAddress.Parse(address), packets);

    private static ClusterSnapshot Cluster() => ClusterSnapshot.Of(Cases.BaseObjects.Concat(
    [
        PolicyOf("a/deny", """{"podSelector":{}}"""),
        PolicyOf("a/two", """{"podSelector":{"matchLabels":{"app":"client"}},"ingress":[{"ports":[{"port":9}]}]}"""),
        PolicyOf("b/out", """{"podSelector":{},"policyTypes":["Egress"]}"""),
    ]));

    private static PolicyExplainer Explainer() => new(Cluster(), new PolicyOptions());

    private static LoggedPacket Packet(string chain, string source, string destination) =>
        new(new PacketHeaders(IpAddress.Parse(source), IpAddress.Parse(destination), 6, 4711, 80, 60)) { Prefix = $"kn-policy {chain}" };

    private static async Task<PolicyDrop> Next(DropSubscription listener)
    {
        using var limit = new CancellationTokenSource(Deadline);
        await using var drops = listener.ReadAllAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await drops.MoveNextAsync());
        return drops.Current;
    }

    private (DropFeed Feed, Task Run, CancellationTokenSource Stop) Start(Func<IPacketLog> open)
    {
        var explainer = Explainer();
        var feed = new DropFeed(open, packet => DropDescription.Of(packet, explainer, "n1", Noon), new PolicyMetrics(_registry), NullLogger.Instance);
        var stop = new CancellationTokenSource();
        return (feed, feed.RunAsync(stop.Token), stop);
    }

    private void AssertMetrics(params string[] lines)
    {
        var text = _registry.ToPrometheusText();
        Assert.All(lines, line => Assert.Contains(line + "\n", text, StringComparison.Ordinal));
    }

    private sealed class FakeLog : IPacketLog
    {
        private readonly Channel<LoggedPacket> _packets = Channel.CreateUnbounded<LoggedPacket>();

        public int Openings { get; private set; }

        public int Closings { get; private set; }

        public FakeLog Opened()
        {
            Openings++;
            return this;
        }

        public void Write(LoggedPacket packet) => _packets.Writer.TryWrite(packet);

        public IAsyncEnumerable<LoggedPacket> ReadAllAsync(CancellationToken cancellationToken) => _packets.Reader.ReadAllAsync(cancellationToken);

        public void Dispose() => Closings++;
    }
}
