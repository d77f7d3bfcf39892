using System.Threading.Channels;
using Kn.Hosting.Modules;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.LoadBalancer.Allocating;
using Kn.LoadBalancer.Heartbeats;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer.Announcing;

/// <summary>Brings together who is alive, which addresses there are, and which links the node has; and announces what is this node's.</summary>
internal sealed class AnnouncementLoop : IDisposable
{
    /// <summary>Old answers of the last owner are under way for a moment after a take-over.</summary>
    private static readonly TimeSpan s_conflictGrace = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_conflictSpacing = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly ModuleContext _context;
    private readonly LoadBalancerOptions _options;
    private readonly IReadOnlyList<AddressPool> _pools;
    private readonly HeartbeatLoop _heartbeats;
    private readonly LoadBalancerMetrics _metrics;
    private readonly ILogger _logger;
    private readonly NetworkNamespace? _inside;
    private readonly RouteSocket _routes;
    private readonly Announcer _announcer;
    private readonly StatusPart _part;
    private readonly Channel<Wake> _wakes = Channel.CreateBounded<Wake>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Dictionary<IpAddress, long> _conflicts = [];
    private LinkChoice _links;
    private AnnouncementView _view = AnnouncementView.Empty;
    private HashSet<int> _ownLinks = [];
    private bool _areLinksOld;
    private long _leftAt;

    public AnnouncementLoop(ModuleContext context, LoadBalancerOptions options, IReadOnlyList<AddressPool> pools, HeartbeatLoop heartbeats, LoadBalancerMetrics metrics, NetworkNamespace? inside)
    {
        _context = context;
        _options = options;
        _pools = pools;
        _heartbeats = heartbeats;
        _metrics = metrics;
        _inside = inside;
        _logger = context.Loggers.CreateLogger(context.Status.Name);
        _part = context.Status.Part("announcer");
        _routes = RouteSocket.Open(inside);
        _links = ReadLinks(default);
        List<IpRange> ranges = [.. pools.Where(static pool => pool.IsByArp).SelectMany(static pool => pool.Ranges).Where(static range => range.Family == IpFamily.V4)];
        var environment = new ResponderEnvironment(ranges, context.StoredSockets, metrics, OnConflict, inside);
        _announcer = new Announcer(environment, metrics, _logger, context.Time);
    }

    /// <summary>What is announced where, as this node sees it; for <c>kn lb list</c>.</summary>
    public AnnouncementView View => Volatile.Read(ref _view);

