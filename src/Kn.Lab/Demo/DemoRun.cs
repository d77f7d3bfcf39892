using Kn.Lab.Api;

namespace Kn.Lab.Demo;

/// <summary><c>kn-lab demo</c>: a lab of three nodes, real manifests, and line by line what works. Always takes the lab down.</summary>
internal sealed class DemoRun(LabOptions options, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Startup = TimeSpan.FromSeconds(60);

    /// <summary>Runs it all; 0 when nothing failed.</summary>
    /// <exception cref="LabException">The lab did not come up.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var lab = new LabStart(options, time);
        var report = new DemoReport(output, time);
        try
        {
            await report.StepAsync("a lab of 3 nodes on 2 segments with a router between, each with the real kn agent", "3 nodes Ready", async () =>
            {
                await lab.RunAsync(Startup, cancellationToken);
                return new DemoOutcome(true, $"up, KUBECONFIG={options.UserKubeconfig}");
            });
            if (report.IsClean)
            {
                using var cluster = new DemoCluster(options);
                await ShowAsync(cluster, report, cancellationToken);
            }
        }
        finally
        {
            await lab.DeleteNodesAsync(CancellationToken.None);
            await lab.RemoveAsync(CancellationToken.None);
        }

        await report.FinishAsync();
        return report.IsClean ? 0 : 1;
    }

    private async Task ShowAsync(DemoCluster cluster, DemoReport report, CancellationToken cancellationToken)
    {
        await report.StepAsync("manifests are applied", "every pod Ready, with an IPv4 and an IPv6 address", () => DeployAsync(cluster, cancellationToken));
        if (!report.IsClean)
        {
            return;
        }

        var reach = new ReachSteps(cluster, report, cancellationToken);
        await reach.PodToPodAsync();
        await reach.EveryPairAsync();
        await reach.ClusterIpAsync();
        await reach.NodePortAsync();
        var change = new ChangeSteps(cluster, report, options.Kn, cancellationToken);
        await change.EndpointRemovedAsync();
        await change.AgentKilledAsync();
        await change.CleanupAsync();
    }

    private async Task<DemoOutcome> DeployAsync(DemoCluster cluster, CancellationToken cancellationToken)
    {
        const int Pods = 7;
        var means = await DemoManifests.ApplyAsync(cluster, Path.Combine(options.Folder, "manifests"), cancellationToken);
        var ready = 0;
        await DemoCluster.UntilAsync(
            $"{Pods} pods become Ready",
            Startup,
            async () =>
            {
                var pods = await cluster.Client.ListAsync(ApiResources.Pods, DemoCluster.Namespace, null, cancellationToken);
                ready = pods.Items.Count(static pod => DemoCluster.IsReady(pod) && DemoCluster.AddressesOf(pod).Count == 2);
                return ready == Pods && (await cluster.ReadyEndpointsAsync("echo", cancellationToken)).Count == 6;
            },
            cancellationToken);
        return new DemoOutcome(true, $"{ready} pods, by {means}");
    }
}
