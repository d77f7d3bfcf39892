using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Kn.Primitives;

namespace Kn.Bgp.Transport;

/// <summary>A TCP connection to a peer: reads whole messages for the speaker's loop, and sends what it writes.</summary>
/// <remarks>A connection that is silent holds no buffer. The next bytes are read when the loop has taken the last, so that a peer that tells
/// much is slowed by TCP.</remarks>
internal sealed class BgpConnection : IDisposable
{
    /// <summary>Twice the longest message, so that one always fits behind the rest of another.</summary>
    private const int BufferBytes = 128 * 1024;

    /// <summary>How long a NOTIFICATION may take to leave before the connection is cut.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly SendQueue _queue;
    private readonly CancellationTokenSource _cut = new();

    internal BgpConnection(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _queue = new SendQueue(time);
        LocalAddress = Address(socket.LocalEndPoint);
    }

    /// <summary>Our end.</summary>
    internal IpAddress LocalAddress { get; }

    /// <summary>True when there is room for routes.</summary>
    internal bool HasRoom => _queue.HasRoom;

    internal void Send(ReadOnlySpan<byte> bytes) => _queue.Add(bytes);

    /// <summary>Sends what waits, and closes.</summary>
    internal void Close()
    {
        _queue.End();
        _cut.CancelAfter(EndTime);
    }

    /// <summary>Works until the connection is closed by either side.</summary>
    /// <param name="consume">Takes the messages at the start of a buffer, and returns how many bytes that were; negative: enough.</param>
    /// <param name="sent">Told when a full queue has left.</param>
    internal async Task RunAsync(Func<ReadOnlyMemory<byte>, ValueTask<int>> consume, Func<ValueTask> sent)
    {
        await Task.WhenAll(ReadAsync(consume), SendAsync(sent));
        _socket.Dispose();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _queue.Dispose();
        _cut.Dispose();
    }

    private async Task ReadAsync(Func<ReadOnlyMemory<byte>, ValueTask<int>> consume)
    {
        await GuardAsync(() => ReadAllAsync(consume));
        Close();
        // Closed with bytes unread, the socket would be reset, and a NOTIFICATION on its way lost with it.
        var unwanted = new byte[4096];
        await GuardAsync(async () =>
        {
            while (await _socket.ReceiveAsync(unwanted, SocketFlags.None, _cut.Token) > 0)
            {
            }
        });
    }

    private async Task SendAsync(Func<ValueTask> sent)
    {
        var isDone = false;
        await GuardAsync(async () =>
        {
            await _queue.SendAllAsync(_socket, sent, _cut.Token);
            _socket.Shutdown(SocketShutdown.Send);
            isDone = true;
        });
        if (!isDone)
        {
            await _cut.CancelAsync();
        }
    }

    private async Task ReadAllAsync(Func<ReadOnlyMemory<byte>, ValueTask<int>> consume)
    {
        var buffer = Array.Empty<byte>();
        var filled = 0;
        try
        {
            while (true)
            {
                if (buffer.Length == 0)
                {
                    await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _cut.Token);
                    buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                }

                var received = await _socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, _cut.Token);
                filled += received;
                var consumed = received == 0 ? -1 : await consume(buffer.AsMemory(0, filled));
                if (consumed < 0)
                {
                    return;
                }

                filled -= consumed;
                buffer.AsSpan(consumed, filled).CopyTo(buffer);
                if (filled == 0 && _socket.Available == 0)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = [];
                }
            }
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Whatever the network does to a connection, it is closed.</summary>
    private static async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (SocketException)
        {
        }
        catch (ObjectDisposedException)
        {
        }
        catch (OperationCanceledException)
        {
        }
        catch (TimeoutException)
        {
        }
    }

    private static IpAddress Address(EndPoint? end) => end is IPEndPoint point ? IpAddress.FromIPAddress(point.Address) : default;
}
