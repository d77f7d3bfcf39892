using Kn.Bench.Groups.Proxy;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Dns;

/// <summary>The module Dns of a real agent at 10,000 Services, beside Debian's servers with the same names: server on the first core, dnsperf on the
/// second, in turns. CPU a query, from /proc/PID/stat, is the steadiest figure; dnsperf gives out near 140,000 queries a second.</summary>
/// <remarks>Peers are on the node, as they would be in a cluster, and pass its tables as Kn does (<see cref="DnsPeers"/>). With KN_BENCH_DNS_PEERS=apart
/// they are in a namespace without nftables, while every query to Kn still passes the node's.</remarks>
internal static class DnsBench
{
    private const string ClusterDns = "10.96.0.10";
    private const int Rounds = 5;
    private const int MemoryRounds = 3;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    public static void Run(string binaries, Results results)
    {
        var folder = Directory.CreateTempSubdirectory("kn-bench-dns-").FullName;
        DnsNames.WriteMix($"{folder}/mix");
        DnsNames.WriteOutside($"{folder}/outside");
        DnsNames.WriteEachOutside($"{folder}/each");
        DnsNames.WriteClusterZone($"{folder}/cluster.zone", ttl: 5);
        DnsNames.WriteClusterZone($"{folder}/cluster-long.zone", ttl: 86400);
        DnsNames.WriteOutsideZone($"{folder}/outside.zone");
        DnsNames.WriteHosts($"{folder}/hosts");
        try
        {
            using var lab = Lab.Up(binaries, "benchdns");
            using var node = lab.OpenNode();
            using var peers = new DnsPeers(folder, Environment.GetEnvironmentVariable("KN_BENCH_DNS_PEERS") == "apart" ? null : "benchdns-node1");
            Fill(lab, node);
            MeasureMemory(results, lab, node);
            var upstream = peers.StartUpstream("benchdns-node1", node);
            Restart(lab, node, $"  forward:\n    upstreams: [\"{upstream.Address}:{upstream.Port}\"]\n  cache:\n    maxTtl: 1h\n");
            var kn = new DnsServer("kn", new DnsAddress(ClusterDns, 53), node, lab.AgentPid());
            var perf = new DnsPerf(folder);
            MeasureCluster(results, kn, peers, perf);
            MeasureAllocations(results, kn, perf, new AgentMetrics(node));
            MeasureCached(results, kn, peers.Unbound, perf);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Fill(Lab lab, NetworkNamespace node)
    {
        using var feed = new ServiceFeed(lab);
        feed.Add(0, DnsNames.Names);
        WaitForNames(node);
    }

    private static void WaitForNames(NetworkNamespace node)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (Names(node) < DnsNames.Names)
        {
            Thread.Sleep(200);
            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException($"the agent did not learn of {DnsNames.Names} Services");
            }
        }
    }

