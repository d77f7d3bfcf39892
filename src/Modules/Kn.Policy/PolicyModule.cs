using Kn.Hosting.Modules;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Policy.Drops;
using Kn.Policy.Inspection;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Microsoft.Extensions.Logging;

namespace Kn.Policy;

/// <summary>NetworkPolicy, in nftables.</summary>
public sealed class PolicyModule(PolicyOptions options) : IModule
{
    /// <summary>A table that somebody flushed is back within a second; who flushes it in a loop makes us read it twice a second.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(400);

    /// <summary>How long the first pass waits for the pods that run to be known. Their adoption takes milliseconds; where the module Cni cannot start, policies
    /// must not wait for it.</summary>
    private static readonly TimeSpan LongestWaitForPods = TimeSpan.FromSeconds(5);

    /// <summary>The node's network namespace; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } =
    [
        new WatchRequest(ResourceKinds.NetworkPolicies),
        new WatchRequest(ResourceKinds.Pods),
        new WatchRequest(ResourceKinds.Namespaces),

        // To explain what passes between a pod and its node, and to have one node alone write Events about namespaces.
        new WatchRequest(ResourceKinds.Nodes),
    ];

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = NftSocket.Open(Inside);
        using var drift = new PolicyDrift(socket, Inside);
        using var quiet = context.Bulk.Register(drift);
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        var notLogged = NotLogged(context, logger);
        var effective = options with { LogDrops = notLogged is null };
        var metrics = new PolicyMetrics(context.Metrics);
        var target = new PolicyTarget(
            new NftPolicyTable(socket, context.Bulk),
            new PolicyNode { Name = context.Node.Name, Options = effective },
            new PolicyReporter(metrics, logger, new NamespaceEvents(context.Events, context.Node.Name)))
        {
            TookAway = context.Forwarding.Forget,
        };
        var loop = new ReconcileLoop<PolicyKey, PolicyPiece>(target, Watches, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        using var watcher = new DropWatch(context, effective, metrics, logger, Inside);
        context.Control.Set(PolicyVerb.Name, new PolicyInspector(() => context.Cache.Current, effective, watcher.Feed, notLogged).HandleAsync);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var gate = new PolicyGate(context.Node.Name, target, loop, context.Cache, context.Time) { Seconds = metrics.GateSeconds };
        using var entrance = context.PodGates.Register("policy", (pod, cancel) => WaitAsync(gate, pod, cancel, stop.Token), gate.Reason);
        Task[] tasks = [drift.RunAsync(stop.Token), FollowAsync(context, target, loop, stop.Token), watcher.Feed.RunAsync(stop.Token), watcher.CountAsync(stop.Token)];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Control.Set(PolicyVerb.Name, static (_, _) => Task.FromResult(PolicyInspector.Refuse()));
        await first;
    }

    /// <inheritdoc/>
    public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = NftSocket.Open(Inside);
        new NftPolicyTable(socket).Remove();
        return Task.CompletedTask;
    }

    /// <summary>Why drops are not logged; null where they are.</summary>
    private string? NotLogged(ModuleContext context, ILogger logger)
    {
        if (!options.LogDrops)
        {
            return "policy.logDrops is false in Kn's config";
        }

        var missing = NflogPacketLog.Missing(Inside);
        context.Status.SetFact("dropsNotLogged", missing);
        if (missing is not null)
        {
            PolicyLog.DropsNotLogged(logger, missing);
        }

        return missing;
    }

    /// <summary>Runs the loop, and tells it of pods that CNI attaches. The first pass has to know those that run: what it does not know it takes away.</summary>
    private static async Task FollowAsync(ModuleContext context, PolicyTarget target, ReconcileLoop<PolicyKey, PolicyPiece> loop, CancellationToken cancellationToken)
    {
        context.AttachedPods.Follow(Attach);
        try
        {
            using var limit = new CancellationTokenSource(LongestWaitForPods, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await context.AttachedPods.WhenKnownAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await loop.RunAsync(cancellationToken);
        }
        finally
        {
            context.AttachedPods.Unfollow(Attach);
        }

        void Attach(AttachedPod pod)
        {
            target.Node = target.Node.With(context.AttachedPods.All);
            loop.Touch(PolicyKey.OfPod(PolicyNode.KeyOf(pod)));
        }
    }

    /// <summary>The gate, until the module stops.</summary>
    private static async Task WaitAsync(PolicyGate gate, AttachedPod pod, CancellationToken cancellationToken, CancellationToken stopped)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped);
        await gate.WaitAsync(pod, either.Token);
    }
}
