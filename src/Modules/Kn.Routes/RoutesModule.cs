using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;

namespace Kn.Routes;

/// <summary>Routes from this node to the pods of every other node.</summary>
public sealed class RoutesModule(RoutesOptions options) : IModule
{
    /// <summary>A deleted route is missed at once; half a second bounds what somebody who deletes it in a loop can cost.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } = [new WatchRequest(ResourceKinds.Nodes)];

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = RouteSocket.Open();
        using var drift = new UnderlayDrift();
        var ledger = new RoutesLedger(context.Loggers.CreateLogger("routes"));
        RoutesMetrics.Register(context, ledger);
        var target = new RoutesTarget(socket, context.Node.Name, options, ledger);
        var loop = new ReconcileLoop<RouteKey, PodCidrRoute>(target, Watches, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        Forwarding.Enable();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks = [drift.RunAsync(stop.Token), loop.RunAsync(stop.Token)];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public async Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = RouteSocket.Open();
        await new RoutesTarget(socket, context.Node.Name, options, new RoutesLedger(context.Loggers.CreateLogger("routes"))).RemoveAsync(cancellationToken);
    }
}
