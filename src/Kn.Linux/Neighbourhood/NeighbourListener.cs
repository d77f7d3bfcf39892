using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Neighbourhood;

/// <summary>Hands what comes in by a packet socket to a handler, on a thread of its own: an answer must not wait for a pool's thread.</summary>
public sealed class NeighbourListener : IDisposable
{
    // The longest frame that matters: a solicitation with a few options.
    private const int BufferBytes = 256;

    private readonly PacketSocket _socket;
    private readonly SafeFileHandle _stop;
    private readonly Action<PacketSocket, NeighbourMessage> _handle;
    private readonly Thread _thread;
    private bool _stopping;

    private NeighbourListener(PacketSocket socket, SafeFileHandle stop, Action<PacketSocket, NeighbourMessage> handle)
    {
        _socket = socket;
        _stop = stop;
        _handle = handle;
        _thread = new Thread(ReceiveAll) { IsBackground = true, Name = "kn-neighbours" };
        _thread.Start();
    }

    /// <summary>Starts to listen.</summary>
    /// <param name="socket">Where; the listener's to dispose from now on.</param>
    /// <param name="handle">Called by the listening thread for each message that can be read; it must not throw.</param>
    public static NeighbourListener Start(PacketSocket socket, Action<PacketSocket, NeighbourMessage> handle)
    {
        var stop = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        return stop.IsInvalid ? throw new LinuxException("make an eventfd", Libc.LastError) : new NeighbourListener(socket, stop, handle);
    }

    /// <summary>The socket that it listens on.</summary>
    public PacketSocket Socket => _socket;

    /// <summary>Stops the thread and closes the socket.</summary>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _stopping, true))
        {
            Libc.Signal(_stop);
            _thread.Join();
            _socket.Dispose();
            _stop.Dispose();
        }
    }

    private void ReceiveAll()
    {
        Span<byte> buffer = stackalloc byte[BufferBytes];
        while (!Volatile.Read(ref _stopping))
        {
            Libc.WaitReadable(_socket.Handle, _stop, Timeout.InfiniteTimeSpan);
            while (!Volatile.Read(ref _stopping) && _socket.TryReceive(buffer, out var length))
            {
                if (NeighbourMessage.TryRead(buffer[..Math.Min(length, buffer.Length)], out var message))
                {
                    _handle(_socket, message);
                }
            }
        }
    }
}
