using System.Collections.Concurrent;
using System.Threading.Channels;
using Kn.Hosting;
using Kn.Hosting.Modules;
using Kn.Hosting.Pods;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.FastPath;

/// <summary>Has the fast path's programs at every link that packets of pods come and go by: pods' veths or their bridge, tunnels, and the links to other
/// nodes. They stay when the process ends; the next one puts its own in their place.</summary>
internal sealed class FastPathLinks : IDisposable
{
    /// <summary>Links are looked at this often while they change; a new one must have been there the time before. A pod's connections need no fast path in
    /// their first moments, and pods that come by the dozen must not wait for this.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    /// <summary>Between two links at which others had to wait for us.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>How often somebody else's hand on connection tracking is looked for.</summary>
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(10);

    private readonly NetworkNamespace _home = NetworkNamespace.OpenCurrent();
    private readonly FlowCache _cache;
    private readonly RouteSocket _socket;
    private readonly RouteMonitor _monitor;
    private readonly ForwardingMemory _memory;
    private readonly ModuleStatus _status;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<int, bool> _detached = [];
    private volatile HashSet<int> _attached = [];
    private readonly HashSet<int> _withoutQueue = [];
    private readonly FlowHooks _hooks;
    private HashSet<int>? _seen;

    private FastPathLinks(FlowCache cache, ModuleContext context, ILogger logger)
    {
        _logger = logger;
        _status = context.Status;
        _time = context.Time;
        _cache = cache;
        _socket = RouteSocket.Open();
        _monitor = RouteMonitor.Open(RouteMonitorGroups.Links | RouteMonitorGroups.Addresses | RouteMonitorGroups.Qdiscs, concerns: Concerns);
        _hooks = new FlowHooks(cache, _socket, _home);
        _memory = context.Forwarding;
        _memory.Forgotten += _cache.Forget;
        context.Metrics.GaugeCallback("kn_routes_fast_path_links", "Links with the fast path.", () => _attached.Count);
        context.Metrics.CounterCallback(
            "kn_routes_fast_path_learned_total", "How often the fast path learned a flow, or had it confirmed: for each flow at most once in 50 ms and link.", () => _cache.Taken);
    }

