using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>A TCP connection to an upstream on which many questions wait at once, each for the answer with its id, in any order.</summary>
/// <remarks>RFC 7766 §6.2.1.1 (pipelining), §7 (answers out of order). Thread-safe.</remarks>
internal sealed class StreamConnection : IAsyncDisposable
{
    /// <summary>A connection without questions is closed after this long: shorter than servers' own limits (unbound 30 s, BIND 30 s).</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stop;
    private readonly Dictionary<ushort, TaskCompletionSource<byte[]>> _waiting = [];
    private readonly Lock _lock = new();
    private readonly Task _reading;
    private bool _closed;

    private StreamConnection(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _stop = new CancellationTokenSource(Idle, time);
        _reading = ReadAsync();
    }

    /// <summary>True until the server or we closed it.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return !_closed;
            }
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody accepts.</exception>
    public static async Task<StreamConnection> ConnectAsync(SocketOpener open, IPEndPoint upstream, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = open(upstream.AddressFamily, SocketType.Stream);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(upstream, cancellationToken);
            return new StreamConnection(socket, time);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a question and waits for the message with its id. Writes an id that no other question on the connection has into the query.</summary>
    /// <exception cref="IOException">The connection broke before the answer came.</exception>
    public async Task<byte[]> AskAsync(byte[] query, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var id = Register(answer);
        try
        {
            BinaryPrimitives.WriteUInt16BigEndian(query, id);
            var frame = new byte[TcpFrame.PrefixSize + query.Length];
            query.CopyTo(frame, TcpFrame.PrefixSize);
            TcpFrame.Complete(frame, query.Length);
            await WriteAsync(frame, cancellationToken);
            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Forget(id);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _reading;
        await _stream.DisposeAsync();
        _stop.Dispose();
        _writing.Dispose();
    }

    private ushort Register(TaskCompletionSource<byte[]> answer)
    {
        lock (_lock)
        {
            if (_closed || _waiting.Count > ushort.MaxValue / 2)
            {
                throw new IOException("the connection is closed");
            }

            _stop.CancelAfter(Timeout.InfiniteTimeSpan);
            while (true)
            {
                var id = OutgoingQuery.RandomId();
                if (_waiting.TryAdd(id, answer))
                {
                    return id;
                }
            }
        }
    }

    private void Forget(ushort id)
    {
        lock (_lock)
        {
            _waiting.Remove(id);
            if (_waiting.Count == 0 && !_closed)
            {
                _stop.CancelAfter(Idle);
            }
        }
    }

    private async Task WriteAsync(byte[] frame, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _stream.WriteAsync(frame, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Perhaps half of it is on its way: what follows would be read in the middle of a message.
            Close();
            throw;
        }
        catch (ObjectDisposedException)
        {
            throw new IOException("the connection is closed");
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        var prefix = new byte[TcpFrame.PrefixSize];
        try
        {
            while (true)
            {
                await _stream.ReadExactlyAsync(prefix, _stop.Token);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await _stream.ReadExactlyAsync(message, _stop.Token);
                Deliver(message);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Closed by either side: whoever waits is told by Close.
        }

        Close();
    }

    /// <summary>An id that nobody waits for belongs to a question that was given up.</summary>
    private void Deliver(byte[] message)
    {
        TaskCompletionSource<byte[]>? waiting = null;
        lock (_lock)
        {
            if (message.Length >= sizeof(ushort))
            {
                _waiting.Remove(BinaryPrimitives.ReadUInt16BigEndian(message), out waiting);
            }
        }

        waiting?.TrySetResult(message);
    }

    private void Close()
    {
        TaskCompletionSource<byte[]>[] waiting;
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
            _stop.CancelAfter(TimeSpan.Zero);
        }

        _socket.Dispose();
        foreach (var answer in waiting)
        {
            answer.TrySetException(new IOException("the upstream closed the connection"));
        }
    }
}
