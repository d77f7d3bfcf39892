using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Netlink;

/// <summary>Notifications of multicast groups as typed events, received by a thread of its own.</summary>
/// <remarks>Events may be lost: when the kernel's buffer or ours overflows, or a notification is malformed, the overflow event
/// stands for what is missing, and the reader must read the state anew. Memory is bounded. One reader at a time.</remarks>
public sealed class NetlinkMonitor<TEvent> : IDisposable
{
    private const int MaxQueuedEvents = 8192;
    private const int BufferBytes = 64 << 10;

    private readonly SocketTransport _transport;
    private readonly IReadOnlyList<int> _groups;
    private readonly SafeFileHandle _stop;
    private readonly NetlinkDecoder<TEvent> _decode;
    private readonly TEvent _overflow;
    private readonly Func<TEvent, bool>? _concerns;
    private readonly Channel<TEvent> _events = Channel.CreateBounded<TEvent>(
        new BoundedChannelOptions(MaxQueuedEvents) { SingleReader = true });

    private readonly Thread _thread;
    private int _lost;
    private int _disposed;

    private NetlinkMonitor(
        SocketTransport transport,
        IReadOnlyList<int> groups,
        SafeFileHandle stop,
        NetlinkDecoder<TEvent> decode,
        TEvent overflow,
        Func<TEvent, bool>? concerns)
    {
        _transport = transport;
        _groups = groups;
        _stop = stop;
        _decode = decode;
        _overflow = overflow;
        _concerns = concerns;
        _thread = new Thread(ReceiveAll) { IsBackground = true, Name = "kn-netlink-events" };
        _thread.Start();
    }

    /// <summary>Joins the groups; every change from the return of this call on is reported.</summary>
    /// <param name="protocol">The family.</param>
    /// <param name="groups">Group numbers, RTNLGRP_* or NFNLGRP_*.</param>
    /// <param name="decode">Turns a notification into events; called by the receiving thread.</param>
    /// <param name="overflow">The event that says that others are lost.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <param name="concerns">Whether the reader wants an event, asked by the receiving thread: what is left out wakes nobody.</param>
    /// <param name="otherNamespaces">Also those of every namespace that has an id here (ip-netns(8), list-id), such as the other end of a
    /// veth. Nothing tells which one a notification is from.</param>
    /// <exception cref="LinuxException">ENOENT: the kernel has no such group. EPERM: not root, or without CAP_NET_BROADCAST for other namespaces.</exception>
    public static NetlinkMonitor<TEvent> Open(
        NetlinkProtocol protocol,
        IReadOnlyList<int> groups,
        NetlinkDecoder<TEvent> decode,
        TEvent overflow,
        NetworkNamespace? inside = null,
        Func<TEvent, bool>? concerns = null,
        bool otherNamespaces = false) => Open(
            protocol,
            groups,
            decode,
            overflow,
            transport =>
            {
                if (otherNamespaces)
                {
                    transport.ListenToAllNamespaces();
                }
            },
            inside,
            concerns);

    /// <summary>The same, for who has more to say to the kernel before it listens.</summary>
    /// <param name="protocol">The family.</param>
    /// <param name="groups">Multicast groups, if any.</param>
    /// <param name="decode">Turns a notification into events.</param>
    /// <param name="overflow">The event that says that others are lost.</param>
    /// <param name="prepare">Called with the socket before anything is received.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <param name="concerns">Whether the reader wants an event.</param>
    internal static NetlinkMonitor<TEvent> Open(
        NetlinkProtocol protocol,
        IReadOnlyList<int> groups,
        NetlinkDecoder<TEvent> decode,
        TEvent overflow,
        Action<SocketTransport> prepare,
        NetworkNamespace? inside,
        Func<TEvent, bool>? concerns)
    {
        var transport = inside is null ? SocketTransport.Open(protocol) : inside.Run(() => SocketTransport.Open(protocol));
        try
        {
            prepare(transport);
            foreach (var group in groups)
            {
                transport.Join(group);
            }

            var stop = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
            return stop.IsInvalid
                ? throw new LinuxException("make an eventfd", Libc.LastError)
                : new NetlinkMonitor<TEvent>(transport, groups, stop, decode, overflow, concerns);
        }
        catch (LinuxException)
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>The events in order, until the token is cancelled or the monitor is disposed.</summary>
    public async IAsyncEnumerable<TEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await _events.Reader.WaitToReadAsync(cancellationToken))
        {
            while (_events.Reader.TryRead(out var item))
            {
                yield return item;
            }

            if (Interlocked.Exchange(ref _lost, 0) != 0)
            {
                yield return _overflow;
            }
        }
    }

    /// <summary>Leaves the groups; what was heard before is still read.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Pause()
    {
        foreach (var group in _groups)
        {
            _transport.Leave(group);
        }
    }

    /// <summary>Joins the groups again.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Resume()
    {
        foreach (var group in _groups)
        {
            _transport.Join(group);
        }
    }

    /// <summary>Tells that something may have been missed, by the overflow event.</summary>
    public void Missed() => Publish(_overflow);

    /// <summary>Ends the thread and the events.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Libc.Signal(_stop);
            _thread.Join();
            _transport.Dispose();
            _stop.Dispose();
        }
    }

    private void ReceiveAll()
    {
        const string Operation = "receive netlink notifications";
        var buffer = new byte[BufferBytes];
        var decoded = new List<TEvent>();
        while (Volatile.Read(ref _disposed) == 0)
        {
            try
            {
                // Changes come in bursts: asking for the next at once saves a wait for each.
                var length = _transport.Receive(Operation, buffer, wait: false, out var sender);
                if (length < 0)
                {
                    Libc.WaitReadable(_transport.Handle, _stop, Timeout.InfiniteTimeSpan);
                    continue;
                }

                if (length > buffer.Length)
                {
                    Publish(_overflow);
                }
                else if (length > 0 && sender == 0)
                {
                    Decode(buffer.AsSpan(0, length), decoded);
                }
            }
            catch (LinuxException e) when (e.Errno == Errno.ENOBUFS)
            {
                Publish(_overflow);
            }
            catch (LinuxException e)
            {
                _events.Writer.Complete(e);
                return;
            }
        }

        _events.Writer.Complete();
    }

    private void Decode(ReadOnlySpan<byte> datagram, List<TEvent> decoded)
    {
        decoded.Clear();
        try
        {
            var reader = new NetlinkMessageReader(datagram);
            while (reader.TryRead(out var message))
            {
                _decode(message, decoded);
            }
        }
        catch (WireFormatException)
        {
            decoded.Add(_overflow);
        }

        foreach (var item in decoded)
        {
            if (_concerns is null || _concerns(item))
            {
                Publish(item);
            }
        }
    }

    private void Publish(TEvent item)
    {
        if (_events.Writer.TryWrite(item))
        {
            return;
        }

        // Full: the reader finds the flag when it has drained the queue. Should it have drained it just now, the event itself fits.
        Volatile.Write(ref _lost, 1);
        _events.Writer.TryWrite(_overflow);
    }
}
