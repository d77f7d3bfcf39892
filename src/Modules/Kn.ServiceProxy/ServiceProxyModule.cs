using System.Net;
using System.Net.Sockets;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Conntrack;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.ServiceProxy.Health;
using Kn.ServiceProxy.Localhost;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Services to endpoints, in nftables.</summary>
public sealed class ServiceProxyModule(ServiceProxyOptions options) : IModule
{
    /// <summary>A table that somebody flushed is back within a second; who flushes it in a loop makes us read it twice a second.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(400);

    /// <summary>How often the setting of localhost NodePorts is looked at: no notification tells of it.</summary>
    internal TimeSpan LocalhostEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The node's network namespace, for what is opened or written later than at the start; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches { get; } =
    [
        new WatchRequest(ResourceKinds.Services),
        new WatchRequest(ResourceKinds.EndpointSlices),
        new WatchRequest(ResourceKinds.Nodes),
        new WatchRequest(ResourceKinds.ServiceCidrs),
    ];

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        context.ProgrammedServices.Expect(true);
        using var tables = NftSocket.Open();
        using var flows = ConntrackSocket.Open();
        using var routes = RouteSocket.Open();
        using var drift = new ProxyDrift(tables, DependsOnLinks);
        using var quiet = context.Bulk.Register(drift);
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        var metrics = new ServiceProxyMetrics(context.Metrics);
        var reporter = new ProxyReporter(metrics, context.Status, new ServiceEvents(context.Events, context.Node.Name), logger, context.Time);
        var target = Target(context, reporter, tables, flows, routes);
        await using var health = new HealthModule(context, reporter.Health, () => target.Node, metrics, Listen);
        using var links = new LinkDrift(Inside);
        var localhost = Localhost(context, routes);
        using var routeDrift = new ServiceRouteDrift(routes.PortId, LoopbackIndex(routes));
        var services = new ReconcileLoop<ProxyKey, ProxyPiece>(target, Watches, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        var prefixes = PrefixLoop(context, routes, routeDrift);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!options.LocalhostNodePorts)
        {
            // Before the table that guards it goes.
            await localhost.RemoveAsync(cancellationToken);
        }

        Task[] tasks =
        [
            drift.RunAsync(stop.Token),
            services.RunAsync(stop.Token),
            prefixes.RunAsync(stop.Token),
            routeDrift.RunAsync(stop.Token),
            health.RunAsync(stop.Token),
            .. options.LocalhostNodePorts ? [links.RunAsync(stop.Token), RunLocalhostAsync(context, localhost, links, services.WhenConverged, stop.Token)] : (Task[])[],
        ];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public async Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var tables = NftSocket.Open();
        using var routes = RouteSocket.Open();
        await Localhost(context, routes).RemoveAsync(cancellationToken);
        await new ServiceProxyTarget(new NftProxyTable(tables, options), NodeOf(context), new ProxyTargetObserver()).RemoveAsync(cancellationToken);
        await new ServiceRoutes(routes, NodeOf(context), LoopbackIndex(routes)).RemoveAsync(cancellationToken);
    }

    private ServiceProxyTarget Target(ModuleContext context, ProxyReporter reporter, NftSocket tables, ConntrackSocket flows, RouteSocket routes) =>
        new(new NftProxyTable(tables, options, context.Bulk), NodeOf(context), reporter)
        {
            ReadLinkAddresses = DependsOnLinks ? () => LinkAddresses(routes) : null,
            Programmed = context.ProgrammedServices.Settle,
            ForgetFlows = stale => flows.Delete(family: null, stale.IsStale),
        };

    private ReconcileLoop<IpPrefix, ServiceRoute> PrefixLoop(ModuleContext context, RouteSocket routes, ServiceRouteDrift drift) => new(
        new ServiceRoutes(routes, NodeOf(context), LoopbackIndex(routes)),
        [new WatchRequest(ResourceKinds.Nodes), new WatchRequest(ResourceKinds.ServiceCidrs)],
        context,
        new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });

    /// <summary>Only once the table guards what the kernel's setting opens.</summary>
    private async Task RunLocalhostAsync(ModuleContext context, LocalhostTarget target, LinkDrift links, Task guarded, CancellationToken cancellationToken)
    {
        var loop = new ReconcileLoop<LocalhostKey, LocalhostPiece>(target, [], context, new ReconcileOptions { Drift = links, DriftSpacing = DriftSpacing, ResyncEvery = LocalhostEvery });
        await guarded.WaitAsync(cancellationToken);
        await loop.RunAsync(cancellationToken);
    }

    private LocalhostTarget Localhost(ModuleContext context, RouteSocket routes) => new(routes, context.Node.Paths.State, Inside);

    private Func<IPEndPoint, Socket>? Listen => Inside is { } space ? address => space.Run(() => HealthSockets.Listen(address)) : null;

    private bool DependsOnLinks => options.NodePortAddresses.Any(static entry => entry != ServiceProxyOptions.Primary);

    private ProxyNode NodeOf(ModuleContext context) => new()
    {
        Name = context.Node.Name,
        Cluster = context.Node.Cluster,
        Options = options,
    };

    /// <summary>A network namespace always has its loopback, with number 1.</summary>
    private static int LoopbackIndex(RouteSocket routes) => routes.FindLink("lo")?.Index ?? 1;

    private static ValueList<IpAddress> LinkAddresses(RouteSocket routes) => routes.ReadAddresses()
        .Select(static address => address.Address)
        .Where(static address => address is { IsLoopback: false, IsLinkLocal: false })
        .Distinct()
        .Order()
        .ToValueList();
}
