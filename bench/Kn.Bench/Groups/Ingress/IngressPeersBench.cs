using System.Globalization;

namespace Kn.Bench.Groups.Ingress;

/// <summary>The engine beside Debian's Caddy and HAProxy: CPU a request, memory of idle connections; and latency at half of Kn's top load, beside nginx.</summary>
internal static class IngressPeersBench
{
    private const int Rounds = 5;
    private const int IdleConnections = 1000;

    public static void Run(string binaries, Results results)
    {
        using var field = new IngressField(binaries);
        var caddy = field.StartPeer("caddy", 9011, "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", IngressPeers.WriteCaddy(field.Folder, 9011));
        var haproxy = field.StartPeer("haproxy", 9012, "/usr/sbin/haproxy", "-db", "-f", IngressPeers.WriteHaproxy(field.Folder, 9012));
        MeasureMemory(field, caddy, haproxy, results);
        MeasureCpu(field, caddy, haproxy, results);
        MeasureLatency(field, results);
    }

    private static void MeasureMemory(IngressField field, Proxy caddy, Proxy haproxy, Results results)
    {
        var shares = new Dictionary<Proxy, double>();
        foreach (var proxy in (Proxy[])[field.Kn, caddy, haproxy])
        {
            var before = ProcessMemory.Read(proxy.Process, "VmRSS:");
            using var clients = field.Idle(proxy, IdleConnections);
            var after = ProcessMemory.Read(proxy.Process, "VmRSS:");
            shares[proxy] = after;
            Results.Explain($"{proxy.Name}: {before:F1} MB resident, {after:F1} MB with {IdleConnections} idle connections");
        }

        // The whole agent, not the module's share alone.
        results.Add("ingress.rss_over_caddy", shares[field.Kn] / shares[caddy]);
    }

    private static void MeasureCpu(IngressField field, Proxy caddy, Proxy haproxy, Results results)
    {
        var cpu = ((Proxy[])[field.Kn, caddy, haproxy]).ToDictionary(static proxy => proxy, static _ => new Samples());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (proxy, samples) in cpu)
            {
                var before = proxy.CpuSeconds();
                var run = field.Load(proxy, "/small", null);
                if (run.Failed > 0)
                {
                    throw new InvalidOperationException($"{proxy.Name}: {run.Failed} of {run.Requests} requests failed");
                }

                if (round > 0)
                {
                    samples.Add((proxy.CpuSeconds() - before) / run.Requests * 1e6);
                }
            }
        }

        foreach (var (proxy, samples) in cpu)
        {
            Results.Explain($"100 bytes: {proxy.Name} {samples.Median:F1} µs CPU a request");
        }

        results.Add("ingress.cpu_over_caddy", cpu[field.Kn].Median / cpu[caddy].Median);
        results.Add("ingress.cpu_over_haproxy", cpu[field.Kn].Median / cpu[haproxy].Median);
    }

    /// <summary>Requests at a fixed rate, by h2load speaking HTTP/1.1, which logs how long each took.</summary>
    private static void MeasureLatency(IngressField field, Results results)
    {
        var top = new Samples();
        for (var round = 0; round < 3; round++)
        {
            top.Add(field.Load(field.Kn, "/small", null).Rate);
        }

        var rate = (int)(top.Median / 2);
        Samples kn = new(), nginx = new();
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (proxy, samples) in ((Proxy, Samples)[])[(field.Kn, kn), (field.Nginx, nginx)])
            {
                var slow = IngressPeers.SlowestPercent(field.LoadAt(proxy, rate));
                if (round > 0)
                {
                    samples.Add(slow);
                }
            }
        }

        Results.Explain(string.Create(CultureInfo.InvariantCulture, $"p99 at {rate} requests a second: kn {kn.Median:F0} µs, nginx {nginx.Median:F0} µs"));
        results.Add("ingress.p99_over_nginx", kn.Median / nginx.Median);
    }
}
