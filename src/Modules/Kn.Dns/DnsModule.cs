using Kn.Dns.Forwarding;
using Kn.Dns.Inspection;
using Kn.Dns.Listening;
using Kn.Dns.Serving;
using Kn.Dns.Zone;
using Kn.Hosting;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Dns;

/// <summary>The cluster's names, on every node.</summary>
public sealed class DnsModule(DnsOptions options) : IModule
{
    /// <summary>An address that somebody takes away is missed by every pod at once.</summary>
    private static readonly TimeSpan DriftSpacing = TimeSpan.FromMilliseconds(400);

    /// <summary>Queries wait so long in their sockets for the cluster to be known: less than a client's patience, which is 5 s; and as long as it can
    /// be, for a restart under load must not answer SERVFAIL to names that were known a moment ago.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(4);

    /// <summary>How long, at a stop, questions that are under way are waited for; what comes meanwhile waits in the sockets.</summary>
    private static readonly TimeSpan LongestFinish = TimeSpan.FromSeconds(1);

    /// <summary>How long a new name waits for its Service's addresses to be served. The proxy takes milliseconds, and a second for ten thousand
    /// Services at once.</summary>
    private static readonly TimeSpan LongestWaitForProxy = TimeSpan.FromSeconds(3);

    /// <summary>The node's network namespace, for what is opened later than at the start; null for the process's own. For tests.</summary>
    internal NetworkNamespace? Inside { get; init; }

    /// <summary>The port that is served. For tests.</summary>
    internal ushort Port { get; init; } = 53;

    private bool NeedsPods => options.Pods == PodRecords.Verified || options.Autopath;

    /// <inheritdoc/>
    public IReadOnlyList<WatchRequest> Watches =>
    [
        new WatchRequest(ResourceKinds.Services),
        new WatchRequest(ResourceKinds.EndpointSlices),
        new WatchRequest(ResourceKinds.Namespaces),
        new WatchRequest(ResourceKinds.Nodes),
        .. NeedsPods ? [new WatchRequest(ResourceKinds.Pods)] : (WatchRequest[])[],
    ];

    /// <inheritdoc/>
    public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        var logger = context.Loggers.CreateLogger(context.Status.Name);
        using var routes = RouteSocket.Open();
        using var tables = NftSocket.Open();
        using var drift = new ListenDrift(tables, routes.PortId, LinkIndex(routes), Inside);
        using var quiet = context.Bulk.Register(drift);
        var rules = new ClientRules(context.Node.Cluster.PodCidrs.Concat(options.Clients));
        await using var forwarder = NewForwarder(context, rules, logger);
        var parts = new DnsParts(options, context, forwarder, rules, logger);
        await using var servers = new DnsServers(parts.Handler, parts.Tcp, parts.Metrics, options, new KeptSockets(context.StoredSockets, Inside, logger)) { Port = Port };
        var zone = ZoneTarget(context, parts, logger);
        var zoneLoop = new ReconcileLoop<DnsKey, ZonePiece>(zone, Watches, context);
        var addresses = new ListenTarget(new DnsLink(routes, () => DnsLog.BridgeInstead(logger, NodeResources.DnsLink)), tables, servers, parts.Audience, context.Node.Name, options) { Port = Port };
        var addressLoop = new ReconcileLoop<IpAddress, ListenPiece>(addresses, AddressWatches, context, new ReconcileOptions { Drift = drift, DriftSpacing = DriftSpacing });
        var clients = new ClientsTarget(rules, context.Node.Cluster, options, () => DnsLog.ClientsUnknown(logger));
        var clientLoop = new ReconcileLoop<string, ClientsPiece>(clients, [new WatchRequest(ResourceKinds.Nodes)], context);
        context.Control.Set(DnsVerb.Name, new DnsInspector(parts, context.Cache, forwarder.Cache, options.Domain).HandleAsync);
        var served = Task.WhenAll(zone.WhenComplete, addressLoop.WhenConverged);
        using var gate = context.PodGates.Register("dns", (_, cancel) => served.WaitAsync(cancel));
        using var forward = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] tasks =
        [
            zoneLoop.RunAsync(stop.Token),
            addressLoop.RunAsync(stop.Token),
            clientLoop.RunAsync(stop.Token),
            drift.RunAsync(stop.Token),
            ForwardAsync(forwarder, loaded, forward.Token),
            BeginAsync(servers, Task.WhenAll(zone.WhenComplete, clientLoop.WhenConverged, loaded.Task), context.Time, logger, stop.Token),
        ];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await (cancellationToken.IsCancellationRequested ? HandOverAsync(servers, forwarder) : Task.CompletedTask);
        await forward.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public async Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
    {
        using var routes = RouteSocket.Open();
        using var tables = NftSocket.Open();
        var audience = new ListenAudience(new ClusterDnsAddresses(), new ClientRules(), context.Status, context.Loggers.CreateLogger(context.Status.Name));
        await new ListenTarget(new DnsLink(routes, static () => { }), tables, servers: null, audience, context.Node.Name, options).RemoveAsync(cancellationToken);
    }

    /// <summary>Addresses that the config names are served before the cluster is known.</summary>
    private WatchRequest[] AddressWatches => options.Addresses.IsEmpty || options.NodeAddresses
        ? [new WatchRequest(ResourceKinds.Services), new WatchRequest(ResourceKinds.Nodes)]
        : [];

    private ZoneTarget ZoneTarget(ModuleContext context, DnsParts parts, ILogger logger)
    {
        var gate = new ServiceGate(context.ProgrammedServices, () => context.Cache.Current, LongestWaitForProxy, context.Time);
        return new ZoneTarget(parts.Records, NeedsPods ? PodRecords.Verified : options.Pods, gate, context.Time)
        {
            Impatient = names => DnsLog.NamesAhead(logger, names),
            Clock = new ProgrammingClock(parts.Metrics.Programming, context.Time),
        };
    }

    private DnsForwarder NewForwarder(ModuleContext context, ClientRules rules, ILogger logger)
    {
        var surroundings = new ForwarderSurroundings
        {
            Time = context.Time,
            Tell = text => context.Status.SetFact("upstreams", text.Length == 0 ? null : text),
            IsOwn = upstream => upstream.Port == Port && rules.IsServed(IpAddress.FromIPAddress(upstream.Address)),
        };
        if (Inside is { } space)
        {
            var open = surroundings.Open;
            surroundings = surroundings with { Open = (family, type) => space.Run(() => open(family, type)) };
        }

        return new DnsForwarder(options.Forward, options.Cache, context.Metrics, logger, surroundings);
    }

    /// <summary>What was taken in is answered, what comes from now on is the next process's. A module that fails hands nothing over.</summary>
    private static async Task HandOverAsync(DnsServers servers, DnsForwarder forwarder)
    {
        await servers.HandOverAsync();
        await forwarder.FinishAsync(LongestFinish);
    }

    /// <summary>Reads whom to ask before the first query comes.</summary>
    private static async Task ForwardAsync(DnsForwarder forwarder, TaskCompletionSource loaded, CancellationToken cancellationToken)
    {
        await forwarder.LoadAsync(cancellationToken);
        loaded.TrySetResult();
        await forwarder.RunAsync(cancellationToken);
    }

    private static Func<int?> LinkIndex(RouteSocket routes) => () => routes.FindLinkIndex(NodeResources.DnsLink);

    private static async Task BeginAsync(DnsServers servers, Task known, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        using var hold = new CancellationTokenSource(LongestHold, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(hold.Token, cancellationToken);
        await known.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (!known.IsCompleted)
        {
            DnsLog.NotSynced(logger);
        }

        servers.Begin();
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }
}
