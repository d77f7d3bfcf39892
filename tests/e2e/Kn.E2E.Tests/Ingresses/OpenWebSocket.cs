using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>A WebSocket (RFC 6455) from outside, through node1, to a server in the pod socket that says everything again.</summary>
internal sealed class OpenWebSocket : IAsyncDisposable
{
    private const int Port = 8080;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly List<IDisposable> _held = [];
    private readonly WebSocket _client;
    private readonly Task _serving;

    private OpenWebSocket(WebSocket client, Task serving)
    {
        _client = client;
        _serving = serving;
    }

    /// <summary>Opens one by a host.</summary>
    public static async Task<OpenWebSocket> OpenAsync(IngressLab lab, string host)
    {
        var listener = lab.PodSpace("socket").Run(static () => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
        listener.Listen(16);
        var serving = ServeAsync(listener);
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            var socket = lab.Outsider.Inside.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await socket.ConnectAsync(new IPEndPoint(lab.Node(1).ToIPAddress(), 80), patience.Token);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /chat HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\r\n\r\n"), patience.Token);
            if ((await ReadHeadAsync(stream, patience.Token)).StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
            {
                var opened = new OpenWebSocket(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions()), serving);
                opened._held.Add(listener);
                return opened;
            }

            await stream.DisposeAsync();
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>Says something and hears it again.</summary>
    public async Task EchoAsync(string words)
    {
        using var patience = new CancellationTokenSource(s_patience);
        await _client.SendAsync(Encoding.UTF8.GetBytes(words), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        var buffer = new byte[1024];
        var received = await _client.ReceiveAsync(buffer, patience.Token);
        Assert.Equal(words, Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _held.ForEach(static held => held.Dispose());
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task ServeAsync(Socket listener)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync();
            _ = AnswerAsync(socket);
        }
    }

    private static async Task AnswerAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var head = await ReadHeadAsync(stream, CancellationToken.None);
        var key = head.Split("\r\n").FirstOrDefault(static line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.OrdinalIgnoreCase))?[19..] ?? "";
#pragma warning disable CA5350 // RFC 6455 §1.3 has SHA-1.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
        using var server = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        var buffer = new byte[1024];
        while (server.State == WebSocketState.Open)
        {
            var received = await server.ReceiveAsync(buffer, CancellationToken.None);
            await server.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }
    }

    private static async Task<string> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, cancellationToken) == 1)
        {
            text.Append((char)one[0]);
        }

        return text.ToString();
    }
}
