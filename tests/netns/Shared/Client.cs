using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.NetnsTests;

/// <summary>Asks <see cref="Responder"/>s from inside a network namespace.</summary>
internal static class Client
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Asks with a new connection or datagram socket; "name source" of who answered, or how it failed.</summary>
    internal static string Ask(NetworkNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp, TimeSpan? patience = null, string? source = null)
    {
        try
        {
            using var socket = Open(from, address, port, protocol, patience, source);
            return AskAgain(socket);
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.ToString();
        }
    }

    /// <summary>An open connection, for tests of what survives.</summary>
    internal static Socket Open(NetworkNamespace from, string address, int port, ProtocolType protocol = ProtocolType.Tcp, TimeSpan? patience = null, string? source = null)
    {
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = from.Run(() => new Socket(target.AddressFamily, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol));
        socket.ReceiveTimeout = (int)(patience ?? Patience).TotalMilliseconds;
        try
        {
            if (source is not null)
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
            }

            Connect(socket, target, patience ?? Patience);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static string AskAgain(Socket socket)
    {
        socket.Send("who"u8);
        var buffer = new byte[200];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }

    private static void Connect(Socket socket, IPEndPoint target, TimeSpan patience)
    {
        // A connect without an answer would wait for minutes: no timeout of its own in the socket API.
        var connected = socket.ConnectAsync(target);
        if (Task.WhenAny(connected, Task.Delay(patience)).GetAwaiter().GetResult() != connected)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }

        connected.GetAwaiter().GetResult();
    }
}
