using System.Net.Sockets;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Bgp.Inspection;
using Kn.Routes.Bgp.Learned;
using Kn.Routes.Bgp.Planning;
using Kn.Routes.Bgp.Speaking;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp;

/// <summary>The part of the module that speaks BGP: what this node says, and what others say into the kernel.</summary>
internal sealed class BgpRouting : IDisposable
{
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(100);

    private readonly RouteSocket _socket = RouteSocket.Open();
    private readonly LearnedDrift _drift;
    private readonly SpeakerHost _host;
    private readonly LearnedTarget _learnedTarget;
    private readonly BgpTarget _target;
    private readonly ReconcileLoop<BgpKey, BgpPiece> _loop;
    private readonly ReconcileLoop<IpPrefix, LearnedRoute> _learnedLoop;
    private readonly BgpStatus _status;

    /// <summary>Makes the parts; to be called before the module's first await.</summary>
    /// <param name="options">The module's.</param>
    /// <param name="context">The module's.</param>
    /// <param name="logger">The module's.</param>
    /// <param name="inside">The node's network namespace; null for the process's own.</param>
    public BgpRouting(RoutesOptions options, ModuleContext context, ILogger logger, NetworkNamespace? inside)
    {
        var learned = new LearnedRoutes(options.Bgp.MaxRoutes);
        var hops = new NextHops(context.Node.Name, options);
        var observer = new BgpObserver(learned, Converged, logger);
        var events = new BgpEvents(context.Events, context.Node.Name);
        _drift = new LearnedDrift(_socket.PortId) { Network = () => hops.Network };
        _host = new SpeakerHost(options.Bgp, learned, observer, new SpeakerSurroundings(new RestartMarker(context.Node.Paths.Run), new PausedPaths(context.Node.Paths.Run, context.Time), hops.Cost, logger, context.Time)
        {
            OpenSocket = (family, type) => inside is null ? Open(family, type) : inside.Run(() => Open(family, type)),
        });
        _learnedTarget = new LearnedTarget(_socket, learned, hops, options.Bgp.Metric, _host.NextHopsChanged);
        _drift.Expected = route => _learnedTarget.Find(route.Destination);
        _target = new BgpTarget(new BgpTable(context.Node.Name, options.Bgp, options.Mode == RoutesMode.Bgp) { IsByBgp = context.Announcement.IsByBgp }, _host, _socket, context, events, logger);
        _learnedLoop = new ReconcileLoop<IpPrefix, LearnedRoute>(
            _learnedTarget, [new WatchRequest(ResourceKinds.Nodes)], context, new ReconcileOptions { Drift = _drift, DriftSpacing = DriftSpacing });
        _loop = new ReconcileLoop<BgpKey, BgpPiece>(_target, Watches, context, new ReconcileOptions { Drift = _drift.OfNetwork, DriftSpacing = DriftSpacing });
        learned.Changed = _learnedLoop.Touch;
        _status = new BgpStatus(context, _host, observer, learned, _target, _learnedTarget, events, logger) { MaxRoutes = options.Bgp.MaxRoutes };
        context.Control.Set(BgpVerb.Name, new BgpInspector(_host, learned, _learnedTarget, _socket, SetLeaving).HandleAsync);
    }

    /// <summary>The kinds that it reads.</summary>
    public static IReadOnlyList<WatchRequest> Watches { get; } =
        [new WatchRequest(ResourceKinds.Nodes), new WatchRequest(ResourceKinds.Services), new WatchRequest(ResourceKinds.EndpointSlices)];

    /// <summary>Works until cancelled. Peers are not told of the end, and so keep this node's routes while its agent restarts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _learnedTarget.Look();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            _drift.RunAsync(stop.Token), _learnedLoop.RunAsync(stop.Token), _loop.RunAsync(stop.Token), _host.RunAsync(stop.Token), _status.RunAsync(stop.Token),
        ];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _host.Dispose();
        _drift.Dispose();
        _socket.Dispose();
    }

    /// <summary>Removes what an earlier run with BGP left: its routes, and the word that peers keep this node's.</summary>
    public static void RemoveAll(ModuleContext context)
    {
        using var socket = RouteSocket.Open();
        LearnedTarget.RemoveAll(socket);
        new RestartMarker(context.Node.Paths.Run).Clear();
        new PausedPaths(context.Node.Paths.Run, context.Time).Clear();
    }

    private static Socket Open(AddressFamily family, SocketType type) => new(family, type, ProtocolType.Unspecified);

    private void Converged() => _drift.Ask();

    private void SetLeaving(bool isLeaving)
    {
        _target.IsLeaving = isLeaving;
        _host.IsLeaving = isLeaving;
        _drift.AskNetwork();
    }
}
