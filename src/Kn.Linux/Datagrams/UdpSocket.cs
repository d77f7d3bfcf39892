using Kn.Linux.Descriptors;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Datagrams;

/// <summary>A blocking UDP socket that is bound to one address. Thread-safe.</summary>
public sealed class UdpSocket : IDisposable
{
    private const int SOCK_DGRAM = 2;
    private const int SO_REUSEPORT = 15;
    private const int IPPROTO_IP = 0;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_FREEBIND = 15;
    private const int IP_MTU_DISCOVER = 10;
    private const int IP_PMTUDISC_PROBE = 3;
    private const int IPV6_V6ONLY = 26;
    private const int IPV6_MTU_DISCOVER = 23;
    private const int IPV6_FREEBIND = 78;

    private UdpSocket(SafeFileHandle handle, IpAddress address, ushort port)
    {
        Handle = handle;
        Address = address;
        Port = port;
    }

    /// <summary>The address that it is bound to.</summary>
    public IpAddress Address { get; }

    /// <summary>The port that it is bound to.</summary>
    public ushort Port { get; }

    /// <summary>The open file, to be handed on; it stays the socket's.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Opens and binds a socket; several may share an address and port (SO_REUSEPORT), among which the kernel spreads clients.</summary>
    /// <param name="address">The address; it need not be the node's yet (IP_FREEBIND).</param>
    /// <param name="port">The port.</param>
    /// <param name="receiveBytes">How much may wait to be received; beyond the limit of net.core.rmem_max where Kn has CAP_NET_ADMIN.</param>
    /// <param name="inside">The network namespace; null for the thread's.</param>
    /// <exception cref="LinuxException">EADDRINUSE: another program has the port.</exception>
    public static UdpSocket Bind(IpAddress address, ushort port, int receiveBytes, NetworkNamespace? inside = null)
    {
        var handle = inside is null ? OpenHandle(address) : inside.Run(() => OpenHandle(address));
        try
        {
            Prepare(handle, address.Family, receiveBytes, isBound: false);
            Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
            Libc.ThrowIfFailed(Libc.Bind(handle, name[..SocketAddress.Write(name, address, port)]), $"bind UDP {address} port {port}");
            return new UdpSocket(handle, address, port);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with a socket that another process has bound, with what waits in it.</summary>
    /// <param name="handle">The socket's from now on; the caller's still when this throws.</param>
    /// <param name="address">What it is bound to.</param>
    /// <param name="port">The port.</param>
    /// <param name="receiveBytes">As for <see cref="Bind"/>.</param>
    /// <exception cref="LinuxException">EINVAL: it is something else.</exception>
    public static UdpSocket Adopt(SafeFileHandle handle, IpAddress address, ushort port, int receiveBytes)
    {
        var wanted = SocketIdentity.Udp(address, port);
        if (SocketIdentity.Read(handle) is not { } identity || identity != wanted)
        {
            throw new LinuxException($"take over a socket as {wanted}", Errno.EINVAL);
        }

        Prepare(handle, address.Family, receiveBytes, isBound: true);
        return new UdpSocket(handle, address, port);
    }

    /// <summary>Lets a receive give up after a while without a datagram, so that its thread can look around; it holds for all processes that have
    /// the socket.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetReceiveTimeout(TimeSpan timeout) => Libc.ThrowIfFailed(Libc.SetTimeout(Handle, Libc.SO_RCVTIMEO, timeout), "set SO_RCVTIMEO");

    /// <summary>Sends one datagram without waiting; false when the kernel refused it, or the socket is closed.</summary>
    public bool TrySend(DatagramPeer peer, ReadOnlySpan<byte> datagram)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        try
        {
            return Libc.Send(Handle, datagram, name[..SocketAddress.Write(name, peer.Address, peer.Port, peer.Scope)]) >= 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Takes a datagram that is there, without waiting.</summary>
    /// <param name="buffer">Where it goes; what is longer is cut.</param>
    /// <param name="peer">Who sent it.</param>
    /// <param name="length">How much of it there is.</param>
    /// <returns>False when none waits, or the socket is closed.</returns>
    public bool TryReceive(Span<byte> buffer, out DatagramPeer peer, out int length)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        name.Clear();
        (peer, length) = (default, 0);
        try
        {
            length = (int)Libc.ReceiveFrom(Handle, buffer, name);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        if (length < 0)
        {
            return false;
        }

        var address = SocketAddress.Read(name, out var port, out var scope);
        peer = new DatagramPeer(address, port, scope);
        return true;
    }

    /// <summary>Waits until a datagram is in one of two sockets, which may be the same one.</summary>
    /// <returns>False when the time is over.</returns>
    public static bool WaitForEither(UdpSocket one, UdpSocket other, TimeSpan timeout) => Libc.WaitReadable(one.Handle, other.Handle, timeout);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle OpenHandle(IpAddress address)
    {
        var handle = Libc.socket(address.Family == IpFamily.V4 ? SocketAddress.AF_INET : SocketAddress.AF_INET6, SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        return handle.IsInvalid ? throw new LinuxException("open a UDP socket", Libc.LastError) : handle;
    }

    private static void Prepare(SafeFileHandle handle, IpFamily family, int receiveBytes, bool isBound)
    {
        Libc.ThrowIfFailed(Libc.SetOption(handle, Libc.SOL_SOCKET, SO_REUSEPORT, 1), "set SO_REUSEPORT");
        if (family == IpFamily.V6 && !isBound)
        {
            Libc.ThrowIfFailed(Libc.SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 1), "set IPV6_V6ONLY");
        }

        // Answers are small enough for every path. They go out whole whatever somebody claims, so a forged "too big" does not hurt, and unfragmented
        // (RFC 9715 §3.1), which also spares the kernel an identification for each (ip_select_ident).
        var (level, freeBind, discover) = family == IpFamily.V4 ? (IPPROTO_IP, IP_FREEBIND, IP_MTU_DISCOVER) : (IPPROTO_IPV6, IPV6_FREEBIND, IPV6_MTU_DISCOVER);
        Libc.ThrowIfFailed(Libc.SetOption(handle, level, freeBind, 1), "set IP_FREEBIND");
        Libc.ThrowIfFailed(Libc.SetOption(handle, level, discover, IP_PMTUDISC_PROBE), "set IP_MTU_DISCOVER");

        // Without CAP_NET_ADMIN the default has to do.
        _ = Libc.SetOption(handle, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, receiveBytes);
    }
}
