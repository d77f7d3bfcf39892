using System.Net.Sockets;
using Kn.Dns.Serving;
using Kn.Hosting.Modules;
using Kn.Linux;
using Kn.Linux.Datagrams;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kn.Dns.Listening;

/// <summary>Opens the sockets of an address: takes over those of the last process, with what waits in them, and binds and stores others.</summary>
/// <param name="stored">Keeps them while no agent runs.</param>
/// <param name="inside">The network namespace; null for the process's own.</param>
/// <param name="logger">Is told what was taken over, and what was not what it said.</param>
internal sealed class KeptSockets(IStoredSockets stored, NetworkNamespace? inside, ILogger logger)
{
    /// <summary>What may wait while a batch is answered, or while no agent runs. The kernel doubles it and counts some 770 bytes for a small
    /// datagram: about ten thousand queries.</summary>
    private const int ReceiveBytes = 4 << 20;

    /// <summary>A socket for each thread.</summary>
    /// <exception cref="LinuxException">Another program has the port.</exception>
    public List<UdpSocket> OpenUdp(IpAddress address, ushort port, int threads)
    {
        var sockets = new List<UdpSocket>();
        try
        {
            while (sockets.Count < threads)
            {
                sockets.Add(OpenUdp(address, port, UdpName(address, port, sockets.Count)));
            }
        }
        catch
        {
            sockets.ForEach(static socket => socket.Dispose());
            RemoveUdp(address, port, sockets.Count);
            throw;
        }

        // The last process had more threads: a socket that nobody reads would swallow its share of the queries.
        for (var index = threads; stored.Take(UdpName(address, port, index)) is { } surplus; index++)
        {
            surplus.Dispose();
            stored.Remove(UdpName(address, port, index));
        }

        return sockets;
    }

    /// <summary>A socket that listens.</summary>
    /// <exception cref="SocketException">Another program has the port.</exception>
    public Socket OpenTcp(IpAddress address, ushort port)
    {
        var name = TcpName(address, port);
        if (TryAdopt(name, handle => TcpServer.Adopt(handle, address, port)) is { } adopted)
        {
            return adopted;
        }

        var listener = inside is null ? TcpServer.Listen(address, port) : inside.Run(() => TcpServer.Listen(address, port));
        stored.Store(name, listener.SafeHandle);
        return listener;
    }

    /// <summary>Has none of an address's sockets kept any longer.</summary>
    public void Remove(IpAddress address, ushort port, int threads)
    {
        RemoveUdp(address, port, threads);
        stored.Remove(TcpName(address, port));
    }

    private void RemoveUdp(IpAddress address, ushort port, int threads)
    {
        for (var index = 0; index < threads; index++)
        {
            stored.Remove(UdpName(address, port, index));
        }
    }

    private UdpSocket OpenUdp(IpAddress address, ushort port, string name)
    {
        if (TryAdopt(name, handle => UdpSocket.Adopt(handle, address, port, ReceiveBytes)) is { } adopted)
        {
            return adopted;
        }

        var socket = UdpSocket.Bind(address, port, ReceiveBytes, inside);
        stored.Store(name, socket.Handle);
        return socket;
    }

    private T? TryAdopt<T>(string name, Func<SafeFileHandle, T> adopt)
        where T : class
    {
        if (stored.Take(name) is not { } handle)
        {
            return null;
        }

        try
        {
            var socket = adopt(handle);
            DnsLog.SocketTakenOver(logger, name);
            return socket;
        }
        catch (Exception exception) when (exception is LinuxException or SocketException)
        {
            handle.Dispose();
            stored.Remove(name);
            DnsLog.SocketRefused(logger, name, exception.Message);
            return null;
        }
    }

    private static string UdpName(IpAddress address, ushort port, int index) => $"dns-udp-{Word(address)}-{port}-{index}";

    private static string TcpName(IpAddress address, ushort port) => $"dns-tcp-{Word(address)}-{port}";

    /// <summary>Names hold no colons, for colons part them.</summary>
    private static string Word(IpAddress address) => address.ToString().Replace(':', '_');
}
