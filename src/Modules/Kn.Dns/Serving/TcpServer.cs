using System.Net;
using System.Net.Sockets;
using Kn.Linux;
using Kn.Linux.Descriptors;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Dns.Serving;

/// <summary>Answers DNS by TCP on one address.</summary>
/// <remarks>RFC 7766: queries are pipelined, answers come as they are ready. Ordinary asynchronous sockets: what comes by TCP is little.</remarks>
internal sealed class TcpServer(Socket listener, TcpContext context) : IAsyncDisposable
{
    /// <summary>How long, at a stop, a connection is heard that has not asked yet, and answers are waited for.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>Connections that wait to be accepted, also while no agent runs.</summary>
    private const int Backlog = 512;

    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;

    /// <summary>Goes on with a listening socket of another process, with the connections that wait in it.</summary>
    /// <param name="handle">The socket's from now on; closed when this throws, but for what is something else, which stays the caller's.</param>
    /// <param name="address">What it is bound to.</param>
    /// <param name="port">The port.</param>
    /// <exception cref="LinuxException">EINVAL: it is something else.</exception>
    public static Socket Adopt(SafeFileHandle handle, IpAddress address, ushort port)
    {
        var wanted = SocketIdentity.TcpListener(address, port);
        if (SocketIdentity.Read(handle) is not { } identity || identity != wanted)
        {
            throw new LinuxException($"take over a socket as {wanted}", Errno.EINVAL);
        }

        var owned = new SafeSocketHandle(handle.DangerousGetHandle(), ownsHandle: true);
        handle.SetHandleAsInvalid();
        try
        {
            var socket = new Socket(owned);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    /// <summary>Opens the listening socket.</summary>
    /// <exception cref="SocketException">Another program has the port.</exception>
    public static Socket Listen(IpAddress address, ushort port)
    {
        const int IPPROTO_IP = 0;
        const int IP_FREEBIND = 15;
        const int IPPROTO_IPV6 = 41;
        const int IPV6_FREEBIND = 78;
        const int SO_REUSEPORT = 15;
        const int SOL_SOCKET = 1;
        var socket = new Socket(address.Family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Span<byte> one = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(one, 1);
            var (level, option) = address.Family == IpFamily.V4 ? (IPPROTO_IP, IP_FREEBIND) : (IPPROTO_IPV6, IPV6_FREEBIND);
            socket.SetRawSocketOption(level, option, one);
            socket.SetRawSocketOption(SOL_SOCKET, SO_REUSEPORT, one);
            socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Begins to answer; who has connected since the socket listens is answered first.</summary>
    public void Start() => _accepting = AcceptAsync();

    /// <summary>Accepts no more; connections that there are get what they have asked for, within a second. Who connects now waits for whoever
    /// has the listening socket next.</summary>
    public async Task QuietAsync()
    {
        await _closing.CancelAsync();
        await _accepting.WaitAsync(Grace, context.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _stop.CancelAsync();

        // The listener last: to close a socket that is in use the framework shuts it down, for all processes that have it.
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        listener.Dispose();
        _stop.Dispose();
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(_closing.Token);
                connections.RemoveAll(static connection => connection.IsCompleted);
                connections.Add(ServeAsync(socket, _stop.Token));
            }
            catch (SocketException exception)
            {
                // Too many open files, or a client that went before it was accepted.
                DnsLog.AcceptFailed(context.Logger, exception.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), context.Time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                break;
            }
        }

        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            var client = socket.RemoteEndPoint is IPEndPoint peer ? IpAddress.FromIPAddress(peer.Address) : default;
            if (!context.Limits.TryEnter(client))
            {
                return;
            }

            try
            {
                socket.NoDelay = true;
                using var connection = new TcpConnection(socket, client, context) { Closing = _closing.Token };
                await connection.RunAsync(cancellationToken);
            }
#pragma warning disable CA1031 // The supervisor boundary of one connection.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (exception is not (OperationCanceledException or SocketException or ObjectDisposedException))
                {
                    DnsLog.Fault(context.Logger, exception, client);
                }
            }
            finally
            {
                context.Limits.Leave(client);
            }
        }
    }
}
