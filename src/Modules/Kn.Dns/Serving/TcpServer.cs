using System.Net;
using System.Net.Sockets;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Answers DNS by TCP on one address.</summary>
/// <remarks>RFC 7766: queries are pipelined, answers come as they are ready. Ordinary asynchronous sockets: what comes by TCP is little.</remarks>
internal sealed class TcpServer(Socket listener, TcpContext context) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;

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
        const int Backlog = 512;
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
    public void Start() => _accepting = AcceptAsync(_stop.Token);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(CancellationToken cancellationToken)
    {
        var connections = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(cancellationToken);
                connections.RemoveAll(static connection => connection.IsCompleted);
                connections.Add(ServeAsync(socket, cancellationToken));
            }
            catch (SocketException exception)
            {
                // Too many open files, or a client that went before it was accepted.
                DnsLog.AcceptFailed(context.Logger, exception.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), context.Time, cancellationToken);
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
                using var connection = new TcpConnection(socket, client, context);
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