    /// <summary>Loads the programs.</summary>
    /// <exception cref="Kn.Linux.LinuxException">This kernel cannot.</exception>
    public static FastPathLinks Start(ModuleContext context, ILogger logger)
    {
        // First of all: on a kernel that refuses them, nothing else is touched.
        var cache = new FlowCache();
        try
        {
            TrackingSettings.Ensure();
            return new FastPathLinks(cache, context, logger);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Attaches, and follows links as they come and go, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks = [ListenAsync(stop.Token), FollowLinksAsync(stop.Token), WatchTrackingAsync(stop.Token)];
        var first = await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Forgotten -= _cache.Forget;
        _monitor.Dispose();
        _socket.Dispose();
        _cache.Dispose();
        _home.Dispose();
    }

    /// <summary>The links that packets of pods come and go by. A port of the pods' bridge is none: the bridge is.</summary>
    internal static IEnumerable<int> Wanted(IReadOnlyList<Link> links, IReadOnlyList<LinkAddress> addresses)
    {
        var own = links.Where(static link => IsPods(link) || IsTunnel(link)).Select(static link => link.Index);
        return own.Concat(Underlay.Of(links, addresses).Links.Select(static link => link.Index)).Distinct();
    }

    private static bool IsPods(Link link) => link.Group == NodeResources.PodBridgeGroup || (link.Group == NodeResources.PodLinkGroup && link.Master == 0);

    private static bool IsTunnel(Link link) => link.Name is NodeResources.VxlanLink or NodeResources.VxlanLinkV6;

    private static bool IsCandidate(Link link) => IsPods(link) || IsTunnel(link) || (Underlay.IsUsable(link) && (link.Flags & LinkFlags.Loopback) == 0);

    /// <summary>Links that may be new to us, and those of ours, or soon to be, that went or lost what we hung on.</summary>
    private bool Concerns(RouteEvent change) => change switch
    {
        EventsLost => true,
        _ when change.CausedBy == _socket.PortId => false,
        LinkEvent { Link: var link } => _attached.Contains(link.Index) ? change.IsRemoved : IsCandidate(link),
        AddressEvent { Address: var address } => !_attached.Contains(address.LinkIndex) && !change.IsRemoved,
        QdiscEvent { Qdisc: var qdisc } when _attached.Contains(qdisc.LinkIndex) => qdisc.IsRoot || (change.IsRemoved && Detached(qdisc.LinkIndex)),
        _ => false,
    };

    private bool Detached(int link) => _detached.TryAdd(link, true);

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _monitor.ReadAllAsync(cancellationToken))
        {
            _signal.Writer.TryWrite(true);
        }
    }

    private async Task FollowLinksAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var isDone = false;
            try
            {
                isDone = await AttachAsync(cancellationToken);
            }
            catch (LinuxException e)
            {
                RoutesLog.FastPathRefused(_logger, e.Message);
                await Task.Delay(Watch, _time, cancellationToken);
            }

            if (isDone)
            {
                await _signal.Reader.ReadAsync(cancellationToken);
            }

            await Task.Delay(Settle, _time, cancellationToken);
        }
    }

    /// <returns>False when links were left out that are too young.</returns>
    private async Task<bool> AttachAsync(CancellationToken cancellationToken)
    {
        var detached = _detached.Keys.ToHashSet();
        foreach (var link in detached)
        {
            _detached.TryRemove(link, out _);
        }

        var links = _socket.ReadLinks();
        var wanted = Wanted(links, _socket.ReadAddresses()).ToHashSet();

        // What is there when this process comes is as old as can be.
        var seen = _seen ?? wanted;
        _seen = wanted;
        var attached = _attached;
        var rightful = wanted.Where(index => attached.Contains(index) || seen.Contains(index)).ToHashSet();
        var ofPods = links.Where(IsPods).Select(static link => link.Index).ToHashSet();
        foreach (var link in rightful.Where(index => !attached.Contains(index) || detached.Contains(index)))
        {
            if (TryAttach(link, stays: !ofPods.Contains(link)))
            {
                await Task.Delay(Pause, _time, cancellationToken);
            }
        }

        _attached = rightful;
        FollowQueues(links);
        _status.SetFact("fastPath", $"{rightful.Count} links");
        return rightful.Count == wanted.Count;
    }

    private bool TryAttach(int link, bool stays)
    {
        try
        {
            return _hooks.Attach(link, stays);
        }
        catch (LinuxException e)
        {
            RoutesLog.FastPathRefused(_logger, e.Message);
            return false;
        }
    }

    /// <summary>Pods' links without a queue of their own: not the ones with a limit, nor the bridge.</summary>
    private void FollowQueues(IReadOnlyList<Link> links)
    {
        var queues = _socket.ReadQdiscs().Where(static qdisc => qdisc is { IsRoot: true, Kind: not "noqueue" }).Select(static qdisc => qdisc.LinkIndex).ToHashSet();
        var now = links.Where(link => link.Group == NodeResources.PodLinkGroup && link.Master == 0 && !queues.Contains(link.Index)).Select(static link => link.Index).ToHashSet();
        foreach (var gone in _withoutQueue.Except(now))
        {
            _cache.SetWithoutQueue(gone, false);
        }

        _withoutQueue.IntersectWith(now);
        foreach (var come in now.Except(_withoutQueue).Take(FlowLayout.PodLinks - _withoutQueue.Count))
        {
            _cache.SetWithoutQueue(come, true);
            _withoutQueue.Add(come);
        }
    }

    private async Task WatchTrackingAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Watch, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                _home.Run(TrackingSettings.Ensure);
            }
            catch (LinuxException e)
            {
                RoutesLog.FastPathRefused(_logger, e.Message);
            }
        }
    }
}
