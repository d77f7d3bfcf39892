using Kn.Cni.Attaching;
using Kn.Cni.Garbage;
using Kn.Cni.Inspection;
using Kn.Cni.Installation;
using Kn.Cni.Ipam;
using Kn.Cni.Table;
using Kn.Hosting.Agent;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;

namespace Kn.Cni;

/// <summary>The pod network: attaches pods when the container runtime asks for it, with addresses from the node's podCIDRs, and masquerades
/// what leaves the cluster.</summary>
public sealed class CniModule(CniOptions options) : IModule
{
    /// <summary>The control socket's verb for CNI calls.</summary>
    public const string Verb = "cni";

    /// <summary>A flushed table means that pods leave the cluster with addresses nobody can answer to: repaired at once, and not more often
    /// than this if somebody does it in a loop.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(500);

    /// <summary>What podCIDRs and masquerade follow.</summary>
    private static readonly IReadOnlyList<WatchRequest> NodesOnly = [new WatchRequest(ResourceKinds.Nodes)];

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } = [.. NodesOnly, new WatchRequest(ResourceKinds.Pods, $"spec.nodeName={NodeWatches.NodeName}")];

    /// <summary>For tests: called before each step of an ADD.</summary>
    internal Action<AttachStep>? BeforeStep { get; init; }

    /// <summary>For tests: called before each step of a DEL.</summary>
    internal Action<DetachStep>? BeforeDetachStep { get; init; }

    /// <summary>For tests: called before each step of writing the journal anew.</summary>
    internal Action<RewriteStep>? BeforeRewriteStep { get; init; }

    /// <inheritdoc/>
    public void Announce(ModuleContext context) => context.AttachedPods.Expect();

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var parts = CniParts.Open(context, options);
        using var drift = new CniTableDrift(parts.Nft);
        using var quiet = context.Bulk.Register(drift);
        var garbage = new GarbageCollector(context.Node.Name, options, parts);
        using var guard = new NodeEndGuard(parts.Repair, parts.Attachments.Bridge, garbage.Hint, parts.Links.PortId, parts.Logger, context.Time);
        using var podGuard = new PodEndGuard(parts.Attachments, new PodEndRepair(parts.Attachments));
        var podCidrs = new ReconcileLoop<string, NodePodCidrs>(new PodCidrTarget(context, options, parts), NodesOnly, context);
        var table = new ReconcileLoop<string, NftTable>(new CniTableTarget(parts.Table, context.Node, options), NodesOnly, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        Start(parts);
        var server = new CniServer(options, parts);
        context.Control.Set(Verb, server.HandleAsync);
        context.Control.Set(IpamVerb.Name, new IpamServer(new IpamInspector(context.Node.Name, parts)).HandleAsync);
        try
        {
            await RunAllAsync(
                [
                    drift.RunAsync, guard.ListenAsync, guard.RepairAsync, podGuard.ListenAsync, podGuard.RepairAsync, parts.Reaper.RunAsync, garbage.RunAsync,
                    parts.Mtu.ListenAsync, parts.Mtu.FollowAsync, podCidrs.RunAsync, table.RunAsync,
                ],
                cancellationToken);
        }
        finally
        {
            context.Control.Set(Verb, static (_, _) => Task.FromResult(CniServer.Refuse()));
            context.Control.Set(IpamVerb.Name, static (_, _) => Task.FromResult(IpamServer.Refuse()));
            await server.StopAsync();
        }
    }

    /// <inheritdoc/>
    public async Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        var files = new NodeFiles(context.Node.Paths);
        files.RemoveConflist();
        if (options.InstallPlugin)
        {
            files.RemovePlugin();
        }

        using (var host = RouteSocket.Open())
        using (var links = new PodLinks(host))
        {
            links.RemoveAll();
            NodeBridge.RemoveAll(host);
        }

        using (var nft = NftSocket.Open())
        {
            new CniTable(nft).Remove();
        }

        var state = Path.GetDirectoryName(CniParts.JournalPath(context));
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private void Start(CniParts parts)
    {
        parts.Attacher.BeforeStep = BeforeStep;
        parts.Attacher.BeforeDetachStep = BeforeDetachStep;
        parts.Reaper.BeforeStep = BeforeDetachStep;
        parts.Journal.BeforeStep = BeforeRewriteStep;
        if (parts.Journal.DamagedLines > 0)
        {
            CniLog.JournalDamaged(parts.Logger, parts.Journal.DamagedLines);
        }

        Forwarding.Enable();
        var adoption = new PodAdoption(parts.Attachments, parts.Repair, parts.Capabilities).Adopt();
        CniLog.Adopted(parts.Logger, adoption.Adopted, adoption.Freed, adoption.Removed, adoption.Foundlings);
        parts.TellStatus();
    }

    /// <summary>Runs until cancelled, or until one of them fails; the others are then stopped.</summary>
    private static async Task RunAllAsync(IEnumerable<Func<CancellationToken, Task>> works, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = works.Select(work => work(stop.Token)).ToList();
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }
}
