using Kn.Linux.Descriptors;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Streams;

/// <summary>A TCP socket that listens and never blocks. Several may share an address and port (SO_REUSEPORT): the kernel spreads clients among
/// them, so that each thread has its own.</summary>
public sealed class StreamListener : IDisposable
{
    private const int SO_REUSEADDR = 2;
    private const int SO_REUSEPORT = 15;
    private const int IPPROTO_IP = 0;
    private const int IPPROTO_TCP = 6;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_FREEBIND = 15;
    private const int IPV6_V6ONLY = 26;
    private const int IPV6_FREEBIND = 78;

    private StreamListener(SafeFileHandle handle, IpAddress address, ushort port)
    {
        Handle = handle;
        Address = address;
        Port = port;
    }

    /// <summary>What it is bound to.</summary>
    public IpAddress Address { get; }

    /// <summary>The port; that which the kernel chose, where none was asked for.</summary>
    public ushort Port { get; }

    /// <summary>The open file, to be handed on; it stays the listener's.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Binds and listens.</summary>
    /// <param name="address">The address; it need not be the node's yet (IP_FREEBIND). :: is IPv6 alone.</param>
    /// <param name="port">The port; 0 has the kernel choose.</param>
    /// <param name="backlog">How many connections may wait to be taken, up to net.core.somaxconn.</param>
    /// <param name="inside">The network namespace; null for the thread's.</param>
    /// <exception cref="LinuxException">EADDRINUSE: another program has the port.</exception>
    public static StreamListener Listen(IpAddress address, ushort port, int backlog, NetworkNamespace? inside = null)
    {
        var handle = inside is null ? Open(address.Family) : inside.Run(() => Open(address.Family));
        try
        {
            if (handle.IsInvalid)
            {
                throw new LinuxException("open a TCP socket", Libc.LastError);
            }

            Prepare(handle, address.Family);
            Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
            Libc.ThrowIfFailed(Libc.Bind(handle, name[..SocketAddress.Write(name, address, port)]), $"bind TCP {address} port {port}");
            Libc.ThrowIfFailed(Libc.listen(handle, backlog), $"listen on TCP {address} port {port}");
            return new StreamListener(handle, address, SocketIdentity.Read(handle)?.Port ?? port);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with a socket that another process has bound, with the connections that wait in it.</summary>
    /// <param name="handle">The listener's from now on; the caller's still when this throws.</param>
    /// <param name="address">What it is bound to.</param>
    /// <param name="port">The port.</param>
    /// <exception cref="LinuxException">EINVAL: it is something else.</exception>
    public static StreamListener Adopt(SafeFileHandle handle, IpAddress address, ushort port)
    {
        var wanted = SocketIdentity.TcpListener(address, port);
        return SocketIdentity.Read(handle) == wanted
            ? new StreamListener(handle, address, port)
            : throw new LinuxException($"take over a socket as {wanted}", Errno.EINVAL);
    }

    /// <summary>Takes a connection that waits.</summary>
    /// <param name="error">Why there is none: EAGAIN when none waits, EMFILE when the process may not have more.</param>
    public StreamSocket? TryAccept(out Errno error)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        var handle = Libc.Accept(Handle, name);
        if (handle.IsInvalid)
        {
            error = Libc.LastError;
            handle.Dispose();
            return null;
        }

        error = Errno.None;
        var socket = new StreamSocket(handle, SocketAddress.Read(name, out var port, out _), port);
        socket.NoDelay();
        return socket;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle Open(IpFamily family) =>
        Libc.socket(family == IpFamily.V4 ? SocketAddress.AF_INET : SocketAddress.AF_INET6, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, IPPROTO_TCP);

    private static void Prepare(SafeFileHandle handle, IpFamily family)
    {
        Libc.ThrowIfFailed(Libc.SetOption(handle, Libc.SOL_SOCKET, SO_REUSEADDR, 1), "set SO_REUSEADDR");
        Libc.ThrowIfFailed(Libc.SetOption(handle, Libc.SOL_SOCKET, SO_REUSEPORT, 1), "set SO_REUSEPORT");
        if (family == IpFamily.V6)
        {
            Libc.ThrowIfFailed(Libc.SetOption(handle, IPPROTO_IPV6, IPV6_V6ONLY, 1), "set IPV6_V6ONLY");
            Libc.ThrowIfFailed(Libc.SetOption(handle, IPPROTO_IPV6, IPV6_FREEBIND, 1), "set IPV6_FREEBIND");
        }
        else
        {
            Libc.ThrowIfFailed(Libc.SetOption(handle, IPPROTO_IP, IP_FREEBIND, 1), "set IP_FREEBIND");
        }
    }
}
