using System.Buffers;
using System.Net.Sockets;
using System.Threading.Channels;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>One client's connection.</summary>
/// <remarks>Queries are read as they come, and answered as the answers are ready. Not more of them than <see cref="TcpOptions.MaxPending"/>
/// wait for their answers, nor for the client to take these: the connection is not read meanwhile, so that TCP itself holds the client up.</remarks>
internal sealed class TcpConnection : IReplySource, IDisposable
{
    private const int FirstBuffer = 2048;
    private const int FrameBytes = TcpFrame.PrefixSize + ushort.MaxValue;

    private readonly Socket _socket;
    private readonly IpAddress _client;
    private readonly TcpContext _context;
    private readonly SemaphoreSlim _free;
    private readonly Channel<Frame> _frames = Channel.CreateUnbounded<Frame>(new UnboundedChannelOptions { SingleReader = true });
    private byte[] _received = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _start;
    private int _end;
    private int _pending;
    private bool _isReadToTheEnd;
    private bool _hasAsked;

    /// <summary>The server is about to go: who has asked and been answered is asked to come again, to the next one.</summary>
    public CancellationToken Closing { get; init; }

    /// <summary>A connection that was accepted.</summary>
    public TcpConnection(Socket socket, IpAddress client, TcpContext context)
    {
        _socket = socket;
        _client = client;
        _context = context;
        _free = new SemaphoreSlim(context.Options.MaxPending);
    }

    /// <summary>Serves until the client hangs up, is silent too long or does not take its answers.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(stop.Token);
        var reading = ReadAsync(stop.Token);
        try
        {
            // A writer that has given up leaves a reader that waits for room.
            if (await Task.WhenAny(reading, writing) == writing)
            {
                return;
            }

            await reading;

            // The client has said all: it still gets what it asked for.
            Volatile.Write(ref _isReadToTheEnd, true);
            EndWhenAnswered();
            await writing.WaitAsync(_context.Options.IdleTimeout, _context.Time, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(reading, writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public IReplyTo ReplyTo(int slot) => new FrameReply(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        _frames.Writer.TryComplete();
        while (_frames.Reader.TryRead(out var frame))
        {
            ArrayPool<byte>.Shared.Return(frame.Bytes);
        }

        ArrayPool<byte>.Shared.Return(_received);
        _free.Dispose();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (await ReceiveAsync(cancellationToken))
        {
            while (TryTakeQuery(out var query))
            {
                await _free.WaitAsync(cancellationToken);
                Interlocked.Increment(ref _pending);
                _hasAsked = true;
                Handle(query);
            }
        }
    }

    /// <summary>Receives more; false when the client has nothing more to say.</summary>
    private async Task<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        MakeRoom();

        // A connection is made in order to ask: one that has not asked yet, or is about to, is heard even when the server closes.
        var mayClose = _hasAsked && _end == 0 && !(Closing.IsCancellationRequested && _socket.Available > 0);
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, mayClose ? Closing : CancellationToken.None);
        idle.CancelAfter(_context.Options.IdleTimeout);
        try
        {
            var received = await _socket.ReceiveAsync(_received.AsMemory(_end), SocketFlags.None, idle.Token);
            _end += received;
            return received > 0;
        }
        catch (OperationCanceledException) when (mayClose && Closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return _socket.Available > 0 && await ReceiveAsync(cancellationToken);
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _received.AsSpan(_start, _end - _start).CopyTo(_received);
            _end -= _start;
            _start = 0;
        }

        if (_end == _received.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_received.Length * 4, FrameBytes));
            _received.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_received);
            _received = larger;
        }
    }

    private bool TryTakeQuery(out ReadOnlyMemory<byte> query)
    {
        query = default;
        if (!TcpFrame.TryRead(_received.AsSpan(_start, _end - _start), out var message, out var consumed))
        {
            return false;
        }

        query = _received.AsMemory(_start + TcpFrame.PrefixSize, message.Length);
        _start += consumed;
        return true;
    }

    private void Handle(ReadOnlyMemory<byte> query)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(FrameBytes);
        int length;
        lock (_context.Gate)
        {
            var state = _context.State;
            state.StartedAt = _context.Time.GetTimestamp();
            state.Now = (uint)_context.Time.GetElapsedTime(0, state.StartedAt).TotalMilliseconds;
            var forwarded = state.Counters.Events(ServingEvent.Forwarded);
            length = _context.Handler.Handle(query.Span, _client, DnsTransport.Tcp, bytes.AsSpan(TcpFrame.PrefixSize, ushort.MaxValue), state, this, 0);
            if (length == 0)
            {
                ArrayPool<byte>.Shared.Return(bytes);
                if (state.Counters.Events(ServingEvent.Forwarded) == forwarded)
                {
                    // Silence is the answer.
                    Answered();
                }

                return;
            }

            _context.Seconds.Observe(_context.Time.GetElapsedTime(state.StartedAt));
        }

        Send(new Frame(bytes, TcpFrame.Complete(bytes, length)));
    }

    private void Send(Frame frame)
    {
        if (!_frames.Writer.TryWrite(frame))
        {
            ArrayPool<byte>.Shared.Return(frame.Bytes);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await foreach (var frame in _frames.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                using var slow = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                slow.CancelAfter(_context.Options.IdleTimeout);
                for (var sent = 0; sent < frame.Length;)
                {
                    sent += await _socket.SendAsync(frame.Bytes.AsMemory(sent, frame.Length - sent), SocketFlags.None, slow.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                // Who does not take the answers gets no more of them.
                _socket.Close();
                return;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(frame.Bytes);
            }

            Answered();
        }
    }

    private void Answered()
    {
        Interlocked.Decrement(ref _pending);
        _free.Release();
        EndWhenAnswered();
    }

    private void EndWhenAnswered()
    {
        if (Volatile.Read(ref _isReadToTheEnd) && Volatile.Read(ref _pending) == 0)
        {
            _frames.Writer.TryComplete();
        }
    }

    private readonly record struct Frame(byte[] Bytes, int Length);

    /// <summary>May come when the connection is long gone.</summary>
    private sealed class FrameReply(TcpConnection connection) : IReplyTo
    {
        public void Reply(ReadOnlySpan<byte> response)
        {
            var bytes = ArrayPool<byte>.Shared.Rent(TcpFrame.PrefixSize + response.Length);
            response.CopyTo(bytes.AsSpan(TcpFrame.PrefixSize));
            connection.Send(new Frame(bytes, TcpFrame.Complete(bytes, response.Length)));
        }
    }
}
