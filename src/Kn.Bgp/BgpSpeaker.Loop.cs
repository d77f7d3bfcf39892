using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Kn.Bgp.Speaking;
using Kn.Bgp.Transport;
using Kn.Primitives;

namespace Kn.Bgp;

/// <content>The loop, and what feeds it.</content>
public sealed partial class BgpSpeaker
{
    /// <summary>Senders wait when the loop is so far behind.</summary>
    private const int MailboxLength = 4096;

    /// <summary>What is taken in before it is decided and told: a burst is decided together, and nobody waits for long.</summary>
    private const int BatchLength = 64;

    private readonly Channel<Action> _mailbox = Channel.CreateBounded<Action>(new BoundedChannelOptions(MailboxLength) { SingleReader = true });
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _tasks = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _alarm;
    private readonly TimeSpan _deferredUntil;
    private bool _isConverged;

    /// <summary>Works until it is cancelled. Connections are closed then without a word, so that peers that were promised a restart keep the
    /// routes (RFC 4724 §4.1); <see cref="ShutDownAsync"/> before it says farewell.</summary>
    /// <exception cref="SocketException">An address to listen on cannot be used.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            Listen();
            while (await _mailbox.Reader.WaitToReadAsync(cancellationToken))
            {
                RunBatch();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            await StopAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _alarm.Dispose();
        _stopping.Dispose();
        foreach (var listener in _listeners)
        {
            listener.Dispose();
        }
    }

    void ISpeaker.Connect(SpeakerPeer peer, int number, CancellationToken cancellationToken) => Track(ConnectAsync(peer, number, cancellationToken));

    BgpConnection ISpeaker.Open(SpeakerPeer peer, int number, Socket socket)
    {
        var connection = new BgpConnection(socket, _time);
        Track(ServeAsync(peer, number, connection));
        return connection;
    }

    private void RunBatch()
    {
        for (var i = 0; i < BatchLength && _mailbox.Reader.TryRead(out var work); i++)
        {
            work();
        }

        var next = TimeSpan.MaxValue;
        foreach (var peer in _peers.Values)
        {
            peer.Tick();
        }

        EndDeferral();
        if (!IsDeferring)
        {
            _rib.Decide(this);
            Converge();
        }

        foreach (var peer in _peers.Values)
        {
            peer.Tell();
            next = peer.NextDeadline is { } due && due < next ? due : next;
        }

        next = !_isConverged && _deferredUntil < next ? _deferredUntil : next;
        var wait = next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Clamp((next - Now).TotalMilliseconds + 1, 1, int.MaxValue));
        _alarm.Change(wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>RFC 4724 §4.1: chooses when every peer has told all it has, or the time is over.</summary>
    private void EndDeferral()
    {
        if (!IsDeferring || IsEarly(static peer => peer.IsAwaited))
        {
            return;
        }

        IsDeferring = false;
        foreach (var peer in _peers.Values)
        {
            peer.Fsm.IsRestarting = false;
        }
    }

    /// <summary>Whether somebody is missing whom there still is time to wait for.</summary>
    private bool IsEarly(Func<SpeakerPeer, bool> isMissing) => Now < _deferredUntil && (_peers.Count == 0 || _peers.Values.Any(isMissing));

    /// <summary>Later than the choice where peers have restarted, too: those are not waited for with choosing (each would wait for the other, RFC 4724 §4.1),
    /// but what the kernel has of them is needed until they have told it again.</summary>
    private void Converge()
    {
        if (!_isConverged && !IsEarly(static peer => peer.IsUnheard))
        {
            _isConverged = true;
            _observer.Converged();
        }
    }

    private async Task StopAsync()
    {
        _alarm.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var peer in _peers.Values)
        {
            peer.Abandon();
        }

        foreach (var listener in _listeners)
        {
            listener.Dispose();
        }

        await _stopping.CancelAsync();
        _mailbox.Writer.TryComplete();
        while (_mailbox.Reader.TryRead(out _))
        {
        }

        await Task.WhenAll(_tasks);
    }

