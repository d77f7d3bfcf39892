using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Inspection;
using Kn.Ingress.Names;
using Kn.Ingress.Planning;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Ingress.Status;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress;

/// <summary>HTTP in: the cluster's Ingresses, served on every node, straight to pods.</summary>
public sealed class IngressModule(IngressOptions options) : IModule
{
    /// <summary>The node's network namespace; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <summary>Whom the node asks for names.</summary>
    internal string ResolverFile { get; init; } = "/etc/resolv.conf";

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches =>
    [
        .. RouteWatches,
        .. options.HttpsPort == 0 ? [] : TlsParts.Watches,
        .. options.Publish.Enabled || options.HttpsPort > 0 ? (WatchRequest[])[new WatchRequest(ResourceKinds.Nodes)] : [],
    ];

    private IReadOnlyList<WatchRequest> RouteWatches =>
    [
        .. options.OpaqueSecrets ? (WatchRequest[])[new WatchRequest(ResourceKinds.Secrets)] : [],
        new WatchRequest(ResourceKinds.Ingresses),
        new WatchRequest(ResourceKinds.IngressClasses),
        new WatchRequest(ResourceKinds.Services),
        new WatchRequest(ResourceKinds.EndpointSlices),
    ];

    /// <inheritdoc/>
    public TimeSpan LongestStop => options.DrainTimeout + TimeSpan.FromSeconds(5);

    private IEnumerable<(IpAddress Address, ushort Port)> Places
    {
        get
        {
            foreach (var address in Addresses)
            {
                yield return (address, options.HttpPort);
                if (options.HttpsPort > 0)
                {
                    yield return (address, options.HttpsPort);
                }
            }
        }
    }

    private IEnumerable<IpAddress> Addresses => options.Addresses.IsEmpty ? [IpAddress.Any(IpFamily.V4), IpAddress.Any(IpFamily.V6)] : options.Addresses;

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        var routes = new LiveRoutes(context.Metrics, options.MetricHosts);
        var metrics = new IngressMetrics(context.Metrics, routes);
        var classes = new ClassRules(options.ClassName, options.IngressesWithoutClass);
        BackendRef? fallback = BackendName.TryParse(options.DefaultBackend, out var named) ? named : null;
        var target = new RouteTarget(routes, classes, options.Tls.Redirect && options.HttpsPort > 0, fallback);
        var loop = new ReconcileLoop<RouteKey, RoutePiece>(target, RouteWatches, context);
        using var tls = options.HttpsPort == 0 ? null : new TlsParts(options, classes, context, logger);
        using var logged = new CancellationTokenSource();
        var accessLog = options.AccessLog.Length == 0 ? null : new AccessLog(options.AccessLog, context.Time, logger) { IsCombined = options.AccessLogFormat == AccessLogFormat.Combined };
        var logging = accessLog?.RunAsync(logged.Token) ?? Task.CompletedTask;
        await using var engine = new ProxyEngine(
            options.Threads > 0 ? options.Threads : Environment.ProcessorCount, Settings(), new ProxySurroundings(routes, context.Time, logger) { Seconds = metrics.Seconds, AccessLog = accessLog, Inside = Inside, Tls = tls?.Front });
        metrics.Register(engine, accessLog);
        if (tls is not null)
        {
            metrics.Register(engine, tls.Certificates);
        }

        context.Control.Set(IngressVerb.Name, new IngressInspector(routes, tls?.Certificates).HandleAsync);

        var listeners = new KeptListeners(context.StoredSockets, Inside, logger);
        try
        {
            // Bound before anything is known: what comes early waits in the sockets for its answer, and is not told that there is nothing.
            foreach (var (address, port) in Places)
            {
                engine.Listen(listeners.Open(address, port, engine.Threads), isTls: port == options.HttpsPort);
            }

            var names = new ExternalNames(routes, new NodeResolver(ResolverFile, Inside), context.Time, logger);
            routes.OnNames = names.Wake;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var telling = Task.WhenAll(TellAsync(classes, context, ended.Token), names.RunAsync(ended.Token));
            try
            {
                await RunAsync(engine, loop, tls, context, logger, cancellationToken);
            }
            finally
            {
                await ended.CancelAsync();
                await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            // Only the next process goes on with them; a module that starts again binds its own.
            if (!cancellationToken.IsCancellationRequested)
            {
                foreach (var (address, port) in Places)
                {
                    listeners.Remove(address, port, engine.Threads);
                }
            }

            await logged.CancelAsync();
            await logging;
        }
    }

