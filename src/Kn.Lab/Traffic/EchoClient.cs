using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Lab.Traffic;

/// <summary>Asks echo servers from inside a network namespace: what a program in that pod or host would see.</summary>
/// <remarks>Every question is a new connection, so every question is balanced anew. Thread-safe.</remarks>
internal sealed class EchoClient(NetworkNamespace from)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>GET over HTTP/1.1 and a connection of its own; the body of a 200.</summary>
    /// <exception cref="TrafficException">No connection, no answer in 3 s, or another status.</exception>
    public async Task<string> GetAsync(IpAddress address, int port, string path, CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(address.ToIPAddress(), port);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var socket = Open(target, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"), patience.Token);
            var text = await ReadToEndAsync(socket, patience.Token);
            var split = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            return split > 0 && text.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
                ? text[(split + 4)..]
                : throw new TrafficException(target, $"answered '{text.Split('\r')[0]}'");
        }
        catch (SocketException e)
        {
            throw new TrafficException(target, e.SocketErrorCode.ToString(), e) { IsRefused = e.SocketErrorCode == SocketError.ConnectionRefused };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TrafficException(target, "no answer in time", e);
        }
    }

    /// <summary>Sends a datagram from a new port and waits for the answer.</summary>
    /// <exception cref="TrafficException">Refused by ICMP, or no answer in 3 s.</exception>
    public async Task<string> AskAsync(IpAddress address, int port, string words, CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(address.ToIPAddress(), port);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var socket = Open(target, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Connected, so that only the address that was asked can answer: the reply's translation is tested too.
            await socket.ConnectAsync(target, patience.Token);
            await socket.SendAsync(Encoding.UTF8.GetBytes(words), patience.Token);
            var buffer = new byte[2048];
            return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (SocketException e)
        {
            throw new TrafficException(target, e.SocketErrorCode.ToString(), e) { IsRefused = e.SocketErrorCode == SocketError.ConnectionRefused };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TrafficException(target, "no answer in time", e);
        }
    }

    private Socket Open(IPEndPoint target, SocketType type, ProtocolType protocol) =>
        from.Run(() => new Socket(target.AddressFamily, type, protocol));

    private static async Task<string> ReadToEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var text = new StringBuilder();
        int count;
        while ((count = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}

/// <summary>A question that got no proper answer.</summary>
internal sealed class TrafficException(IPEndPoint target, string trouble, Exception? inner = null) : Exception($"{target}: {trouble}", inner)
{
    /// <summary>The other side said no at once (RST or ICMP), in contrast to silence.</summary>
    public bool IsRefused { get; init; }
}
