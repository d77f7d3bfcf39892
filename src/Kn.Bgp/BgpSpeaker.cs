using Kn.Bgp.Messages;
using Kn.Bgp.Ribs;
using Kn.Bgp.Speaking;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>Speaks BGP with peers: keeps the sessions, chooses among what they tell, and tells them what it is asked to announce.</summary>
/// <remarks>
/// <para>RFC 4271, and the RFCs in the README. It knows nothing of the kernel's routes: an <see cref="IBgpObserver"/> hears which paths
/// packets shall take.</para>
/// <para>All state belongs to one loop, <see cref="RunAsync"/>; the other methods hand it their wish and wait until it is done, so they may be
/// called from anywhere but the observer; what is called before the loop runs is done when it does.</para>
/// </remarks>
public sealed partial class BgpSpeaker : ISpeaker, IRibObserver, IDisposable
{
    private readonly TimeProvider _time;
    private readonly IBgpObserver _observer;
    private readonly Rib _rib;
    private readonly Dictionary<IpAddress, SpeakerPeer> _peers = [];
    private readonly Dictionary<IpPrefix, LocalRoute> _routes = [];
    private readonly long _start;

    /// <summary>A speaker that does nothing before <see cref="RunAsync"/>.</summary>
    public BgpSpeaker(BgpSpeakerOptions options, IBgpObserver observer, TimeProvider time)
    {
        Options = options;
        _observer = observer;
        _time = time;
        _start = time.GetTimestamp();
        _rib = new Rib(options);
        IsDeferring = options.IsRestarting;
        _deferredUntil = options.IsRestarting ? options.SelectionDeferral : TimeSpan.Zero;
        _alarm = time.CreateTimer(_ => _mailbox.Writer.TryWrite(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What it was made with.</summary>
    public BgpSpeakerOptions Options { get; }

    /// <summary>After a restart: nothing is chosen or told yet (RFC 4724 §4.1).</summary>
    public bool IsDeferring { get; private set; }

    IBgpObserver ISpeaker.Observer => _observer;

    Rib ISpeaker.Rib => _rib;

    TimeSpan ISpeaker.Now => Now;

    Func<double> ISpeaker.Random => Random.Shared.NextDouble;

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Makes these the peers: others end, new ones begin, and those that changed begin anew, unless only policies did.</summary>
    public Task SetPeersAsync(IReadOnlyCollection<BgpPeerOptions> peers, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            SetPeers(peers);
            return true;
        },
        cancellationToken);

    /// <summary>Makes these the prefixes that are announced; what is the same stays untouched.</summary>
    public Task SetRoutesAsync(IReadOnlyCollection<LocalRoute> routes, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            SetRoutes(routes);
            return true;
        },
        cancellationToken);

    /// <summary>Announces some prefixes, or says something else of them, and withdraws others; the rest stays untouched. Costs what changes.</summary>
    public Task ChangeRoutesAsync(IReadOnlyCollection<LocalRoute> announced, IReadOnlyCollection<IpPrefix> withdrawn, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            foreach (var prefix in withdrawn)
            {
                Withdraw(prefix);
            }

            foreach (var route in announced)
            {
                Announce(route);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Ends a peer's session; it comes back by itself. For BFD, that is <see cref="CeaseReason.BfdDown"/>.</summary>
    /// <returns>False when there is no such peer.</returns>
    public Task<bool> ResetAsync(IpAddress peer, CeaseReason reason, CancellationToken cancellationToken) =>
        AskAsync(() => Do(peer, found => found.Reset(BgpError.Cease(reason))), cancellationToken);

    /// <summary>Asks a peer to tell everything again.</summary>
    /// <returns>False when there is no such peer.</returns>
    public Task<bool> RefreshAsync(IpAddress peer, CancellationToken cancellationToken) =>
        AskAsync(() => Do(peer, static found => found.AskAgain()), cancellationToken);

    /// <summary>What <see cref="BgpSpeakerOptions.NextHopCost"/> says has changed: everything is chosen anew.</summary>
    public Task NextHopsChangedAsync(CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            _rib.MarkAllDirty();
            return true;
        },
        cancellationToken);

    /// <summary>Tells all peers that this speaker ends and that they shall not wait for it, and forgets them.</summary>
    public Task ShutDownAsync(string communication, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            foreach (var peer in _peers.Values)
            {
                peer.Remove(BgpError.Cease(CeaseReason.AdministrativeShutdown, communication));
            }

            _peers.Clear();
            return true;
        },
        cancellationToken);

    /// <summary>All peers, by address.</summary>
    public Task<ValueList<PeerStatus>> ReadPeersAsync(CancellationToken cancellationToken) =>
        AskAsync(() => _peers.Values.Select(static peer => peer.Status).OrderBy(static status => status.Options.Address).ToValueList(), cancellationToken);

    /// <summary>All prefixes of a family with all paths, also those that were left out.</summary>
    public Task<ValueList<RibEntry>> ReadRoutesAsync(IpFamily family, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            var entries = new List<RibEntry>();
            _rib.Visit(family, (prefix, route, flags) => entries.Add(new RibEntry(
                prefix, route, (flags & PathFlags.Best) != 0, (flags & PathFlags.InUse) != 0, (flags & PathFlags.Rejected) != 0)));
            return entries.ToValueList();
        },
        cancellationToken);