    /// <inheritdoc/>
    /// <remarks>The status of Ingresses stays: other nodes may serve them on. Who takes Kn off the last node clears it with the IngressClass, while Kn runs.</remarks>
    public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        TicketKeys.Remove(TlsParts.TicketFile(context));
        return Task.CompletedTask;
    }

    private async Task RunAsync(ProxyEngine engine, ReconcileLoop<RouteKey, RoutePiece> loop, TlsParts? tls, ModuleContext context, ILogger logger, CancellationToken cancellationToken)
    {
        // Routes follow the cluster until the last request is answered.
        using var stop = new CancellationTokenSource();
        var planning = loop.RunAsync(stop.Token);
        var certifying = tls?.RunAsync(stop.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
        var known = tls is null ? loop.WhenConverged : Task.WhenAll(loop.WhenConverged, tls.WhenKnownAsync(stop.Token));
        var serving = ServeAsync(engine, known, logger, stop.Token);
        var first = await Task.WhenAny(planning, certifying, serving, Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
        if (cancellationToken.IsCancellationRequested)
        {
            IngressLog.Draining(logger, engine.Open);
            await engine.DrainAsync(options.DrainTimeout, context.Time);
        }

        await stop.CancelAsync();
        await Task.WhenAll(planning, certifying, serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <summary>Tells the cluster of its Ingresses, while this node is the one that does.</summary>
    private async Task TellAsync(ClassRules classes, ModuleContext context, CancellationToken cancellationToken)
    {
        if (options.Publish.Enabled)
        {
            await context.Leadership.LeadAsync(
                (client, token) => new ReconcileLoop<ObjectKey, StatusPiece>(new StatusTarget(client, context.Cache, classes, options.Publish, context.Events), Watches, context).RunAsync(token), cancellationToken);
        }
    }

    private async Task ServeAsync(ProxyEngine engine, Task known, ILogger logger, CancellationToken cancellationToken)
    {
        await known.WaitAsync(cancellationToken);
        engine.Start();
        IngressLog.Serving(logger, string.Join(", ", Places.Select(static place => place.Address.Family == IpFamily.V6 ? $"[{place.Address}]:{place.Port}" : $"{place.Address}:{place.Port}")), engine.Threads);
        await engine.Ended.WaitAsync(cancellationToken);
    }

    private ProxySettings Settings() => new()
    {
        MaxHeadBytes = (int)options.MaxHeadBytes.Bytes,
        HandshakeTimeout = (long)options.Timeouts.Handshake.TotalMilliseconds,
        HeadTimeout = (long)options.Timeouts.Head.TotalMilliseconds,
        IdleTimeout = (long)options.Timeouts.Idle.TotalMilliseconds,
        ConnectTimeout = (long)options.Timeouts.Connect.TotalMilliseconds,
        QuietTimeout = (long)options.Timeouts.Quiet.TotalMilliseconds,
        TunnelTimeout = (long)options.Timeouts.Tunnel.TotalMilliseconds,
        Attempts = options.Attempts,
        MaxConnections = Math.Max(1, options.MaxConnections / (options.Threads > 0 ? options.Threads : Environment.ProcessorCount)),
        Trusted = options.TrustedProxies,
        ProxyProtocolFrom = options.ProxyProtocolFrom,
        HttpsPort = options.HttpsPort == 0 ? (ushort)443 : options.HttpsPort,
        StrictTransport = options.Tls.Hsts.ToField(),
        Forwarded = options.Forwarded,
    };
}