    /// <summary>Works until cancelled; the responders go on until disposal.</summary>
    public async Task RunAsync(Task hasKey, CancellationToken cancellationToken)
    {
        await _context.Cache.WhenSynced(cancellationToken);
        using var queue = _context.Cache.Subscribe(ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Nodes);
        using var monitor = RouteMonitor.Open(RouteMonitorGroups.Links | RouteMonitorGroups.Addresses, _inside, Concerns);
        _heartbeats.Changed += WakeForNodes;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] sources = [WatchClusterAsync(queue, stop.Token), WatchLinksAsync(monitor, stop.Token)];
        try
        {
            Plan(queue.Drain().Snapshot);
            await hasKey.WaitAsync(cancellationToken);
            _heartbeats.Say(NodeState.Up);
            await LoopAsync(queue, sources, cancellationToken);
        }
        finally
        {
            _heartbeats.Changed -= WakeForNodes;
            await stop.CancelAsync();
            await Task.WhenAll(sources).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Hands this node's addresses over, or takes part again.</summary>
    public void SetLeaving(bool isLeaving)
    {
        Interlocked.Exchange(ref _leftAt, isLeaving ? _context.Time.GetTimestamp() : 0);
        _heartbeats.Say(isLeaving ? NodeState.Leaving : NodeState.Up);
        _wakes.Writer.TryWrite(new Wake(WakeKind.Nodes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _announcer.Dispose();
        _routes.Dispose();
    }

    private async Task LoopAsync(ChangeQueue queue, Task[] sources, CancellationToken cancellationToken)
    {
        while (true)
        {
            var isWhole = Apply();
            _part.SetReady();
            var wait = _announcer.Tell();
            wait = (isWhole && !IsLeaving) || wait < s_retry ? wait : s_retry;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var more = _wakes.Reader.WaitToReadAsync(either.Token).AsTask();
            var ended = await Task.WhenAny([more, Task.Delay(wait, _context.Time, either.Token), .. sources]);
            await either.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (sources.Contains(ended))
            {
                await ended;
            }

            while (_wakes.Reader.TryRead(out var wake))
            {
                Handle(wake, queue);
            }

            if (Interlocked.Exchange(ref _areLinksOld, false))
            {
                _links = ReadLinks(_view.NodeAddresses);
            }
        }
    }

    private void Handle(Wake wake, ChangeQueue queue)
    {
        switch (wake.Kind)
        {
            case WakeKind.Cluster:
                Plan(queue.Drain().Snapshot);
                break;
            case WakeKind.Conflict:
                ReportConflict(wake);
                break;
        }
    }

    private void Plan(ClusterSnapshot cluster)
    {
        var planned = AnnouncementPlan.Plan(cluster, _pools, _options);
        var peers = AnnouncementPlan.Peers(planned.Values, _context.Node.Name);
        var addresses = cluster.Nodes.Find(new ObjectKey("", _context.Node.Name))?.InternalIps ?? default;
        if (addresses != _view.NodeAddresses)
        {
            _links = ReadLinks(addresses);
        }

        Volatile.Write(ref _view, _view with { Cluster = cluster, Planned = planned, NodeAddresses = addresses });
        _metrics.Peers.Set(peers.Count);
        _heartbeats.Follow([.. peers.Select(name => new HeartbeatPeer(name, cluster.Nodes.Find(new ObjectKey("", name))?.InternalIps ?? default))]);
    }

    /// <summary>False when something has to be tried again.</summary>
    private bool Apply()
    {
        var alive = _heartbeats.Alive;
        _metrics.PeersAlive.Set(alive.Count);
        var self = _context.Node.Name;
        var isHere = !IsLeaving || _context.Time.GetElapsedTime(Interlocked.Read(ref _leftAt)) < LoadBalancerModule.HandOver;
        bool IsAlive(string node) => node == self ? isHere : alive.Contains(node);
        // A node that leaves answers until others have taken over, and for ever where nobody can.
        bool IsOwner(AnnouncedAddress item) => item.Owner(IsAlive) is { } owner ? owner == self : item.Candidates.Contains(self);
        var mine = new Dictionary<IpAddress, IReadOnlyList<Link>>();
        foreach (var (address, item) in _view.Planned)
        {
            if (IsOwner(item))
            {
                mine.Add(address, _links.For(address, item.Pool.Interfaces));
            }
        }

        var planned = _view.Planned;
        var isWhole = _announcer.Apply(mine, _links, address => planned.GetValueOrDefault(address)?.Owner(IsAlive) ?? "nobody");
        Volatile.Write(ref _view, _view with { Alive = alive, Own = _announcer.Current.ToDictionary(static pair => pair.Key, static pair => pair.Value.Links), IsLeaving = IsLeaving });
        return isWhole;
    }

    private bool IsLeaving => Interlocked.Read(ref _leftAt) != 0;

    private LinkChoice ReadLinks(ValueList<IpAddress> nodeAddresses)
    {
        var links = _routes.ReadLinks();
        Volatile.Write(ref _ownLinks, links.Where(LinkChoice.IsOwn).Select(static link => link.Index).ToHashSet());
        return new LinkChoice(links, _routes.ReadAddresses(), nodeAddresses);
    }

    private void ReportConflict(Wake wake)
    {
        var address = wake.Address;
        if (!_announcer.Current.TryGetValue(address, out var item) || _context.Time.GetElapsedTime(item.Since) < s_conflictGrace
            || (_conflicts.TryGetValue(address, out var last) && _context.Time.GetElapsedTime(last) < s_conflictSpacing))
        {
            return;
        }

        _conflicts[address] = _context.Time.GetTimestamp();
        LoadBalancerLog.Conflict(_logger, address.ToString(), wake.Mac.ToString(), wake.Link);
        _announcer.Defend(address);
        foreach (var key in _view.Planned.GetValueOrDefault(address)?.Services ?? default)
        {
            var uid = _view.Cluster.Services.Find(key)?.Metadata.Uid ?? "";
            _context.Events.Record(new ClusterEvent(
                EventSubject.Service(key, uid), IsWarning: true, "AddressConflict", $"{wake.Mac} on the network of node {_context.Node.Name} says that it has {address} too"));
        }
    }

    private void OnConflict(Link link, IpAddress address, MacAddress mac) => _wakes.Writer.TryWrite(new Wake(WakeKind.Conflict, address, mac, link.Name));

    private void WakeForNodes() => _wakes.Writer.TryWrite(new Wake(WakeKind.Nodes));

    /// <summary>Links of pods come and go all the time. On the monitor's thread.</summary>
    private bool Concerns(RouteEvent item) => item switch
    {
        LinkEvent { Link: var link } => LinkChoice.IsOwn(link),
        AddressEvent { Address: var address } => Volatile.Read(ref _ownLinks).Contains(address.LinkIndex),
        _ => true,
    };

    private async Task WatchClusterAsync(ChangeQueue queue, CancellationToken cancellationToken)
    {
        while (true)
        {
            await queue.WaitAsync(cancellationToken);
            _wakes.Writer.TryWrite(new Wake(WakeKind.Cluster));
            // A burst of changes is one plan.
            await Task.Delay(TimeSpan.FromMilliseconds(20), _context.Time, cancellationToken);
        }
    }

    private async Task WatchLinksAsync(RouteMonitor monitor, CancellationToken cancellationToken)
    {
        await foreach (var _ in monitor.ReadAllAsync(cancellationToken))
        {
            Volatile.Write(ref _areLinksOld, true);
            _wakes.Writer.TryWrite(new Wake(WakeKind.Links));
        }
    }

    private enum WakeKind
    {
        Nodes,
        Cluster,
        Links,
        Conflict,
    }

    private readonly record struct Wake(WakeKind Kind, IpAddress Address = default, MacAddress Mac = default, string Link = "");
}
