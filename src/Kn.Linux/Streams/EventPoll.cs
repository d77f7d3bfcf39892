using System.Runtime.InteropServices;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Streams;

/// <summary>Waits for many sockets at once (epoll(7)). For one thread, but for <see cref="Wake"/>.</summary>
/// <remarks>
/// <para>Connections are watched edge-triggered, once and for all they can do: a system call each in its whole life, and the owner keeps
/// in mind what it has not used up. Listeners are watched level-triggered, so that one that is not emptied comes again.</para>
/// <para>struct epoll_event, uapi/linux/eventpoll.h: packed on x86-64 alone.
/// <code>
///         x86-64   others
/// events   0  4     0  4
/// data     4  8     8  8
/// </code></para>
/// </remarks>
public sealed class EventPoll : IDisposable
{
    private const uint EPOLLIN = 1;
    private const uint EPOLLOUT = 4;
    private const uint EPOLLERR = 8;
    private const uint EPOLLHUP = 0x10;
    private const uint EPOLLRDHUP = 0x2000;
    private const uint EPOLLET = 1u << 31;
    private const ulong WakeToken = ulong.MaxValue;

    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_stride = s_dataOffset + sizeof(ulong);

    private readonly SafeFileHandle _poll;
    private readonly SafeFileHandle _wake;
    private readonly byte[] _events;
    private readonly int _capacity;
    private int _count;

    /// <summary>A poll that tells of so many events at once.</summary>
    /// <exception cref="LinuxException">No descriptors are left.</exception>
    public EventPoll(int capacity)
    {
        _capacity = capacity;
        _events = GC.AllocateArray<byte>(capacity * s_stride, pinned: true);
        _poll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_poll.IsInvalid)
        {
            throw new LinuxException("open an epoll", Libc.LastError);
        }

        _wake = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_wake.IsInvalid)
        {
            var error = Libc.LastError;
            _poll.Dispose();
            throw new LinuxException("open an eventfd", error);
        }

        Add(_wake, EPOLLIN | EPOLLET, WakeToken);
    }

    /// <summary>Watches a connection until it is closed.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="token">What its events are known by; not <see cref="ulong.MaxValue"/>.</param>
    /// <exception cref="LinuxException">The kernel has no room.</exception>
    public void Add(StreamSocket socket, ulong token) => Add(socket.Handle, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);

    /// <summary>Watches a listener.</summary>
    /// <inheritdoc cref="Add(StreamSocket, ulong)"/>
    public void Add(StreamListener listener, ulong token) => Add(listener.Handle, EPOLLIN, token);

    /// <summary>Watches a listener no longer; connections wait in it.</summary>
    public void Remove(StreamListener listener)
    {
        Span<byte> unused = stackalloc byte[16];
        _ = Libc.epoll_ctl(_poll, Libc.EPOLL_CTL_DEL, listener.Handle, ref unused[0]);
    }

    /// <summary>Waits; what it returns can be asked for until the next wait.</summary>
    /// <param name="milliseconds">How long at most; 0 for not at all.</param>
    /// <returns>How many events; 0 when there are none, or <see cref="Wake"/> was called.</returns>
    /// <exception cref="LinuxException">Never, as far as is known.</exception>
    public int Wait(int milliseconds)
    {
        _count = Libc.epoll_wait(_poll, ref _events[0], _capacity, milliseconds);
        if (_count < 0)
        {
            var error = Libc.LastError;
            _count = 0;
            return error == Errno.EINTR ? 0 : throw new LinuxException("wait for events", error);
        }

        return _count;
    }

    /// <summary>One of the events.</summary>
    /// <param name="index">Below what <see cref="Wait"/> returned.</param>
    /// <param name="token">Whose it is; <see cref="ulong.MaxValue"/> for a call of <see cref="Wake"/>.</param>
    public PollEvents Event(int index, out ulong token)
    {
        var at = _events.AsSpan(index * s_stride, s_stride);
        token = MemoryMarshal.Read<ulong>(at[s_dataOffset..]);
        var events = MemoryMarshal.Read<uint>(at);
        return ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? PollEvents.Readable : 0)
            | ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 ? PollEvents.Writable : 0)
            | ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? PollEvents.Ended : 0);
    }

    /// <summary>Ends the wait under way, or the next one. From any thread.</summary>
    public void Wake() => Libc.Signal(_wake);

    /// <inheritdoc/>
    public void Dispose()
    {
        _poll.Dispose();
        _wake.Dispose();
    }

    private void Add(SafeFileHandle handle, uint events, ulong token)
    {
        Span<byte> change = stackalloc byte[16];
        change.Clear();
        MemoryMarshal.Write(change, events);
        MemoryMarshal.Write(change[s_dataOffset..], token);
        Libc.ThrowIfFailed(Libc.epoll_ctl(_poll, Libc.EPOLL_CTL_ADD, handle, ref change[0]), "watch a socket");
    }
}

/// <summary>What a socket can do now.</summary>
[Flags]
public enum PollEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Something can be received: bytes, an end, an error, a connection.</summary>
    Readable = 1,

    /// <summary>Something can be sent, or trying tells why not.</summary>
    Writable = 2,

    /// <summary>The other end sends no more; what it has sent can still be received.</summary>
    Ended = 4,
}
