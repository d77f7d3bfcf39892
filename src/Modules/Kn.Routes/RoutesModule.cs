using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;
using Kn.Routes.Bgp;
using Kn.Routes.Bgp.Inspection;
using Kn.Routes.FastPath;
using Kn.Routes.Guard;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;
using Microsoft.Extensions.Logging;

namespace Kn.Routes;

/// <summary>Routes from this node to the pods of every other node.</summary>
public sealed class RoutesModule(RoutesOptions options) : IModule
{
    /// <summary>A deleted route is missed at once; half a second bounds what somebody who deletes it in a loop can cost.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(500);

    private static readonly IReadOnlyList<WatchRequest> Nodes = [new WatchRequest(ResourceKinds.Nodes)];

    /// <summary>The node's network namespace, for sockets that are opened later; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } = options.IsBgpOn ? BgpRouting.Watches : Nodes;

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        var logger = context.Loggers.CreateLogger("routes");
        using var socket = RouteSocket.Open();
        var ledger = new RoutesLedger(logger);
        using var drift = new RoutesDrift(ledger, socket.PortId);
        var peers = new PeerTable(context.Node.Name, options);
        RoutesMetrics.Register(context, ledger, peers);
        var target = new RoutesTarget(socket, peers, ledger, new RoutesReport(context, options, ledger).Publish);
        var loop = new ReconcileLoop<RoutesKey, RoutesPiece>(target, Nodes, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        using var tables = NftSocket.Open();
        using var fast = StartFastPath(context, logger);
        using var guardDrift = new GuardDrift(tables, context.Encapsulation);
        using var quiet = context.Bulk.Register(guardDrift);
        var guard = new ReconcileLoop<string, NftTable>(
            new TunnelGuard(tables, options, context.Encapsulation, marksFlows: fast is not null), Nodes, context, new ReconcileOptions { Drift = guardDrift, DriftSpacing = DriftSpacing });
        using var bgp = StartBgp(context, logger);
        PrepareKernel(logger);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            drift.RunAsync(stop.Token), loop.RunAsync(stop.Token), guardDrift.RunAsync(stop.Token), guard.RunAsync(stop.Token),
            fast?.RunAsync(stop.Token) ?? Task.Delay(Timeout.Infinite, stop.Token), bgp?.RunAsync(stop.Token) ?? Task.Delay(Timeout.Infinite, stop.Token),
        ];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public async Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var socket = RouteSocket.Open();
        using var home = NetworkNamespace.OpenCurrent();
        var ledger = new RoutesLedger(context.Loggers.CreateLogger("routes"));
        await new RoutesTarget(socket, new PeerTable(context.Node.Name, options), ledger, static () => { }).RemoveAsync(cancellationToken);
        using var tables = NftSocket.Open();
        await new TunnelGuard(tables, options, context.Encapsulation).RemoveAsync(cancellationToken);
        FlowHooks.RemoveAll(socket, home);
        BgpRouting.RemoveAll(context);
    }

    /// <summary>BGP, where it is wanted; what an earlier run with it left is removed elsewhere.</summary>
    private BgpRouting? StartBgp(ModuleContext context, ILogger logger)
    {
        if (options.IsBgpOn)
        {
            return new BgpRouting(options, context, logger, Inside);
        }

        context.Control.Set(BgpVerb.Name, static (_, _) => Task.FromResult(BgpInspector.Off));
        BgpRouting.RemoveAll(context);
        return null;
    }

    /// <summary>The fast path, where it is wanted and this kernel can; what an earlier process left of it is removed elsewhere.</summary>
    private FastPathLinks? StartFastPath(ModuleContext context, ILogger logger)
    {
        if (options is { FastPath: true, Mode: not RoutesMode.None })
        {
            try
            {
                return FastPathLinks.Start(context, logger);
            }
            catch (LinuxException e)
            {
                RoutesLog.FastPathUnavailable(logger, e.Message);
            }
        }

        context.Status.SetFact("fastPath", "off");
        using var socket = RouteSocket.Open();
        using var home = NetworkNamespace.OpenCurrent();
        FlowHooks.RemoveAll(socket, home);
        return null;
    }

    /// <summary>Makes the node a router; one that tells pods of what is too large for a tunnel's path, not only for its link.</summary>
    /// <remarks>ip_forward_use_pmtu, Documentation/networking/ip-sysctl.rst: without it the kernel forwards by the link's MTU whatever
    /// it has learned of the path, and packets that do not fit the underlay vanish in the tunnel.</remarks>
    private void PrepareKernel(ILogger logger)
    {
        Forwarding.Enable();
        if (options.Ways is not (RoutesMode.Auto or RoutesMode.Vxlan))
        {
            return;
        }

        try
        {
            Sysctl.Ensure("net/ipv4/ip_forward_use_pmtu", "1");
        }
        catch (LinuxException e)
        {
            RoutesLog.PathMtuIgnored(logger, e.Message);
        }
    }
}
