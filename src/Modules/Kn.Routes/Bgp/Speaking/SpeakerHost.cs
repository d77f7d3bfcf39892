using System.Net.Sockets;
using System.Threading.Channels;
using Kn.Bgp;
using Kn.Bgp.Bfd;
using Kn.Bgp.Messages;
using Kn.Primitives;
using Kn.Routes.Bgp.Learned;
using Kn.Routes.Bgp.Options;
using Kn.Routes.Bgp.Planning;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Keeps the speaker and the watch of paths at work, and begins them anew where they must be other ones.</summary>
internal sealed class SpeakerHost(BgpOptions options, LearnedRoutes learned, BgpObserver observer, SpeakerSurroundings around) : IDisposable
{
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PausePatience = TimeSpan.FromSeconds(1);

    private readonly Channel<Func<BgpSpeaker, CancellationToken, Task>> _orders = Channel.CreateUnbounded<Func<BgpSpeaker, CancellationToken, Task>>();
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private Running<BgpSpeaker>? _speaker;
    private Running<BfdSpeaker>? _bfd;
    private SpeakerPiece? _piece;
    private bool _wasStarted;

    /// <summary>The speaker; null while there is none. Any thread.</summary>
    public BgpSpeaker? Speaker
    {
        get
        {
            lock (_lock)
            {
                return _speaker?.Item;
            }
        }
    }

    /// <summary>The states of watched paths, by neighbour.</summary>
    public BfdStates Paths { get; } = new();

    /// <summary>Whether the agent's end is the node's farewell: peers are told not to wait.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Carries out what is asked for from other threads, until cancelled; then ends the speaker.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var order in _orders.Reader.ReadAllAsync(cancellationToken))
            {
                if (Speaker is { } speaker)
                {
                    await ObeyAsync(order, speaker, cancellationToken);
                }
            }
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>Next hops may be reached otherwise: everything is chosen anew. Any thread.</summary>
    public void NextHopsChanged() => _orders.Writer.TryWrite(static (speaker, cancellation) => speaker.NextHopsChangedAsync(cancellation));

    /// <summary>Makes the speaker this one; sessions begin anew when it is not already.</summary>
    /// <returns>Whether it is a new one, that nobody has told anything yet.</returns>
    /// <exception cref="SocketException">An address to listen on cannot be used.</exception>
    public async Task<bool> BeAsync(SpeakerPiece? piece)
    {
        if (piece == _piece && (piece is null || Speaker is not null))
        {
            return false;
        }

        await StopSpeakerAsync(isFarewell: _piece is not null, "the configuration changed");
        _piece = null;
        if (piece is null)
        {
            return true;
        }

        var isRestarting = !_wasStarted && options.GracefulRestart.Enabled && around.Marker.IsSet;
        learned.Begin();
        var speaker = new BgpSpeaker(OptionsOf(piece, isRestarting), observer, around.Time);
        var running = Running<BgpSpeaker>.Start(speaker, speaker.RunAsync);
        await WhenBegun(running, speaker.SetRoutesAsync([], running.Stop));
        lock (_lock)
        {
            _speaker = running;
        }

        _piece = piece;
        _wasStarted = true;
        around.Marker.Set();
        BgpLog.SpeakerStarted(around.Logger, piece.Asn, piece.RouterId, isRestarting ? "after a restart: peers keep this node's routes meanwhile" : "anew");
        return true;
    }

