using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.NetnsTests;

/// <summary>Answers every question on TCP and UDP, both families, with its name and the asker's address.</summary>
internal sealed class Responder : IDisposable
{
    private readonly Socket[] _sockets;

    public Responder(NetworkNamespace space, string name, int port)
    {
        _sockets =
        [
            Listen(space, AddressFamily.InterNetwork, port),
            Listen(space, AddressFamily.InterNetworkV6, port),
            Bind(space, AddressFamily.InterNetwork, SocketType.Dgram, port),
            Bind(space, AddressFamily.InterNetworkV6, SocketType.Dgram, port),
        ];
        foreach (var socket in _sockets)
        {
            var serve = socket.SocketType == SocketType.Stream ? (Action)(() => Accept(socket, name)) : () => AnswerDatagrams(socket, name);
            new Thread(() => IgnoringClose(serve)) { IsBackground = true }.Start();
        }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private static Socket Listen(NetworkNamespace space, AddressFamily family, int port)
    {
        var socket = Bind(space, family, SocketType.Stream, port);
        socket.Listen(1000);
        return socket;
    }

    private static Socket Bind(NetworkNamespace space, AddressFamily family, SocketType type, int port) => space.Run(() =>
    {
        var any = family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        var socket = new Socket(family, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = false;
        }

        socket.Bind(new IPEndPoint(any, port));
        return socket;
    });

    private static void Accept(Socket listener, string name)
    {
        while (true)
        {
            var connection = listener.Accept();
            new Thread(() => IgnoringClose(() => AnswerStream(connection, name))) { IsBackground = true }.Start();
        }
    }

    private static void AnswerStream(Socket connection, string name)
    {
        using (connection)
        {
            var buffer = new byte[100];
            while (connection.Receive(buffer) > 0)
            {
                connection.Send(Answer(name, connection.RemoteEndPoint!));
            }
        }
    }

    private static void AnswerDatagrams(Socket socket, string name)
    {
        var buffer = new byte[100];
        while (true)
        {
            EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
            socket.ReceiveFrom(buffer, ref from);
            socket.SendTo(Answer(name, from), from);
        }
    }

    private static byte[] Answer(string name, EndPoint from) => Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)from).Address}");

    private static void IgnoringClose(Action action)
    {
        try
        {
            action();
        }
        catch (SocketException)
        {
        }
        catch (ObjectDisposedException)
        {
        }
    }
}
