using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests;

/// <summary>Answers every HTTP request in a namespace, on IPv4 and IPv6, with a text, until it is disposed.</summary>
public static class HttpResponder
{
    public static IDisposable Start(string netns, int port, string text)
    {
        using var inside = NetworkNamespace.OpenNamed(netns);
        var listener = inside.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
            socket.Listen();
            return socket;
        });
        _ = AnswerAllAsync(listener, Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Length: {text.Length}\r\n\r\n{text}"));
        return listener;
    }

    private static async Task AnswerAllAsync(Socket listener, byte[] answer)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptAsync();
                await client.ReceiveAsync(new byte[1024]);
                await client.SendAsync(answer);
                client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
