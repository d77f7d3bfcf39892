using Kn.Hosting.Modules;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Linux.Namespaces;
using Kn.LoadBalancer.Allocating;
using Kn.LoadBalancer.Announcing;
using Kn.LoadBalancer.Heartbeats;
using Kn.LoadBalancer.Inspection;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer;

/// <summary>Addresses for Services of type LoadBalancer, and who answers for them.</summary>
public sealed class LoadBalancerModule(LoadBalancerOptions options) : IModule
{
    /// <summary>How long a node that leaves goes on to answer: others have heard of it and told the network by then.</summary>
    internal static readonly TimeSpan HandOver = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_keyRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_keyDoubt = TimeSpan.FromSeconds(30);

    /// <summary>The node's network namespace; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <summary>Tells at a stop whether the node goes, or only the agent.</summary>
    internal Func<bool> IsNodeGoing { get; init; } = SystemState.IsStopping;

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } =
    [
        new WatchRequest(ResourceKinds.Services),
        new WatchRequest(ResourceKinds.EndpointSlices),
        new WatchRequest(ResourceKinds.Nodes),
        new WatchRequest(ResourceKinds.Namespaces),
    ];

    /// <inheritdoc/>
    public void Announce(ModuleContext context) => context.Announcement.Set(
        AddressPool.Of(options).Where(static pool => pool.IsByBgp).SelectMany(static pool => pool.Ranges).ToValueList());

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        var metrics = new LoadBalancerMetrics(context.Metrics);
        var pools = AddressPool.Of(options);
        // Made before the first await: the module is not ready without it.
        context.Status.Part("announcer");
        using var heartbeats = HeartbeatLoop.Start(context.Node.Name, options.Heartbeat, metrics, logger, context.Time, Incarnation.Next(context.Node.Paths.State, context.Time), Inside);
        using var announcing = new AnnouncementLoop(context, options, pools, heartbeats, metrics, Inside);
        var inspector = new LbInspector(context, options, pools, () => announcing.View, announcing.SetLeaving);
        context.Control.Set(LbVerb.Name, inspector.HandleAsync);
        var hasKey = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            new Allocator(context, options, pools, metrics, logger).RunAsync(stop.Token),
            announcing.RunAsync(hasKey.Task, stop.Token),
            KeepKeyAsync(context, heartbeats, hasKey, logger, stop.Token),
        ];
        var first = await Task.WhenAny(tasks);
        await FarewellAsync(announcing, heartbeats, context, logger, isStopped: cancellationToken.IsCancellationRequested);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        // Nothing of it is in the kernel beyond its sockets; Services keep their addresses for whoever serves them next.
        foreach (var name in (ReadOnlySpan<string>)[HeartbeatKey.FileName, Incarnation.FileName])
        {
            var path = Path.Combine(context.Node.Paths.State, name);
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Says whether the agent comes back: then the node keeps its addresses, else others get them while this one still answers.</summary>
    private async Task FarewellAsync(AnnouncementLoop announcing, HeartbeatLoop heartbeats, ModuleContext context, ILogger logger, bool isStopped)
    {
        if (heartbeats.State == NodeState.Starting)
        {
            return;
        }

        if (isStopped && IsNodeGoing())
        {
            LoadBalancerLog.Farewell(logger, "goes: others take over");
            heartbeats.Say(NodeState.Leaving);
            await Task.Delay(HandOver, context.Time);
        }
        else if (!announcing.View.IsLeaving)
        {
            LoadBalancerLog.Farewell(logger, "comes back: it keeps its addresses");
            heartbeats.Say(NodeState.Restarting);
        }
    }

    /// <summary>Gets the key, and again when others sign with one that is not known.</summary>
    private static async Task KeepKeyAsync(ModuleContext context, HeartbeatLoop heartbeats, TaskCompletionSource hasKey, ILogger logger, CancellationToken cancellationToken)
    {
        var source = new HeartbeatKey(context.Api, context.Node.Paths.State);
        if (source.ReadFile() is { } known)
        {
            heartbeats.SetKey(known);
            hasKey.TrySetResult();
        }

        var isTold = false;
        while (true)
        {
            var isRead = false;
            try
            {
                heartbeats.SetKey(await source.ReadAsync(cancellationToken));
                hasKey.TrySetResult();
                isRead = true;
            }
            catch (Exception error) when (error is ApiException or KubeconfigException or ObjectDecodeException)
            {
                if (!isTold && !hasKey.Task.IsCompleted)
                {
                    LoadBalancerLog.KeyMissing(logger, error.Message);
                }

                isTold = true;
            }

            await Task.Delay(isRead ? s_keyDoubt : s_keyRetry, context.Time, cancellationToken);
            while (isRead && heartbeats.TakeWrongKeys() == 0)
            {
                await Task.Delay(s_keyDoubt, context.Time, cancellationToken);
            }
        }
    }
}