    private void Listen()
    {
        foreach (var address in Options.ListenAddresses)
        {
            var listener = Options.OpenSocket(address.Family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6);
            _listeners.Add(listener);
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            if (address.Family == IpFamily.V6)
            {
                listener.DualMode = false;
            }

            TcpOptions.SetListenerTtl(listener);
            TcpOptions.Prepare(listener);
            listener.Bind(TcpOptions.EndPoint(address, Options.ListenPort));
            listener.Listen();
            Track(AcceptAsync(listener));
        }

        foreach (var peer in _peers.Values)
        {
            SetKey(peer.Options, isNeeded: peer.Options.Password.Length > 0);
        }

        _mailbox.Writer.TryWrite(static () => { });
    }

    /// <summary>The listeners must know the key before the peer's first segment is there.</summary>
    private void SetKey(BgpPeerOptions peer, bool isNeeded)
    {
        foreach (var listener in _listeners)
        {
            if (isNeeded && listener.AddressFamily == (peer.Address.Family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6))
            {
                TcpOptions.SetMd5(listener, peer.Address, peer.Password);
            }
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(_stopping.Token);
                await PostAsync(() => Accept(socket));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The connection was reset before it was taken, or there are no descriptors left for a moment.
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None);
            }
        }
    }

    private void Accept(Socket socket)
    {
        if (socket.RemoteEndPoint is not IPEndPoint end || !_peers.TryGetValue(IpAddress.FromIPAddress(end.Address), out var peer)
            || (peer.Options.Scope != 0 && end.Address.IsIPv6LinkLocal && end.Address.ScopeId != peer.Options.Scope))
        {
            socket.Dispose();
            return;
        }

        try
        {
            TcpOptions.Prepare(socket);
            TcpOptions.SetTtl(socket, peer.Options, peer.IsExternal);
            peer.Accepted(socket);
        }
        catch (SocketException)
        {
            // Gone already.
            socket.Dispose();
        }
    }

    private async Task ConnectAsync(SpeakerPeer peer, int number, CancellationToken cancellationToken)
    {
        // The caller has not noted the attempt yet.
        await Task.Yield();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        Socket? socket = null;
        try
        {
            var options = peer.Options;
            socket = Options.OpenSocket(options.Address.Family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6);
            TcpOptions.Prepare(socket);
            TcpOptions.SetTtl(socket, options, peer.IsExternal);
            if (options.Password.Length > 0)
            {
                TcpOptions.SetMd5(socket, options.Address, options.Password);
            }

            if (options.LocalAddress is { } local && local.Family == options.Address.Family)
            {
                socket.Bind(TcpOptions.EndPoint(local, 0, options.Scope));
            }

            await socket.ConnectAsync(TcpOptions.EndPoint(options.Address, options.Port, options.Scope), cancellation.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            socket?.Dispose();
            socket = null;
        }

        await PostAsync(() => peer.Connected(number, socket));
    }

    private async Task ServeAsync(SpeakerPeer peer, int number, BgpConnection connection)
    {
        await Task.Yield();
        await connection.RunAsync(
            buffer => ConsumeAsync(peer, number, buffer),
            () => PostAsync(static () => { }));
        await PostAsync(() => peer.Closed(number));
    }

    private async ValueTask<int> ConsumeAsync(SpeakerPeer peer, int number, ReadOnlyMemory<byte> buffer)
    {
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await PostAsync(() => done.SetResult(peer.Consume(number, buffer.Span)));
        return await done.Task.WaitAsync(_stopping.Token);
    }

    /// <summary>Hands work to the loop; when it has stopped, nobody wants it any more.</summary>
    private async ValueTask PostAsync(Action work)
    {
        try
        {
            await _mailbox.Writer.WriteAsync(work, _stopping.Token);
        }
        catch (ChannelClosedException)
        {
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<T> AskAsync<T>(Func<T> question, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _mailbox.Writer.WriteAsync(() => Answer(question, answer), end.Token);
        return await answer.Task.WaitAsync(end.Token);
    }

    /// <summary>What the asker asked wrongly is thrown to the asker.</summary>
    private static void Answer<T>(Func<T> question, TaskCompletionSource<T> answer)
    {
        try
        {
            answer.SetResult(question());
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            answer.SetException(failure);
        }
    }

    private void Track(Task task)
    {
        _tasks.RemoveAll(static done => done.IsCompletedSuccessfully);
        _tasks.Add(task);
    }
}