    /// <summary>Makes these the peers, and the paths that are watched.</summary>
    public async Task SetPeersAsync(IReadOnlyCollection<PeerPiece> peers, CancellationToken cancellationToken)
    {
        if (Speaker is { } speaker)
        {
            await speaker.SetPeersAsync(peers.Select(static peer => peer.Options).ToList(), cancellationToken);
        }

        await WatchAsync(peers.Select(static peer => peer.Bfd).OfType<BfdPeerOptions>().ToList(), cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _changing.Dispose();
        _speaker?.Dispose();
        _bfd?.Dispose();
    }

    /// <summary>A path is gone: its session ends at once. That BFD was switched off at the other end says nothing of the path (RFC 5882 §4.1).</summary>
    private void PathChanged(IpAddress neighbour, BfdState state, BfdDiagnostic diagnostic)
    {
        var before = Paths.Set(neighbour, state);
        BgpLog.PathChanged(around.Logger, neighbour, state, diagnostic);
        if (before == BfdState.Up && state == BfdState.Down)
        {
            Paths.CountFailure();
            _orders.Writer.TryWrite((speaker, cancellation) => speaker.ResetAsync(neighbour, CeaseReason.BfdDown, cancellation));
        }
    }

    private async Task WatchAsync(List<BfdPeerOptions> paths, CancellationToken cancellationToken)
    {
        Paths.Keep(paths.Select(static path => path.Address));
        if (_bfd is null && paths.Count == 0)
        {
            return;
        }

        if (_bfd is null)
        {
            var bfd = new BfdSpeaker(PathChanged, around.Time, family => around.OpenSocket(family, SocketType.Dgram), around.Paused.Take());
            var started = Running<BfdSpeaker>.Start(bfd, bfd.RunAsync);
            try
            {
                await WhenBegun(started, bfd.SetPeersAsync([], started.Stop));
            }
            catch (SocketException fault)
            {
                BgpLog.PathsNotWatched(around.Logger, fault.Message);
                throw;
            }

            _bfd = started;
        }

        await _bfd.Item.SetPeersAsync(paths, cancellationToken);
    }

    /// <summary>For as long as peers keep the routes.</summary>
    private async Task PauseAsync(Running<BfdSpeaker> bfd)
    {
        var patience = options.GracefulRestart.RestartTime;
        if (await Task.WhenAny(bfd.Task, bfd.Item.PauseAsync(patience, PausePatience, bfd.Stop)) is Task<ValueList<PausedPath>> { IsCompletedSuccessfully: true } paused)
        {
            around.Paused.Put(await paused, patience);
        }
    }

    /// <summary>What runs tells by failing that it cannot; what was asked of it would then wait for ever.</summary>
    private static async Task WhenBegun<T>(Running<T> running, Task answer)
        where T : IDisposable
    {
        if (await Task.WhenAny(running.Task, answer) == running.Task || !answer.IsCompletedSuccessfully)
        {
            await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            try
            {
                await running.Task;
            }
            finally
            {
                running.Dispose();
            }

            throw new InvalidOperationException("it ended as it began");
        }
    }

    private static async Task ObeyAsync(Func<BgpSpeaker, CancellationToken, Task> order, BgpSpeaker speaker, CancellationToken cancellationToken)
    {
        try
        {
            await order(speaker, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The speaker has ended meanwhile; its successor begins anew.
        }
        catch (ChannelClosedException)
        {
        }
    }

    private BgpSpeakerOptions OptionsOf(SpeakerPiece piece, bool isRestarting) => new()
    {
        LocalAs = piece.Asn,
        RouterId = piece.RouterId,
        ClusterId = piece.ClusterId,
        ListenAddresses = piece.ListenAddresses,
        ListenPort = options.Port,
        MaxPaths = options.MaxPaths,
        IsRestarting = isRestarting,
        SelectionDeferral = options.GracefulRestart.SelectionDeferral,
        NextHopCost = around.NextHopCost,
        OpenSocket = family => around.OpenSocket(family, SocketType.Stream),
    };

    private async Task StopSpeakerAsync(bool isFarewell, string communication)
    {
        Running<BgpSpeaker>? running;
        lock (_lock)
        {
            (running, _speaker) = (_speaker, null);
        }

        if (running is null)
        {
            return;
        }

        if (isFarewell)
        {
            using var patience = new CancellationTokenSource(FarewellPatience, around.Time);
            await running.Item.ShutDownAsync(communication, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await running.EndAsync();
    }

    /// <summary>BFD goes first: a path that seems gone would end what peers keep (RFC 5882 §4.3).</summary>
    private async Task EndAsync()
    {
        var isFarewell = IsLeaving || !options.GracefulRestart.Enabled || File.Exists(around.ShutdownFile);
        if (_bfd is { } bfd)
        {
            _bfd = null;
            await (isFarewell ? Task.CompletedTask : PauseAsync(bfd));
            await bfd.EndAsync();
        }

        await StopSpeakerAsync(isFarewell, "the node leaves");
        if (isFarewell)
        {
            around.Marker.Clear();
        }
    }
}
