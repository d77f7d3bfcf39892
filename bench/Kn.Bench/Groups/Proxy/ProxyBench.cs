using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Proxy;

/// <summary>The Service proxy at 10,000 Services of five endpoints, a real agent on a lab's API server, beside the layout of kube-proxy's nftables
/// mode applied by <c>nft -f</c>.</summary>
internal static class ProxyBench
{
    private const int Services = 10_000;
    private const int FewServices = 1_000;
    private const int Changes = 200;
    private const int PeerChanges = 15;
    private const int Additions = 100;
    private const int FullSyncs = 5;
    private const int ConnectRounds = 16;
    private const string PeerNode = "knb-kubeproxy";

    private static readonly (string, string) Latency = ("kn_reconcile_latency_seconds", """{module="serviceProxy",target="services"}""");
    private static readonly (string, string) Transaction = ("kubeproxy_sync_proxy_rules_duration_seconds", "");
    private static readonly (string, string) FullPass = ("kn_reconcile_full_pass_seconds", """{module="serviceProxy",target="services"}""");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RoundLength = TimeSpan.FromSeconds(2);

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, "benchproxy");
        using var node = lab.OpenNode();
        using var feed = new ServiceFeed(lab);
        var metrics = new AgentMetrics(node);
        results.Add("proxy.rss_mb_1k", Weigh(lab, feed, metrics, 0, FewServices));
        results.Add("proxy.rss_mb", Weigh(lab, feed, metrics, FewServices, Services));

        NetworkNamespace.Remove(PeerNode);
        using var peerNode = NetworkNamespace.Create(PeerNode);
        using var peer = new KubeProxyLayout(peerNode);
        try
        {
            MeasureFullSync(results, node, metrics, peer);
            MeasureUpdates(results, feed, metrics, peer);
            MeasureAdditions(results, feed, metrics);
            MeasureConnections(results, binaries, lab);
        }
        finally
        {
            NetworkNamespace.Remove(PeerNode);
        }
    }

    /// <summary>Resident memory of the agent with that many Services, at rest, in 10⁶ bytes.</summary>
    private static double Weigh(Lab lab, ServiceFeed feed, AgentMetrics metrics, int first, int end)
    {
        feed.Add(first, end);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (metrics.Read().GetValueOrDefault("kn_proxy_service_ports") < end)
        {
            Thread.Sleep(200);
            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"the agent did not program {end} Services");
            }
        }

        Thread.Sleep(Settle);
        return ProcessMemory.Read(lab.AgentPid(), "VmRSS:");
    }

    private static void MeasureFullSync(Results results, NetworkNamespace node, AgentMetrics metrics, KubeProxyLayout peer)
    {
        Samples ours = new();
        for (var round = 0; round < FullSyncs; round++)
        {
            var before = metrics.Read();
            node.Run(static () => Spawn.Run("/usr/sbin/nft", ["delete", "table", "inet", "kn-proxy"], ["PATH=/usr/sbin"], []));
            ours.Add(metrics.WaitForNext(before, FullPass, Deadline));
        }

        var theirs = peer.Load(Services);
        Results.Explain($"full sync: kn {ours.Median:F3} s, kube-proxy's layout in files of 500 {theirs:F1} s");
        results.Add("proxy.full_sync_s", ours.Median);
        results.Add("proxy.full_sync", ours.Median / theirs);
    }

    private static void MeasureUpdates(Results results, ServiceFeed feed, AgentMetrics metrics, KubeProxyLayout peer)
    {
        Samples transaction = new(), latency = new(), theirs = new();
        for (var i = 0; i < Changes; i++)
        {
            var service = i * (Services / Changes);
            var before = metrics.Read();
            feed.ChangeEndpoint(service, ServiceShape.Endpoint(service, 0, ServiceShape.Endpoints));
            latency.Add(metrics.WaitForNext(before, Latency, Deadline) * 1000);
            transaction.Add(metrics.WaitForNext(before, Transaction, Deadline) * 1000);
            if (i % (Changes / PeerChanges) == 0)
            {
                theirs.Add(peer.ChangeEndpoint(service, generation: 1) * 1000);

                // The kernel frees what the peer replaced after it has answered: that is not Kn's to wait for.
                Thread.Sleep(Rest);
            }
        }

        Results.Explain($"one endpoint: kn's transaction p50 {transaction.Median:F3} ms, from watch event p50 {latency.Median:F2} ms, p99 {latency.Quantile(0.99):F2} ms, longest {latency.Quantile(1):F2} ms; nft -f p50 {theirs.Median:F0} ms");
        results.Add("proxy.update_one", transaction.Median / theirs.Median);
        results.Add("proxy.update_one_p99_ms", latency.Quantile(0.99));
    }

    private static void MeasureAdditions(Results results, ServiceFeed feed, AgentMetrics metrics)
    {
        Samples latency = new();
        for (var i = 0; i < Additions; i++)
        {
            // Its endpoints come first and change nothing; the Service is what is timed.
            var before = metrics.Read();
            feed.Add(Services + i, Services + i + 1);
            latency.Add(metrics.WaitForNext(before, Latency, Deadline) * 1000);
        }

        Results.Explain($"a Service: p50 {latency.Median:F2} ms, p99 {latency.Quantile(0.99):F2} ms");
        results.Add("proxy.add_service_ms", latency.Median);
    }

    /// <summary>In turns: Kn's Services among 10,000; alone; kube-proxy's layout on a node of the same kind, whose agent does all but Services; and kube-proxy's
    /// layout on a machine that does nothing else, not even network pods.</summary>
    private static void MeasureConnections(Results results, string binaries, Lab many)
    {
        using var one = Lab.Up(binaries, "benchproxy1");
        using (var feed = new ServiceFeed(one))
        {
            feed.Add(0, 1);
        }

        using var without = Lab.Up(binaries, "benchproxyk");
        foreach (var lab in (Lab[])[many, one, without])
        {
            // The endpoints of this benchmark are no pods; what is sent to them must not be masqueraded on one side alone.
            File.AppendAllText($"{lab.NodeFolder}/kn.yaml", $"\ncni:\n  nonMasqueradeCIDRs: [\"{ServiceShape.EndpointRange}\"]\n{(lab == without ? "serviceProxy: { enabled: false }\n" : "")}");
            lab.Agent("stop");
            lab.Agent("start");
        }

        using var withoutNode = without.OpenNode();
        using var layout = new KubeProxyLayout(withoutNode);
        layout.Load(Services);
        using var bareNode = NetworkNamespace.OpenNamed(PeerNode);
        bareNode.Run(static () => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));
        using var throughMany = new ConnectLoad("benchproxy-node1", "knbm");
        using var throughOne = new ConnectLoad("benchproxy1-node1", "knbo");
        using var throughPeer = new ConnectLoad("benchproxyk-node1", "knbk");
        using var throughBare = new ConnectLoad(PeerNode, "knbb");

        // The fast path comes to new links after a moment.
        Thread.Sleep(Settle);
        var middle = ServiceShape.ClusterIp(Services / 2);
        Samples overPeer = new(), overBare = new(), overOne = new(), rate = new();
        for (var round = 0; round <= ConnectRounds; round++)
        {
            var (ours, theirs, bare, alone) = (0d, 0d, 0d, 0d);
            Action[] turns = [
                () => ours = throughMany.Measure(middle, RoundLength),
                () => theirs = throughPeer.Measure(middle, RoundLength),
                () => bare = throughBare.Measure(middle, RoundLength),
                () => alone = throughOne.Measure(ServiceShape.ClusterIp(0), RoundLength),
            ];

            // Who goes first changes from round to round.
            for (var turn = 0; turn < turns.Length; turn++)
            {
                turns[(round + turn) % turns.Length]();
            }

            if (round > 0)
            {
                rate.Add(ours);
                overPeer.Add(ours / theirs);
                overBare.Add(ours / bare);
                overOne.Add(ours / alone);
            }
        }

        Results.Explain($"connections a second through one of {Services} Services: p50 {rate.Median:F0}; over kube-proxy's layout on a like node {Quartiles(overPeer)}, on a bare machine {Quartiles(overBare)}, over one Service alone {Quartiles(overOne)}");
        results.Add("proxy.connect_rate", overPeer.Median);
        results.Add("proxy.connect_rate_bare", overBare.Median);
        results.Add("proxy.connect_rate_10k_over_1", overOne.Median);
    }

    private static string Quartiles(Samples ratio) => $"{ratio.Quantile(0.25):F3} {ratio.Median:F3} {ratio.Quantile(0.75):F3}";
}
