using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Ingress;

/// <summary>A real agent on a lab's API server with 5,000 Ingresses, of which one changes at a time. Bar: ingress.change_live_ms 20.</summary>
internal static class IngressChangeBench
{
    private const string Name = "benchingress";
    private const int Ingresses = 5000;
    private const int Services = 100;
    private const int Changes = 200;
    private const int AtOnce = 16;
    private const string Base = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    private static readonly (string, string) Latency = ("kn_reconcile_latency_seconds", """{module="ingress",target="routes"}""");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    public static void Run(string binaries, Results results)
    {
        var config = Path.GetTempFileName();
        File.WriteAllText(config, "\ningress: {enabled: true}\n");
        using var lab = Lab.Up(binaries, Name, "--agent-config", config);
        File.Delete(config);
        using var node = lab.OpenNode();
        using var client = new ApiClient(Kubeconfig.Load($"{lab.Folder}/api/kubeconfig"));
        Feed(client);
        AwaitAnswer(node, Ingresses - 1, "503");
        var metrics = new AgentMetrics(node);
        Samples live = new(), seen = new();
        for (var change = 0; change < Changes; change++)
        {
            // The redirect says which change it is.
            var before = metrics.Read();
            var number = change * 17 % Ingresses;
            var since = TimeProvider.System.GetTimestamp();
            Patch(client, number, change);
            AwaitAnswer(node, number, $"https://after.test/{change}\r");
            seen.Add(TimeProvider.System.GetElapsedTime(since).TotalMilliseconds);
            live.Add(metrics.WaitForNext(before, Latency, Deadline) * 1000);
        }

        Results.Explain($"one of {Ingresses} Ingresses: from watch event until requests follow it p50 {live.Median:F2} ms, p99 {live.Quantile(0.99):F2} ms; from the write until a client sees it p50 {seen.Median:F1} ms");
        Results.Explain($"agent's resident memory with {Ingresses} Ingresses: {ProcessMemory.Read(lab.AgentPid(), "VmRSS:"):F1} MB");
        results.Add("ingress.change_live_ms", live.Median);
    }

    private static void Feed(ApiClient client)
    {
        Create(client, "/apis/networking.k8s.io/v1/ingressclasses", """{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"kn"},"spec":{"controller":"kn.internal/ingress"}}""");
        Parallel.ForEachAsync(Enumerable.Range(0, Services + Ingresses), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, token) =>
        {
            var (path, text) = number < Services
                ? ("/api/v1/namespaces/default/services", $$$$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s{{{{{number}}}}}","namespace":"default"},"spec":{"ports":[{"port":80,"targetPort":8080}]}}""")
                : (Base, $$$$$"""{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"i{{{{{number - Services}}}}}","namespace":"default"},"spec":{"ingressClassName":"kn","rules":[{"host":"h{{{{{number - Services}}}}}.test","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"s{{{{{number % Services}}}}}","port":{"number":80}}}}]}}]}}""");
            await client.CreateAsync(path, Encoding.UTF8.GetBytes(text), token);
        }).GetAwaiter().GetResult();
    }

    private static void Create(ApiClient client, string path, string text) => client.CreateAsync(path, Encoding.UTF8.GetBytes(text), CancellationToken.None).GetAwaiter().GetResult();

    private static void Patch(ApiClient client, int number, int change) => client.PatchAsync(
        $"{Base}/i{number}", ApiClient.MergePatch,
        Encoding.UTF8.GetBytes($$$$$"""{"metadata":{"annotations":{"nginx.ingress.kubernetes.io/permanent-redirect":"https://after.test/{{{{{change}}}}}"}}}"""), CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Asks until the answer has this.</summary>
    private static void AwaitAnswer(NetworkNamespace node, int number, string expected)
    {
        var since = TimeProvider.System.GetTimestamp();
        var question = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: h{number}.test\r\n\r\n");
        using var socket = node.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        while (true)
        {
            try
            {
                if (!socket.Connected)
                {
                    socket.Connect(new IPEndPoint(IPAddress.Loopback, 80));
                }

                socket.Send(question);
                var buffer = new byte[4096];
                if (Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer)).Contains(expected, StringComparison.Ordinal))
                {
                    return;
                }
            }
            catch (SocketException) when (TimeProvider.System.GetElapsedTime(since) < Deadline)
            {
                Thread.Sleep(50);
            }

            if (TimeProvider.System.GetElapsedTime(since) > Deadline)
            {
                throw new InvalidOperationException($"h{number}.test is not answered by {expected.Trim()}");
            }
        }
    }
}
