using Kn.Hosting.Modules;
using Kn.Routes.Bgp.Learned;
using Kn.Routes.Bgp.Speaking;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp;

/// <summary>What BGP says in the metrics, <c>kn_routes_bgp_*</c>, and in <c>kn status</c>. Totals alone: a label a peer would be a label a node.</summary>
internal sealed class BgpStatus
{
    /// <summary>How often the speaker is asked for its counts: less than scrapers ask.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly ModuleContext _context;
    private readonly SpeakerHost _host;
    private readonly BgpObserver _observer;
    private readonly LearnedRoutes _learned;
    private readonly ILogger _logger;
    private Counts _counts = new(0, 0, 0, 0, 0, 0);
    private bool _hasToldOfTooMany;

    public BgpStatus(
        ModuleContext context, SpeakerHost host, BgpObserver observer, LearnedRoutes learned, BgpTarget target, LearnedTarget installed, BgpEvents events, ILogger logger)
    {
        (_context, _host, _observer, _learned, _logger) = (context, host, observer, learned, logger);
        var metrics = context.Metrics;
        metrics.GaugeCallback("kn_routes_bgp_peers", "BGP peers that are configured.", () => target.Peers);
        metrics.GaugeCallback("kn_routes_bgp_sessions_established", "BGP sessions that are up.", () => observer.Established);
        metrics.CounterCallback("kn_routes_bgp_sessions_ended_total", "BGP sessions that ended after they had been up.", () => observer.Ended);
        metrics.GaugeCallback("kn_routes_bgp_prefixes_originated", "Prefixes that this node tells peers.", () => target.Advertised);
        metrics.GaugeCallback("kn_routes_bgp_prefixes_received", "Prefixes that peers have told.", () => Now.ReceivedV4, ("family", "ipv4"));
        metrics.GaugeCallback("kn_routes_bgp_prefixes_received", "Prefixes that peers have told.", () => Now.ReceivedV6, ("family", "ipv6"));
        metrics.GaugeCallback("kn_routes_bgp_prefixes_advertised", "Prefixes that peers were told, counted for each peer.", () => Now.ToldV4, ("family", "ipv4"));
        metrics.GaugeCallback("kn_routes_bgp_prefixes_advertised", "Prefixes that peers were told, counted for each peer.", () => Now.ToldV6, ("family", "ipv6"));
        metrics.GaugeCallback("kn_routes_bgp_prefixes_accepted", "Prefixes with a path to others that was chosen.", () => learned.Count);
        metrics.GaugeCallback("kn_routes_bgp_routes_installed", "Learned routes in the kernel.", () => installed.Count);
        metrics.GaugeCallback("kn_routes_bgp_routes_left_out", "Learned prefixes that are left out because there are too many.", () => learned.LeftOut);
        metrics.CounterCallback("kn_routes_bgp_messages_total", "BGP messages.", () => Now.MessagesIn, ("direction", "in"));
        metrics.CounterCallback("kn_routes_bgp_messages_total", "BGP messages.", () => Now.MessagesOut, ("direction", "out"));
        metrics.CounterCallback("kn_routes_bgp_faulty_updates_total", "UPDATEs with an error that did not end the session (RFC 7606).", () => observer.Faulty);
        metrics.GaugeCallback("kn_routes_bgp_invalid_annotations", "Annotations of this Node and of Services that cannot be read.", () => events.Faults);
        metrics.GaugeCallback("kn_routes_bfd_paths", "Paths that BFD watches.", () => host.Paths.Up, ("state", "up"));
        metrics.GaugeCallback("kn_routes_bfd_paths", "Paths that BFD watches.", () => host.Paths.Count - host.Paths.Up, ("state", "down"));
        metrics.CounterCallback("kn_routes_bfd_failures_total", "Paths that BFD found gone.", () => host.Paths.Failures);
        Peers = () => target.Peers;
        Advertised = () => target.Advertised;
    }

    /// <summary>The config's limit.</summary>
    public int MaxRoutes { get; init; }

    private Func<int> Peers { get; }

    private Func<int> Advertised { get; }

    private Counts Now => Volatile.Read(ref _counts);

    /// <summary>Asks the speaker now and then, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, _context.Time);
        do
        {
            await LookAsync(cancellationToken);
            _context.Status.SetFact("bgp", $"{_observer.Established} of {Peers()} sessions up, {Advertised()} prefixes told, {_learned.Count} learned");
            _context.Status.SetFact("bfd", _host.Paths.Count == 0 ? null : $"{_host.Paths.Up} of {_host.Paths.Count} paths up");
            TellOfTooMany();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_host.Speaker is not { } speaker)
        {
            return;
        }

        try
        {
            var peers = await speaker.ReadPeersAsync(cancellationToken);
            Volatile.Write(ref _counts, new Counts(
                peers.Sum(static peer => peer.ReceivedV4),
                peers.Sum(static peer => peer.ReceivedV6),
                peers.Sum(static peer => peer.ToldV4),
                peers.Sum(static peer => peer.ToldV6),
                peers.Sum(static peer => peer.MessagesIn),
                peers.Sum(static peer => peer.MessagesOut)));
        }
        catch (Exception gone) when (gone is OperationCanceledException or System.Threading.Channels.ChannelClosedException or ObjectDisposedException && !cancellationToken.IsCancellationRequested)
        {
            // The speaker was replaced meanwhile.
        }
    }

    private void TellOfTooMany()
    {
        var leftOut = _learned.LeftOut;
        if (leftOut > 0 && !_hasToldOfTooMany)
        {
            BgpLog.TooManyRoutes(_logger, leftOut, MaxRoutes);
        }

        _hasToldOfTooMany = leftOut > 0;
    }

    /// <summary>Totals over all peers.</summary>
    private sealed record Counts(int ReceivedV4, int ReceivedV6, int ToldV4, int ToldV6, long MessagesIn, long MessagesOut);
}
