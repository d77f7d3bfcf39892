using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Streams;

/// <summary>A TCP connection that never blocks: for one thread with an <see cref="EventPoll"/>.</summary>
/// <remarks>Counts of bytes below zero are errors: minus the errno, so that the hot path throws nothing for what is usual.</remarks>
public sealed class StreamSocket : IDisposable
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_NODELAY = 1;
    private const int SO_KEEPALIVE = 9;

    internal StreamSocket(SafeFileHandle handle, IpAddress peer, ushort peerPort)
    {
        Handle = handle;
        Peer = peer;
        PeerPort = peerPort;
    }

    /// <summary>The other end's address; an IPv4 client of an IPv6 socket has its IPv4 address.</summary>
    public IpAddress Peer { get; }

    /// <summary>The other end's port.</summary>
    public ushort PeerPort { get; }

    /// <summary>errno of the connection, which it forgets by being asked (SO_ERROR).</summary>
    public Errno Error => (Errno)Libc.GetOption(Handle, Libc.SO_ERROR);

    internal SafeFileHandle Handle { get; }

    /// <summary>Begins to connect. When it returns, the connection is on its way: the socket is writable when it is there, or has failed.</summary>
    /// <param name="address">Whom to.</param>
    /// <param name="port">The port.</param>
    /// <param name="error">Why not.</param>
    /// <param name="inside">The network namespace; null for the thread's.</param>
    /// <returns>Null when it cannot even begin: no route, no ports, no descriptors.</returns>
    public static StreamSocket? Connect(IpAddress address, ushort port, out Errno error, NetworkNamespace? inside = null)
    {
        var handle = inside is null ? Open(address.Family) : inside.Run(() => Open(address.Family));
        if (handle.IsInvalid)
        {
            error = Libc.LastError;
            handle.Dispose();
            return null;
        }

        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        _ = Libc.SetOption(handle, IPPROTO_TCP, TCP_NODELAY, 1);
        error = Libc.Connect(handle, name[..SocketAddress.Write(name, address, port)]) < 0 ? Libc.LastError : Errno.None;
        if (error is Errno.None or Errno.EINPROGRESS)
        {
            error = Errno.None;
            return new StreamSocket(handle, address, port);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Takes what is there: how many bytes, 0 at the end, or minus the errno; -EAGAIN when nothing is.</summary>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var count = Libc.ReceiveStream(Handle, buffer);
            if (count >= 0)
            {
                return (int)count;
            }

            var error = Libc.LastError;
            if (error != Errno.EINTR)
            {
                return -(int)error;
            }
        }
    }

    /// <summary>As <see cref="Receive"/>, and leaves what is there where it is.</summary>
    public int Peek(Span<byte> buffer)
    {
        while (true)
        {
            var count = Libc.PeekStream(Handle, buffer);
            if (count >= 0)
            {
                return (int)count;
            }

            var error = Libc.LastError;
            if (error != Errno.EINTR)
            {
                return -(int)error;
            }
        }
    }

    /// <summary>Gives the kernel what it takes: how many bytes, or minus the errno; -EAGAIN when it takes none.</summary>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var count = Libc.SendStream(Handle, bytes);
            if (count >= 0)
            {
                return (int)count;
            }

            var error = Libc.LastError;
            if (error != Errno.EINTR)
            {
                return -(int)error;
            }
        }
    }

    /// <summary>Says that nothing more comes; what was given is still sent.</summary>
    public void EndSending() => _ = Libc.shutdown(Handle, Libc.SHUT_WR);

    /// <summary>Has a peer that is gone without a word found out in the end.</summary>
    public void KeepAlive() => _ = Libc.SetOption(Handle, Libc.SOL_SOCKET, SO_KEEPALIVE, 1);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>Sends small pieces at once.</summary>
    internal void NoDelay() => _ = Libc.SetOption(Handle, IPPROTO_TCP, TCP_NODELAY, 1);

    private static SafeFileHandle Open(IpFamily family) =>
        Libc.socket(family == IpFamily.V4 ? SocketAddress.AF_INET : SocketAddress.AF_INET6, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, IPPROTO_TCP);
}
