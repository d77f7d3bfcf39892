using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Kn.Bgp.Transport;
using Kn.Primitives;

namespace Kn.Bgp.Bfd;

/// <summary>Watches the paths to neighbours on the same link, and tells within a second when one is gone.</summary>
/// <remarks>RFC 5880 in asynchronous mode, RFC 5881: UDP port 3784, TTL 255 both ways, without echo and authentication. One loop owns all state.</remarks>
public sealed class BfdSpeaker : IDisposable
{
    private const int Port = 3784;
    private const int FirstSourcePort = 49_152;
    private const int ReceiveBytes = 128;
    private const short MaxTtl = 255;

    private readonly Func<AddressFamily, Socket> _openSocket;
    private readonly Action<IpAddress, BfdState, BfdDiagnostic> _changed;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Channel<Action> _mailbox = Channel.CreateBounded<Action>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Dictionary<IpAddress, Watched> _sessions = [];
    private readonly Dictionary<IpAddress, PausedPath> _paused = [];
    private readonly ITimer _alarm;
    private uint _lastDiscriminator;
    private TaskCompletionSource<ValueList<PausedPath>>? _pausing;
    private TimeSpan _pausingUntil;

    /// <summary>A speaker that does nothing before <see cref="RunAsync"/>.</summary>
    /// <param name="changed">Told of each change of a neighbour's state, on the loop. A neighbour whose operator switched BFD off is told as
    /// <see cref="BfdState.AdminDown"/>, which says nothing of the path (RFC 5882 §4.1).</param>
    /// <param name="time">The clock.</param>
    /// <param name="openSocket">Opens UDP sockets; null for the thread's network namespace.</param>
    /// <param name="paused">Paths that an earlier process paused: the first neighbours that are set go on with them.</param>
    public BfdSpeaker(
        Action<IpAddress, BfdState, BfdDiagnostic> changed, TimeProvider time, Func<AddressFamily, Socket>? openSocket = null, IReadOnlyCollection<PausedPath>? paused = null)
    {
        foreach (var path in paused ?? [])
        {
            _paused[path.Address] = path;
            _lastDiscriminator = Math.Max(_lastDiscriminator, path.Mine);
        }

        _changed = changed;
        _time = time;
        _openSocket = openSocket ?? (static family => new Socket(family, SocketType.Dgram, ProtocolType.Udp));
        _start = time.GetTimestamp();
        _alarm = time.CreateTimer(_ => _mailbox.Writer.TryWrite(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Watches these neighbours, and no others; done when the loop runs.</summary>
    public async Task SetPeersAsync(IReadOnlyCollection<BfdPeerOptions> peers, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _mailbox.Writer.WriteAsync(
            () =>
            {
                try
                {
                    SetPeers(peers);
                    done.SetResult();
                }
                catch (SocketException failure)
                {
                    done.SetException(failure);
                }
            },
            cancellationToken);
        await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Before a restart: asks the neighbours of all paths that are up not to miss us for so long. Nothing else keeps every neighbour from ending
    /// what graceful restart keeps: BIRD and FRR take silence and the word that BFD is switched off alike for a failure.</summary>
    /// <param name="patience">How long.</param>
    /// <param name="limit">How long to wait for their answers.</param>
    /// <param name="cancellationToken">Cancelled when the wait is over.</param>
    /// <returns>The paths whose neighbour agreed.</returns>
    public async Task<ValueList<PausedPath>> PauseAsync(TimeSpan patience, TimeSpan limit, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<ValueList<PausedPath>>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _mailbox.Writer.WriteAsync(
            () =>
            {
                foreach (var watched in _sessions.Values)
                {
                    watched.Session.Pause(patience, Now);
                }

                _pausing = done;
                _pausingUntil = Now + limit;
            },
            cancellationToken);
        return await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Works until it is cancelled. Neighbours that did not agree to a pause are told then that it is switched off, which says nothing of the path
    /// (RFC 5882 §4.1).</summary>
    /// <exception cref="SocketException">The port is another program's.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var v4 = Listen(AddressFamily.InterNetwork);
        using var v6 = Listen(AddressFamily.InterNetworkV6);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = Task.WhenAll(ReceiveAsync(v4, stop.Token), ReceiveAsync(v6, stop.Token));
        try
        {
            while (await _mailbox.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_mailbox.Reader.TryRead(out var work))
                {
                    work();
                }

                Tick();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            foreach (var watched in _sessions.Values.Where(static watched => !watched.Session.IsPaused))
            {
                Send(watched, watched.Session.Leave());
            }

            await stop.CancelAsync();
            await receiving;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _alarm.Dispose();
        foreach (var session in _sessions.Values)
        {
            session.Socket.Dispose();
        }

        _sessions.Clear();
    }

    private void SetPeers(IReadOnlyCollection<BfdPeerOptions> peers)
    {
        var wanted = new Dictionary<IpAddress, BfdPeerOptions>();
        foreach (var peer in peers)
        {
            wanted[peer.Address] = peer;
        }

        foreach (var (address, session) in new Dictionary<IpAddress, Watched>(_sessions))
        {
            if (!wanted.Remove(address, out var options) || options != session.Options)
            {
                Send(session, session.Session.Leave());
                session.Socket.Dispose();
                _sessions.Remove(address);
                if (options is not null)
                {
                    wanted.Add(address, options);
                }
            }
        }

        foreach (var options in wanted.Values)
        {
            var session = _paused.TryGetValue(options.Address, out var paused) && paused.LocalAddress == options.LocalAddress
                ? new BfdSession(options, paused, Random.Shared.NextDouble, Now)
                : new BfdSession(options, ++_lastDiscriminator, Random.Shared.NextDouble, Now);
            _sessions.Add(options.Address, new Watched(options, session, OpenSender(options)));
        }

        if (peers.Count > 0)
        {
            _paused.Clear();
        }
    }

    private void Tick()
    {
        var next = TimeSpan.MaxValue;
        foreach (var watched in _sessions.Values)
        {
            if (watched.Session.Tick(Now) is { } packet)
            {
                Send(watched, packet);
            }

            Tell(watched);
            next = watched.Session.NextDeadline < next ? watched.Session.NextDeadline : next;
        }

        if (_pausing is { } pausing)
        {
            EndPausing(pausing);
            next = _pausingUntil < next ? _pausingUntil : next;
        }

        _alarm.Change(
            next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(1, (next - Now).TotalMilliseconds)),
            Timeout.InfiniteTimeSpan);
    }

    private void EndPausing(TaskCompletionSource<ValueList<PausedPath>> pausing)
    {
        if (Now >= _pausingUntil || !_sessions.Values.Any(static watched => watched.Session.IsPausing))
        {
            _pausing = null;
            pausing.SetResult(_sessions.Values.Where(static watched => watched.Session.IsPaused).Select(static watched => watched.Session.ToPaused()).ToValueList());
        }
    }

    private void Receive(IpAddress from, BfdPacket packet)
    {
        if (_sessions.TryGetValue(from, out var watched))
        {
            if (watched.Session.Receive(packet, Now) is { } answer)
            {
                Send(watched, answer);
            }

            Tell(watched);
        }
    }

    private void Tell(Watched watched)
    {
        if (!watched.Session.IsConfirmed)
        {
            return;
        }

        var state = watched.Session is { State: BfdState.Down, IsRemoteAdminDown: true } ? BfdState.AdminDown : watched.Session.State;
        if (state != watched.Told)
        {
            watched.Told = state;
            _changed(watched.Options.Address, state, watched.Session.Diagnostic);
        }
    }

    private static void Send(Watched watched, BfdPacket packet)
    {
        Span<byte> bytes = stackalloc byte[BfdPacket.Size];
        packet.Write(bytes);
        try
        {
            watched.Socket.SendTo(bytes, SocketFlags.None, TcpOptions.EndPoint(watched.Options.Address, Port, watched.Options.Scope));
        }
        catch (SocketException)
        {
            // No route or no link: the neighbour will miss the packet, which is what this is for.
        }
    }

    private Socket Listen(AddressFamily family)
    {
        var socket = _openSocket(family);
        try
        {
            if (family == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            TtlFilter.Attach(socket);
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, Port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>RFC 5881 §4: a source port of the upper range that stays the session's.</summary>
    private Socket OpenSender(BfdPeerOptions options)
    {
        var family = options.Address.Family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        for (var port = FirstSourcePort; ; port++)
        {
            var socket = _openSocket(family);
            try
            {
                socket.Ttl = MaxTtl;
                TcpOptions.PrepareTrafficClass(socket);
                socket.Bind(TcpOptions.EndPoint(options.LocalAddress, (ushort)port, options.Scope));
                return socket;
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                if (failure.SocketErrorCode != SocketError.AddressAlreadyInUse || port == ushort.MaxValue)
                {
                    throw;
                }
            }
        }
    }

    private async Task ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBytes];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, cancellationToken);
                if (BfdPacket.TryRead(buffer.AsSpan(0, received.ReceivedBytes), out var packet))
                {
                    var from = IpAddress.FromIPAddress(((IPEndPoint)received.RemoteEndPoint).Address);
                    await _mailbox.Writer.WriteAsync(() => Receive(from, packet), cancellationToken);
                }
            }
            catch (SocketException)
            {
                // An ICMP error of a neighbour that does not listen.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private sealed class Watched(BfdPeerOptions options, BfdSession session, Socket socket)
    {
        internal BfdPeerOptions Options { get; } = options;

        internal BfdSession Session { get; } = session;

        internal Socket Socket { get; } = socket;

        internal BfdState Told { get; set; } = BfdState.Down;
    }
}