    /// <summary>Names that the agent knows; none while it starts.</summary>
    private static double Names(NetworkNamespace node)
    {
        try
        {
            return new AgentMetrics(node).Read().GetValueOrDefault("kn_dns_zone_names");
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }

    /// <summary>Resident memory of the agent with the module, less without: 10,000 Services, 50,000 endpoints. Each time a while after a start, in
    /// turns: when the collector gives memory back is its own affair.</summary>
    private static void MeasureMemory(Results results, Lab lab, NetworkNamespace node)
    {
        Samples with = new(), without = new();
        for (var round = 0; round < MemoryRounds; round++)
        {
            Restart(lab, node, "");
            Thread.Sleep(Settle);
            with.Add(ProcessMemory.Read(lab.AgentPid(), "VmRSS:"));
            Configure(lab, "dns:\n  enabled: false\n");
            Thread.Sleep(Settle);
            without.Add(ProcessMemory.Read(lab.AgentPid(), "VmRSS:"));
        }

        Results.Explain($"agent's resident memory: {with.Median:F1} MB with the module, {without.Median:F1} without");
        results.Add("dns.rss_mb", with.Median - without.Median);
    }

    private static void Restart(Lab lab, NetworkNamespace node, string more)
    {
        Configure(lab, $"dns:\n  addresses: [{ClusterDns}]\n{more}");
        WaitForNames(node);
    }

    private static void Configure(Lab lab, string section)
    {
        var path = $"{lab.NodeFolder}/kn.yaml";
        var text = File.ReadAllText(path);
        var before = text.IndexOf("\ndns:", StringComparison.Ordinal);
        lab.Agent("stop");
        File.WriteAllText(path, (before < 0 ? text.TrimEnd() : text[..before]) + "\n" + section);
        lab.Agent("start");
    }

    private static void MeasureCluster(Results results, DnsServer kn, DnsPeers peers, DnsPerf perf)
    {
        DnsServer[] servers = [kn, .. peers.ClusterPeers];
        var figures = InTurns(servers, perf, "mix");
        foreach (var server in servers)
        {
            Results.Explain($"{server.Name}: {figures[server].Cpu.Median:F2} µs CPU a query, {figures[server].Rate.Median:F0} queries a second");
        }

        var nsd = peers.ClusterPeers[0];
        results.Add("dns.cpu_over_unbound", figures[kn].Cpu.Median / figures[peers.Unbound].Cpu.Median);
        results.Add("dns.cpu_over_nsd", figures[kn].Cpu.Median / figures[nsd].Cpu.Median);
        results.Add("dns.qps_over_unbound", figures[kn].Rate.Median / figures[peers.Unbound].Rate.Median);

        var best = peers.ClusterPeers.MaxBy(peer => figures[peer].Rate.Median)!;
        var load = figures[best].Rate.Median / 2;
        Samples ours = new(), theirs = new();
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(kn.In(() => perf.Latencies(kn.Address, "mix", load)).Quantile(0.99));
            theirs.Add(best.In(() => perf.Latencies(best.Address, "mix", load)).Quantile(0.99));
        }

        Results.Explain($"p99 at {load:F0} queries a second: kn {ours.Median:F0} µs, {best.Name} {theirs.Median:F0} µs");
        results.Add("dns.latency_p99", ours.Median / theirs.Median);
    }

    private static void MeasureCached(Results results, DnsServer kn, DnsServer unbound, DnsPerf perf)
    {
        foreach (var server in (DnsServer[])[kn, unbound])
        {
            server.In(() =>
            {
                perf.Once(server.Address, "each");
                return 0;
            });
        }

        var figures = InTurns([kn, unbound], perf, "outside");
        Results.Explain($"from the cache: kn {figures[kn].Cpu.Median:F2} µs CPU a query, unbound {figures[unbound].Cpu.Median:F2}");
        results.Add("dns.cpu_cached_over_unbound", figures[kn].Cpu.Median / figures[unbound].Cpu.Median);
    }

    /// <summary>What the collector hands out while queries are answered, less what it does in the same time without any.</summary>
    private static void MeasureAllocations(Results results, DnsServer kn, DnsPerf perf, AgentMetrics metrics)
    {
        const string Allocated = "kn_gc_allocated_bytes_total";
        var start = metrics.Read();
        Thread.Sleep(TimeSpan.FromSeconds(3));
        var idle = metrics.Read();
        var run = kn.In(() => perf.Run(kn.Address, "mix"));
        var loaded = metrics.Read();
        var bytes = loaded[Allocated] - idle[Allocated] - (idle[Allocated] - start[Allocated]);
        Results.Explain($"{bytes:F0} bytes allocated more than at rest, for {run.Completed:F0} queries");
        results.Add("dns.alloc_bytes_per_query", Math.Max(0, Math.Round(bytes / run.Completed, 1)));
    }

    private static Dictionary<DnsServer, (Samples Cpu, Samples Rate)> InTurns(IReadOnlyList<DnsServer> servers, DnsPerf perf, string queries)
    {
        var figures = servers.ToDictionary(static server => server, static _ => (Cpu: new Samples(), Rate: new Samples()));
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var server in servers)
            {
                server.Pin();
                var before = server.CpuSeconds();
                var run = server.In(() => perf.Run(server.Address, queries));
                var cpu = (server.CpuSeconds() - before) / run.Completed * 1e6;
                if (round > 0)
                {
                    figures[server].Cpu.Add(cpu);
                    figures[server].Rate.Add(run.Rate);
                }

                if (run.Lost > run.Completed / 100)
                {
                    Results.Explain($"{server.Name}: {run.Lost:F0} queries lost");
                }
            }
        }

        return figures;
    }
}
