using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;

namespace Kn.Bench;

/// <summary>Connections from one network namespace to another, each with one request, one answer and a reset: a reset leaves no TIME_WAIT, so ports do
/// not run out.</summary>
internal sealed class ConnectTraffic : IDisposable
{
    private const int Clients = 8;
    private const int Servers = 4;
    private readonly NetworkNamespace _client;
    private readonly Socket _listener;

    /// <summary>Starts to serve.</summary>
    /// <param name="client">Where connections come from.</param>
    /// <param name="server">Where they are answered, at any address.</param>
    /// <param name="port">The server's port.</param>
    public ConnectTraffic(NetworkNamespace client, NetworkNamespace server, int port)
    {
        _client = client;
        _listener = server.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.Listen(4096);
            return socket;
        });
        for (var i = 0; i < Servers; i++)
        {
            new Thread(Serve) { IsBackground = true }.Start();
        }
    }

    /// <summary>Connections a second, over some seconds.</summary>
    public double Measure(IPEndPoint target, TimeSpan duration)
    {
        var counts = new long[Clients];
        var started = Stopwatch.GetTimestamp();
        var threads = Enumerable.Range(0, Clients).Select(index => new Thread(() => _client.Run(() => counts[index] = Connect(target, started, duration)))).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose() => _listener.Dispose();

    private static long Connect(IPEndPoint target, long started, TimeSpan duration)
    {
        var count = 0L;
        Span<byte> answer = stackalloc byte[16];
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Connect(target);
            socket.Send("ping"u8);
            if (socket.Receive(answer) != 4)
            {
                throw new InvalidOperationException($"{target} hung up");
            }

            count++;
        }

        return count;
    }

    private void Serve()
    {
        Span<byte> request = stackalloc byte[16];
        while (true)
        {
            try
            {
                using var connection = _listener.Accept();
                if (connection.Receive(request) > 0)
                {
                    connection.Send("pong"u8);
                    connection.Receive(request);
                }
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                // How the client ends.
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