    /// <summary>What a peer was told; null when there is no such peer.</summary>
    public Task<ValueList<LocalRoute>?> ReadToldAsync(IpAddress peer, IpFamily family, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            var told = new List<LocalRoute>();
            return Do(peer, found => _rib.VisitTold(found.Rib, family, (prefix, attributes) => told.Add(new LocalRoute(prefix, attributes))))
                ? told.ToValueList()
                : (ValueList<LocalRoute>?)null;
        },
        cancellationToken);

    void IRibObserver.Changed(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths) => _observer.RouteChanged(prefix, paths);

    private bool Do(IpAddress address, Action<SpeakerPeer> action)
    {
        if (!_peers.TryGetValue(address, out var peer))
        {
            return false;
        }

        action(peer);
        return true;
    }

    private void SetPeers(IReadOnlyCollection<BgpPeerOptions> wanted)
    {
        var byAddress = new Dictionary<IpAddress, BgpPeerOptions>();
        foreach (var options in wanted)
        {
            byAddress[options.Address] = options;
        }

        foreach (var (address, peer) in new Dictionary<IpAddress, SpeakerPeer>(_peers))
        {
            if (byAddress.TryGetValue(address, out var options) && peer.TryChange(options))
            {
                byAddress.Remove(address);
                continue;
            }

            var isShutdown = options is { IsShutdown: true };
            peer.Remove(isShutdown
                ? BgpError.Cease(CeaseReason.AdministrativeShutdown, options!.ShutdownCommunication)
                : BgpError.Cease(options is null ? CeaseReason.PeerDeconfigured : CeaseReason.OtherConfigurationChange));
            _peers.Remove(address);
            SetKey(peer.Options with { Password = "" }, isNeeded: peer.Options.Password.Length > 0);
        }

        foreach (var options in byAddress.Values)
        {
            SetKey(options, isNeeded: options.Password.Length > 0);
            _peers.Add(options.Address, new SpeakerPeer(this, options));
        }
    }

    private void SetRoutes(IReadOnlyCollection<LocalRoute> wanted)
    {
        var gone = new Dictionary<IpPrefix, LocalRoute>(_routes);
        foreach (var route in wanted)
        {
            gone.Remove(route.Prefix);
            Announce(route);
        }

        foreach (var prefix in gone.Keys)
        {
            Withdraw(prefix);
        }
    }

    private void Announce(LocalRoute route)
    {
        if (!_routes.TryGetValue(route.Prefix, out var present) || present != route)
        {
            _routes[route.Prefix] = route;
            _rib.Announce(route);
        }
    }

    private void Withdraw(IpPrefix prefix)
    {
        if (_routes.Remove(prefix))
        {
            _rib.Withdraw(prefix);
        }
    }
}
