using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Kn.ServiceProxy.Health;

/// <summary>Listening sockets that come and go while one Kestrel serves all of them: Kestrel itself knows its addresses at its start
/// only. Not thread-safe but for accepting.</summary>
internal sealed class HealthSockets : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    // Connections that nobody has taken yet; who finds no room waits in the socket's own queue.
    private const int Accepted = 16;
    private const int Backlog = 64;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<IPEndPoint, (Socket Socket, Task Accepting)> _open = [];
    private readonly Channel<Socket> _accepted = Channel.CreateBounded<Socket>(Accepted);
    private readonly SocketConnectionContextFactory _connections;
    private readonly Func<IPEndPoint, Socket> _listen;

    /// <summary>No socket yet.</summary>
    /// <param name="connections">Makes connections of accepted sockets.</param>
    /// <param name="listen">Opens a listening socket; null for one in this thread's network namespace.</param>
    public HealthSockets(SocketConnectionContextFactory connections, Func<IPEndPoint, Socket>? listen)
    {
        _connections = connections;
        _listen = listen ?? Listen;
    }

    /// <summary>What Kestrel believes to listen on.</summary>
    public EndPoint EndPoint { get; } = new HealthEndPoint();

    /// <summary>Where sockets are open.</summary>
    public IReadOnlyCollection<IPEndPoint> Open => _open.Keys;

    /// <summary>Opens a socket.</summary>
    /// <exception cref="SocketException">The address is taken, or not of this host.</exception>
    public void Add(IPEndPoint address)
    {
        var socket = _listen(address);
        _open.Add(address, (socket, AcceptAsync(socket)));
    }

    /// <summary>Closes a socket; connections that it had accepted go on.</summary>
    public async Task RemoveAsync(IPEndPoint address)
    {
        if (_open.Remove(address, out var open))
        {
            open.Socket.Dispose();
            await open.Accepting;
        }
    }

    /// <summary>A listening socket. The wildcard address of IPv6 takes IPv4, too.</summary>
    public static Socket Listen(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = address.Address.Equals(IPAddress.IPv6Any);
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    bool IConnectionListenerFactorySelector.CanBind(EndPoint endpoint) => endpoint is HealthEndPoint;

    ValueTask<IConnectionListener> IConnectionListenerFactory.BindAsync(EndPoint endpoint, CancellationToken cancellationToken) => new(this);

    async ValueTask<ConnectionContext?> IConnectionListener.AcceptAsync(CancellationToken cancellationToken)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_accepted.Reader.TryRead(out var socket))
            {
                return _connections.Create(socket);
            }
        }

        return null;
    }

    async ValueTask IConnectionListener.UnbindAsync(CancellationToken cancellationToken)
    {
        foreach (var address in _open.Keys.ToArray())
        {
            await RemoveAsync(address);
        }

        _accepted.Writer.TryComplete();
    }

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Until the socket is closed. A client that gave up before it was accepted, or a process without free descriptors, is no reason
    /// to stop.</summary>
    private async Task AcceptAsync(Socket listening)
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await listening.AcceptAsync();
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(AfterFailure);
                continue;
            }

            await HandOverAsync(accepted);
        }
    }

    private async Task HandOverAsync(Socket accepted)
    {
        try
        {
            await _accepted.Writer.WriteAsync(accepted);
        }
        catch (ChannelClosedException)
        {
            accepted.Dispose();
        }
    }

    private sealed class HealthEndPoint : EndPoint
    {
        public override string ToString() => "health";
    }
}
