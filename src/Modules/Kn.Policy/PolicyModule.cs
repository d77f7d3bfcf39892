using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Policy.Planning;
using Kn.Policy.Tables;

namespace Kn.Policy;

/// <summary>NetworkPolicy, in nftables.</summary>
public sealed class PolicyModule(PolicyOptions options) : IModule
{
    /// <summary>A table that somebody flushed is back within a second; who flushes it in a loop makes us read it twice a second.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(400);

    /// <summary>The node's network namespace; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } =
    [
        new WatchRequest(ResourceKinds.NetworkPolicies),
        new WatchRequest(ResourceKinds.Pods),
        new WatchRequest(ResourceKinds.Namespaces),
    ];

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = NftSocket.Open(Inside);
        using var drift = new PolicyDrift(socket, Inside);
        using var quiet = context.Bulk.Register(drift);
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        var target = new PolicyTarget(
            new NftPolicyTable(socket, context.Bulk), new PolicyNode { Name = context.Node.Name, Options = options }, new PolicyReporter(new PolicyMetrics(context.Metrics), logger));
        var loop = new ReconcileLoop<PolicyKey, PolicyPiece>(target, Watches, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks = [drift.RunAsync(stop.Token), loop.RunAsync(stop.Token)];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = NftSocket.Open(Inside);
        new NftPolicyTable(socket).Remove();
        return Task.CompletedTask;
    }
}
