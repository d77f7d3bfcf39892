using System.Buffers;
using System.Net.Sockets;

namespace Kn.Bgp.Transport;

/// <summary>What is on its way to a peer: one side fills, the other sends what is there at once.</summary>
/// <param name="time">The clock.</param>
internal sealed class SendQueue(TimeProvider time) : IDisposable
{
    /// <summary>Above, nothing is added but what keeps the session alive; the tables know what is still to be told.</summary>
    internal const int HighWater = 256 * 1024;

    private const int KeptBytes = 64 * 1024;

    /// <summary>A peer that takes nothing for so long is gone, although it may go on sending (RFC 9687 §6).</summary>
    private static readonly TimeSpan SendHoldTime = TimeSpan.FromMinutes(8);

    private readonly object _gate = new();
    private readonly SemaphoreSlim _filled = new(0);
    private ArrayBufferWriter<byte> _waiting = new();
    private ArrayBufferWriter<byte> _sending = new();
    private bool _isEnding;

    /// <summary>True when there is room for more.</summary>
    internal bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _waiting.WrittenCount < HighWater;
            }
        }
    }

    /// <summary>Adds bytes.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _waiting.Write(bytes);
        }

        _filled.Release();
    }

    /// <summary>Nothing more comes: <see cref="SendAllAsync"/> ends when all is sent.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _isEnding = true;
        }

        _filled.Release();
    }

    /// <summary>Sends until the end, or until the connection fails.</summary>
    /// <param name="socket">Where to.</param>
    /// <param name="sent">Told after each batch.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    internal async Task SendAllAsync(Socket socket, Func<ValueTask> sent, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _filled.WaitAsync(cancellationToken);
            bool isLast;
            lock (_gate)
            {
                (_waiting, _sending) = (_sending, _waiting);
                isLast = _isEnding;
            }

            var rest = _sending.WrittenMemory;
            while (!rest.IsEmpty)
            {
                var sending = socket.SendAsync(rest, SocketFlags.None, cancellationToken);
                rest = rest[(sending.IsCompletedSuccessfully ? await sending : await sending.AsTask().WaitAsync(SendHoldTime, time, cancellationToken))..];
            }

            if (isLast)
            {
                return;
            }

            var wasFull = _sending.WrittenCount >= HighWater;
            Empty();
            if (wasFull)
            {
                await sent();
            }
        }
    }

    public void Dispose() => _filled.Dispose();

    private void Empty()
    {
        if (_sending.Capacity > KeptBytes)
        {
            _sending = new ArrayBufferWriter<byte>();
        }
        else
        {
            _sending.ResetWrittenCount();
        }
    }
}
