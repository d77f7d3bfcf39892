namespace Kn.Bench.Groups.Ingress;

/// <summary>The module Ingress of a real agent beside Debian's nginx as a reverse proxy to the same upstream: proxy on the first core, upstream and wrk
/// on the second, keep-alive, in turns. CPU a request, from /proc/PID/stat, is the steadiest figure; the rate is wrk's limit as much as the
/// proxies'.</summary>
internal static class IngressBench
{
    private const int Rounds = 5;
    private const int IdleConnections = 1000;

    public static void Run(string binaries, Results results)
    {
        using var field = new IngressField(binaries);
        MeasureMemory(field, results, "ingress.idle_kb_per_connection", isTls: false);
        MeasureMemory(field, results, "ingress.idle_kb_per_tls_connection", isTls: true);
        results.Add("ingress.cpu_over_nginx", Compare(field, "/small", "100 bytes").Cpu);
        results.Add("ingress.cpu_64k_over_nginx", Compare(field, "/large", "64 KiB").Cpu);
        results.Add("ingress.cpu_connect_over_nginx", Compare(field, "/small", "a connection a request", "Connection: close").Cpu);
        results.Add("ingress.cpu_tls_over_nginx", Compare(field, "/small", "100 bytes by TLS", isTls: true).Cpu);
        results.Add("ingress.cpu_tls_64k_over_nginx", Compare(field, "/large", "64 KiB by TLS", isTls: true).Cpu);
        results.Add("ingress.cpu_tls_connect_over_nginx", Compare(field, "/small", "a connection a request by TLS", "Connection: close", isTls: true).Cpu);
        results.Add("ingress.cpu_h2_over_nginx", Compare(field, "/small", "100 bytes by HTTP/2 over TLS", field.LoadHttp2).Cpu);
        Results.Explain($"agent's resident memory after the load: {ProcessMemory.Read(field.Kn.Process, "VmRSS:"):F1} MB");
    }

    private static (double Cpu, double Rate) Compare(IngressField field, string path, string what, string? header = null, bool isTls = false) =>
        Compare(field, path, what, (proxy, target) => field.Load(proxy, target, header, isTls));

    private static (double Cpu, double Rate) Compare(IngressField field, string path, string what, Func<Proxy, string, LoadRun> load)
    {
        var figures = field.Proxies.ToDictionary(static proxy => proxy, static _ => (Cpu: new Samples(), Rate: new Samples(), Slow: new Samples()));
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var proxy in field.Proxies)
            {
                var before = proxy.CpuSeconds();
                var run = load(proxy, path);
                if (run.Failed > 0)
                {
                    throw new InvalidOperationException($"{proxy.Name}: {run.Failed} of {run.Requests} requests failed");
                }

                // The first round warms up.
                if (round > 0)
                {
                    figures[proxy].Cpu.Add((proxy.CpuSeconds() - before) / run.Requests * 1e6);
                    figures[proxy].Rate.Add(run.Rate);
                    figures[proxy].Slow.Add(run.SlowestPercentMicroseconds);
                }
            }
        }

        foreach (var proxy in field.Proxies)
        {
            Results.Explain($"{what}: {proxy.Name} {figures[proxy].Cpu.Median:F1} µs CPU a request, {figures[proxy].Rate.Median:F0} requests a second, p99 {figures[proxy].Slow.Median:F0} µs");
        }

        return (figures[field.Kn].Cpu.Median / figures[field.Nginx].Cpu.Median, figures[field.Kn].Rate.Median / figures[field.Nginx].Rate.Median);
    }

    /// <summary>What a thousand idle connections cost the agent.</summary>
    private static void MeasureMemory(IngressField field, Results results, string figure, bool isTls)
    {
        var before = ProcessMemory.Read(field.Kn.Process, "VmRSS:");
        using var clients = field.Idle(field.Kn, IdleConnections, isTls);
        var after = ProcessMemory.Read(field.Kn.Process, "VmRSS:");
        Results.Explain($"agent's resident memory: {before:F1} MB, {after:F1} with {IdleConnections} idle connections more{(isTls ? " by TLS" : "")}");
        results.Add(figure, Math.Max(0, (after - before) * 1000 / IdleConnections));
    }
}
