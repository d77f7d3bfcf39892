using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.E2E.Tests.Framework;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>A socket that stays open: a connection of TCP that is used again and again, or one of UDP's five numbers that stay the same.</summary>
internal sealed class OpenConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[4096];

    private OpenConnection(Socket socket) => _socket = socket;

    /// <summary>The port on this side.</summary>
    public int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Opens one.</summary>
    public static async Task<OpenConnection> ConnectAsync(NetworkNamespace from, IpAddress address, int port, ProtocolType protocol)
    {
        var target = new IPEndPoint(address.ToIPAddress(), port);
        var socket = from.Run(() => new Socket(target.AddressFamily, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol));
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(target, patience.Token);
        return new OpenConnection(socket);
    }

    /// <summary>Who answers now, or a word for why nobody does.</summary>
    public async Task<string> AskAsync()
    {
        var isTcp = _socket.ProtocolType == ProtocolType.Tcp;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _socket.SendAsync(isTcp ? "GET /hostname HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray() : "hostname"u8.ToArray(), patience.Token);
            var text = Encoding.UTF8.GetString(_buffer, 0, await _socket.ReceiveAsync(_buffer, patience.Token));
            return isTcp ? text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..] : text;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused ? RealClient.Refused : error.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return RealClient.Silence;
        }
    }

    /// <summary>Asks until the answer is this.</summary>
    public Task UntilAsync(string expected) =>
        LabFixture.UntilAsync($"{expected} answers on the open connection", async () => await AskAsync() == expected);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
