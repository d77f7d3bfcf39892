using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kn.Lab.Echo;

/// <summary>The program of a container that names none: says who it is and who asked, over HTTP/1.1 and UDP, in both families.</summary>
/// <remarks>Every pod of the lab may be one, so it is small: sockets and nothing above them.</remarks>
internal sealed class EchoServer : IDisposable
{
    private const int Backlog = 512;
    private const int MaxDatagramBytes = 2048;
    private readonly EchoWords _words;
    private readonly List<Socket> _listeners = [];
    private readonly List<Socket> _datagrams = [];

    /// <summary>Makes a server that answers with this host name.</summary>
    public EchoServer(string hostname) => _words = new EchoWords(hostname);

    /// <summary>The TCP ports it listens on, in the order of the calls.</summary>
    public IReadOnlyList<int> TcpPorts => [.. _listeners.Select(static socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];

    /// <summary>The UDP ports it listens on, in the order of the calls.</summary>
    public IReadOnlyList<int> UdpPorts => [.. _datagrams.Select(static socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];

    /// <summary>Starts to listen for HTTP; port 0 picks one.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public void ListenTcp(int port)
    {
        var socket = Bind(SocketType.Stream, ProtocolType.Tcp, port);
        socket.Listen(Backlog);
        _listeners.Add(socket);
    }

    /// <summary>Starts to listen for datagrams; port 0 picks one.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public void ListenUdp(int port) => _datagrams.Add(Bind(SocketType.Dgram, ProtocolType.Udp, port));

    /// <summary>Answers until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        _listeners.Select(listener => AcceptAsync(listener, cancellationToken))
            .Concat(_datagrams.Select(socket => AnswerDatagramsAsync(socket, cancellationToken))));

    /// <summary>Closes the listening sockets.</summary>
    public void Dispose()
    {
        foreach (var socket in _listeners.Concat(_datagrams))
        {
            socket.Dispose();
        }
    }

    // One socket for both families where the kernel has IPv6; IPv4 clients then appear as ::ffff:a.b.c.d, which EchoWords undoes.
    private static Socket Bind(SocketType type, ProtocolType protocol, int port)
    {
        var socket = Socket.OSSupportsIPv6
            ? new Socket(AddressFamily.InterNetworkV6, type, protocol) { DualMode = true }
            : new Socket(AddressFamily.InterNetwork, type, protocol);
        socket.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port));
        return socket;
    }

    private async Task AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.AcceptAsync(cancellationToken);
                _ = ServeAsync(connection, cancellationToken);
            }
            catch (SocketException)
            {
                // The client gave up before we accepted (ECONNABORTED): its affair alone.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken cancellationToken)
    {
        using (connection)
        {
            try
            {
                connection.NoDelay = true;
                var client = (IPEndPoint)connection.RemoteEndPoint!;
                var requests = new HttpRequestReader(connection);
                while (await requests.ReadAsync(cancellationToken) is { } request)
                {
                    await SendAsync(connection, Answer(request, client), cancellationToken);
                    if (!request.KeepAlive)
                    {
                        connection.Shutdown(SocketShutdown.Send);
                        return;
                    }
                }
            }
            catch (InvalidDataException)
            {
                await TrySendAsync(connection, Response(400, "Bad Request", "bad request", keepAlive: false, withBody: true), cancellationToken);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The client went away, or we stop.
            }
        }
    }

    private byte[] Answer(HttpRequestHead request, IPEndPoint client)
    {
        var withBody = request.Method != "HEAD";
        if (request.Method is not ("GET" or "HEAD" or "POST"))
        {
            return Response(405, "Method Not Allowed", "only GET, HEAD and POST", request.KeepAlive, withBody);
        }

        return _words.ToPath(request.Target, client) is { } body
            ? Response(200, "OK", body, request.KeepAlive, withBody)
            : Response(404, "Not Found", "/hostname, /clientip, /echo?msg= and /healthz are here", request.KeepAlive, withBody);
    }

    private static byte[] Response(int status, string reason, string body, bool keepAlive, bool withBody)
    {
        var bytes = Encoding.UTF8.GetByteCount(body);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {bytes}\r\nConnection: {(keepAlive ? "keep-alive" : "close")}\r\n\r\n");
        return Encoding.UTF8.GetBytes(withBody ? head + body : head);
    }

    private static async Task SendAsync(Socket connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await connection.SendAsync(bytes, cancellationToken)..];
        }
    }

    private static async Task TrySendAsync(Socket connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(connection, bytes, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // It sent rubbish and left.
        }
    }

    private async Task AnswerDatagramsAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxDatagramBytes];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone, cancellationToken);
                var client = (IPEndPoint)received.RemoteEndPoint;
                var answer = _words.ToDatagram(Encoding.UTF8.GetString(buffer, 0, received.ReceivedBytes), client);
                await socket.SendToAsync(Encoding.UTF8.GetBytes(answer), SocketFlags.None, client, cancellationToken);
            }
            catch (SocketException)
            {
                // An ICMP error about an earlier answer is reported here: that client is gone.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
