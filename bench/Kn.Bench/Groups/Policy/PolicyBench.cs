using System.Diagnostics;
using System.Net;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Policy;

/// <summary>NetworkPolicy at 10,000 pods and 1,000 policies, 110 of the pods on the node: a real agent on a lab's API server.
/// Bars: policy.update_one.p50_ms 3, policy.full_sync_ms 500, policy.connect_rate 0.97, policy.rss_mb 120.</summary>
internal static class PolicyBench
{
    private const string ManyName = "benchpolicy";
    private const string NoneName = "benchpolicy0";
    private const int Changes = 200;
    private const int FullSyncs = 7;
    private const int Rounds = 15;

    /// <summary>Both in namespace 4. The receiver's policies allow its port to anybody, the sender's allow all pods of its namespace: the connection passes
    /// both classes, and at the receiver every rule of its chain.</summary>
    private const int Receiver = 4;
    private const int Sender = 104;

    private static readonly (string, string) Latency = ("kn_reconcile_latency_seconds", """{module="policy",target="policies"}""");
    private static readonly (string, string) Transaction = ("kn_policy_apply_seconds", "");
    private static readonly (string, string) FullPass = ("kn_reconcile_full_pass_seconds", """{module="policy",target="policies"}""");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RoundLength = TimeSpan.FromSeconds(2);

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, ManyName);
        using var node = lab.OpenNode();
        using var feed = new PolicyFeed(lab);
        var metrics = new AgentMetrics(node);
        feed.AddNamespaces();
        feed.AddLocalPods([.. Enumerable.Range(0, PolicyWorld.Local)]);
        for (var pod = 0; pod < PolicyWorld.Local; pod++)
        {
            WaitFor(feed, pod, ManyName);
        }

        feed.AddRemotePods();
        feed.AddPolicies();
        WaitForPieces(metrics);
        Results.Explain($"just fed: {ProcessMemory.Read(lab.AgentPid(), "VmRSS:"):F1} MB");
        Thread.Sleep(Settle);
        results.Add("policy.rss_mb", ProcessMemory.Read(lab.AgentPid(), "VmRSS:"));
        MeasureFullSync(results, node, metrics);
        MeasureUpdates(results, feed, metrics);
        MeasureConnections(results, binaries, feed);
        Results.Explain($"at last: {ProcessMemory.Read(lab.AgentPid(), "VmRSS:"):F1} MB, peak {ProcessMemory.Read(lab.AgentPid(), "VmHWM:"):F1} MB");
    }

    private static void MeasureFullSync(Results results, NetworkNamespace node, AgentMetrics metrics)
    {
        Samples whole = new(), transaction = new();
        for (var round = 0; round < FullSyncs; round++)
        {
            var before = metrics.Read();
            node.Run(static () => Spawn.Run("/usr/sbin/nft", ["delete", "table", "inet", "kn-policy"], ["PATH=/usr/sbin"], []));
            whole.Add(metrics.WaitForNext(before, FullPass, Deadline) * 1000);
            transaction.Add(metrics.WaitForNext(before, Transaction, Deadline) * 1000);
        }

        Results.Explain($"full sync: p50 {whole.Median:F0} ms, longest {whole.Quantile(1):F0} ms; of this the transaction p50 {transaction.Median:F0} ms");
        results.Add("policy.full_sync_ms", whole.Median);
    }

    private static void MeasureUpdates(Results results, PolicyFeed feed, AgentMetrics metrics)
    {
        Samples latency = new(), transaction = new();
        for (var i = 0; i < Changes; i++)
        {
            // Pods all over the cluster, of which none is this node's.
            var pod = PolicyWorld.Local + (i * 49);
            var before = metrics.Read();
            feed.ChangeLabels(pod, (PolicyWorld.AppOf(pod) + 1) % PolicyWorld.Apps);
            latency.Add(metrics.WaitForNext(before, Latency, Deadline) * 1000);
            transaction.Add(metrics.WaitForNext(before, Transaction, Deadline) * 1000);
        }

        Results.Explain($"a pod's labels: from watch event p50 {latency.Median:F2} ms, p99 {latency.Quantile(0.99):F2} ms; the transaction p50 {transaction.Median:F3} ms");
        results.Add("policy.update_one.p50_ms", latency.Median);
    }

    /// <summary>In turns with a node that has the two pods alone, and no policy.</summary>
    private static void MeasureConnections(Results results, string binaries, PolicyFeed many)
    {
        using var lab = Lab.Up(binaries, NoneName);
        using var none = new PolicyFeed(lab);
        none.AddNamespaces();
        none.AddLocalPods(Receiver, Sender);
        using var withAll = new PodTraffic(many, ManyName);
        using var withNone = new PodTraffic(none, NoneName);
        Samples ratio = new(), rate = new();
        for (var round = 0; round <= Rounds; round++)
        {
            // Who goes first changes from round to round: what warms up, warms up for both.
            var (ours, theirs) = round % 2 == 0 ? (withAll.Measure(), 0d) : (0d, withNone.Measure());
            (ours, theirs) = round % 2 == 0 ? (ours, withNone.Measure()) : (withAll.Measure(), theirs);
            if (round > 0)
            {
                rate.Add(ours);
                ratio.Add(ours / theirs);
            }
        }

        Results.Explain($"connections a second with all policies: p50 {rate.Median:F0}; over none, quartiles {ratio.Quantile(0.25):F3} {ratio.Median:F3} {ratio.Quantile(0.75):F3}");
        results.Add("policy.connect_rate", ratio.Median);
    }

    private static void WaitForPieces(AgentMetrics metrics)
    {
        // A policy without rules has no piece; the table has one.
        const int Pieces = PolicyWorld.Pods + (PolicyWorld.Namespaces * (PolicyWorld.PoliciesEach - 1)) + 1;
        var waited = Stopwatch.StartNew();
        while (metrics.Read().GetValueOrDefault("""kn_reconcile_pieces{module="policy",target="policies"}""") < Pieces)
        {
            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException("the agent did not take all pods and policies in");
            }

            Thread.Sleep(200);
        }
    }

    private static (string Address, string Space) WaitFor(PolicyFeed feed, int pod, string lab)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (feed.Find(pod, lab) is { } found)
            {
                return found;
            }

            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"pod {PolicyWorld.PodName(pod)} did not start");
            }

            Thread.Sleep(50);
        }
    }

    /// <summary>Connections from the sender to the receiver.</summary>
    private sealed class PodTraffic : IDisposable
    {
        private readonly NetworkNamespace _sender;
        private readonly NetworkNamespace _receiver;
        private readonly ConnectTraffic _traffic;
        private readonly IPEndPoint _target;

        public PodTraffic(PolicyFeed feed, string lab)
        {
            var receiver = WaitFor(feed, Receiver, lab);
            _target = new IPEndPoint(IPAddress.Parse(receiver.Address), PolicyWorld.Port);
            _sender = NetworkNamespace.OpenNamed(WaitFor(feed, Sender, lab).Space);
            _receiver = NetworkNamespace.OpenNamed(receiver.Space);
            _traffic = new ConnectTraffic(_sender, _receiver, PolicyWorld.Port);
        }

        public double Measure() => _traffic.Measure(_target, RoundLength);

        public void Dispose()
        {
            _traffic.Dispose();
            _sender.Dispose();
            _receiver.Dispose();
        }
    }
}
