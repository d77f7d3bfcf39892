using System.Text;

namespace Kn.Bench.Groups;

/// <summary>What the agent of a node with 100 pods and 100 Services weighs, and how long it takes to start.
/// Bars: agent.rss_mb 50, agent.start_ms 300.</summary>
internal static class AgentBench
{
    private const int Deployments = 10;
    private const int PodsEach = 10;
    private const int Services = 100;
    private const int Rounds = 7;

    /// <summary>A node at rest is what is weighed; the peak is told beside it.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, "benchagent");
        var manifest = Path.Combine(lab.Folder, "bench.yaml");
        File.WriteAllText(manifest, Manifest());
        lab.Kubectl("apply", "-f", manifest);
        lab.Kubectl("wait", "--for=condition=Available", "deployment", "--all", $"--timeout={Deadline.TotalSeconds}s");
        Results.Explain($"with 100 pods just attached: {ProcessMemory.Read(lab.AgentPid(), "VmRSS:"):F1} MB");
        Thread.Sleep(Settle);
        results.Add("agent.rss_mb", ProcessMemory.Read(lab.AgentPid(), "VmRSS:"));
        results.Add("agent.rss_peak_mb", ProcessMemory.Read(lab.AgentPid(), "VmHWM:"));
        var (cold, adopting) = Starts(lab);
        Results.Explain($"start, medians of {Rounds}: {cold.Median:F0} ms with the Service table gone, {adopting.Median:F0} ms adopting it");
        results.Add("agent.start_ms", cold.Median);
        results.Add("agent.start_adopt_ms", adopting.Median);
        results.Add("agent.rss_mb_after_start", ProcessMemory.Read(lab.AgentPid(), "VmRSS:"));
    }

    private static (Samples Cold, Samples Adopting) Starts(Lab lab)
    {
        Samples cold = new(), adopting = new();
        using var node = lab.OpenNode();
        for (var round = 0; round < Rounds; round++)
        {
            lab.Agent("stop");
            adopting.Add(Start(lab));
            lab.Agent("stop");
            node.Run(static () => Spawn.Run("/usr/sbin/nft", ["delete", "table", "inet", "kn-proxy"], ["PATH=/usr/sbin"], []));
            cold.Add(Start(lab));
        }

        return (cold, adopting);
    }

    /// <summary>Starts the agent and returns what it measured from its process's start until everything was programmed, in milliseconds.</summary>
    private static double Start(Lab lab)
    {
        lab.Agent("start");
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if (lab.Status()["startSeconds"]?.GetValue<double>() is { } seconds)
                {
                    return seconds * 1000;
                }
            }
            catch (InvalidOperationException) when (waited.Elapsed < Deadline)
            {
                // Not listening yet.
            }

            if (waited.Elapsed > Deadline)
            {
                throw new InvalidOperationException("the agent did not start");
            }

            Thread.Sleep(20);
        }
    }

    private static string Manifest()
    {
        var documents = new StringBuilder();
        for (var i = 0; i < Deployments; i++)
        {
            documents.Append($$"""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: app{{i}} }
                spec:
                  replicas: {{PodsEach}}
                  selector: {matchLabels: {app: app{{i}} } }
                  template:
                    metadata: {labels: {app: app{{i}} } }
                    spec:
                      containers: [ {name: echo, image: echo, ports: [ {containerPort: 8080} ] } ]
                ---

                """);
        }

        for (var i = 0; i < Services; i++)
        {
            documents.Append($$"""
                apiVersion: v1
                kind: Service
                metadata: {name: svc{{i}} }
                spec:
                  ipFamilyPolicy: PreferDualStack
                  selector: {app: app{{i % Deployments}} }
                  ports: [ {port: 80, targetPort: 8080} ]
                ---

                """);
        }

        return documents.ToString();
    }
}
