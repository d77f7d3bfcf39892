using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;

namespace Kn.Lab.Underlay;

/// <summary>Lets nodes reach an API server that is not on the underlay: bytes that come in there go on from the host's own network.</summary>
/// <remarks>A socket belongs to the namespace that it was opened in: the listener is the underlay's, the outgoing ones are ours.
/// Stopping it is what a node sees when the API server is away: connections end, new ones are refused.</remarks>
internal sealed class ApiForwarder(NetworkNamespace underlay, IPEndPoint listenAt, string targetHost, int targetPort) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Task, bool> _relays = new();
    private CancellationTokenSource? _stop;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Whether connections are taken.</summary>
    public bool IsRunning => _stop is not null;

    /// <summary>Starts listening; no effect when it does.</summary>
    public void Start()
    {
        if (_stop is not null)
        {
            return;
        }

        var listener = underlay.Run(() =>
        {
            var socket = new Socket(listenAt.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(listenAt);
            socket.Listen(512);
            return socket;
        });
        _stop = new CancellationTokenSource();
        _accepting = AcceptAsync(listener, _stop.Token);
    }

    /// <summary>Ends every connection and stops listening.</summary>
    public async Task StopAsync()
    {
        if (_stop is not { } stop)
        {
            return;
        }

        _stop = null;
        await stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_relays.Keys);
        stop.Dispose();
    }

    /// <summary>Stops.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task AcceptAsync(Socket listener, CancellationToken stop)
    {
        using (listener)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var client = await listener.AcceptAsync(stop);
                    var relay = RelayAsync(client, stop);
                    _relays[relay] = true;
                    _ = relay.ContinueWith(done => _relays.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    // Aborted before it was accepted, or we stop.
                }
            }
        }
    }

    private async Task RelayAsync(Socket client, CancellationToken stop)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(targetHost, targetPort, stop);
                await Task.WhenAll(CopyAsync(client, server, stop), CopyAsync(server, client, stop));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Either side went away; both sockets close.
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken stop)
    {
        var buffer = new byte[32 * 1024];
        int count;
        while ((count = await from.ReceiveAsync(buffer, stop)) > 0)
        {
            for (var sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stop);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
