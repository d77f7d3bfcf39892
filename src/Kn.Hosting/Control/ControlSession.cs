using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Control;

/// <summary>One connection of the control socket: reads the request, calls its handler, writes the answer.</summary>
internal sealed class ControlSession(ControlHandlers handlers, ControlMetrics metrics, ILogger logger, TimeProvider time)
{
    private const int FirstBufferBytes = 16 * 1024;

    /// <summary>A caller that is Kn sends its request at once.</summary>
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits for the handler of a module that starts: well beyond a start, well below what runtimes bear.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(5);

    /// <summary>Longer than any handler needs; container runtimes give a CNI call up to a few minutes.</summary>
    private static readonly TimeSpan HandlerLimit = TimeSpan.FromMinutes(2);

    internal async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        ControlRequest request;
        try
        {
            request = ControlFrame.DecodeRequest(await ReadFrameAsync(socket, cancellationToken));
        }
        catch (Exception exception) when (exception is WireFormatException or SocketException)
        {
            metrics.Garbage.Increment();
            ControlLog.Garbage(logger, exception.Message);
            return;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            metrics.Garbage.Increment();
            ControlLog.Garbage(logger, "it did not come in time");
            return;
        }

        await AnswerAsync(socket, request, cancellationToken);
    }

    private async Task AnswerAsync(Socket socket, ControlRequest request, CancellationToken cancellationToken)
    {
        metrics.Requests.Increment();
        metrics.Active.Add(1);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchCallerAsync(socket, gone);
        ControlResponse answer;
        try
        {
            answer = await HandleAsync(request, gone.Token);
            answer = answer.Pieces is { } pieces ? await StreamAsync(socket, request.Verb, answer, pieces, gone.Token) : answer;
        }
        finally
        {
            metrics.Active.Add(-1);
            await gone.CancelAsync();
            await watch;
        }

        using var limit = new CancellationTokenSource(ReadLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await WriteAsync(socket, answer.ExitCode, answer.Body, both.Token);
    }

    private async Task<ReadOnlyMemory<byte>> ReadFrameAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ReadLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var prefix = new byte[ControlProtocol.PrefixBytes];
        await ReadExactlyAsync(socket, prefix, both.Token);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(prefix);
        if (length > ControlProtocol.LargestBytes)
        {
            throw new WireFormatException($"a request of {length} bytes is too long");
        }

        // Memory follows the bytes that came, not the length that was claimed.
        var frame = new byte[Math.Min(length, FirstBufferBytes)];
        var filled = 0;
        while (true)
        {
            await ReadExactlyAsync(socket, frame.AsMemory(filled), both.Token);
            filled = frame.Length;
            if (filled == length)
            {
                return frame;
            }

            Array.Resize(ref frame, (int)Math.Min(length, frame.Length * 2L));
        }
    }

    private async Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken gone)
    {
        using var limit = new CancellationTokenSource(HandlerLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, gone);
        var start = time.GetTimestamp();
        try
        {
            await SettleAsync(request.Verb, both.Token);
            return handlers.Find(request.Verb) is { } handler
                ? await handler(request, both.Token)
                : new ControlResponse(ControlProtocol.NoHandler, Encoding.UTF8.GetBytes($"this agent does not answer '{request.Verb}' (yet)"));
        }
#pragma warning disable CA1031 // The per-connection boundary: one request's fault must not end the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Failed(exception, request.Verb, both.IsCancellationRequested);
        }
        finally
        {
            metrics.Seconds.Observe(time.GetElapsedTime(start));
        }
    }

    /// <summary>Sends pieces until there are no more, or nobody listens. A listener that reads slowly is waited for: what it misses meanwhile is the
    /// handler's to drop.</summary>
    private async Task<ControlResponse> StreamAsync(Socket socket, string verb, ControlResponse answer, IAsyncEnumerable<ReadOnlyMemory<byte>> pieces, CancellationToken gone)
    {
        try
        {
            await foreach (var piece in pieces.WithCancellation(gone))
            {
                await WriteAsync(socket, ControlProtocol.Piece, piece, gone);
            }

            return answer;
        }
#pragma warning disable CA1031 // As above.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Failed(exception, verb, gone.IsCancellationRequested || exception is SocketException);
        }
    }

    /// <summary>Waits a while for a handler that is on its way: a call that comes while the agent starts is a matter of milliseconds.</summary>
    private async Task SettleAsync(string verb, CancellationToken cancellationToken)
    {
        try
        {
            await handlers.WhenSettled(verb).WaitAsync(StartLimit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            ControlLog.NotStarted(logger, verb);
        }
    }

    private ControlResponse Failed(Exception exception, string verb, bool cancelled)
    {
        if (cancelled && exception is (OperationCanceledException or SocketException))
        {
            ControlLog.CallerGone(logger, verb);
        }
        else
        {
            metrics.Failures.Increment();
            ControlLog.HandlerFailed(logger, exception, verb);
        }

        return new ControlResponse(ControlProtocol.HandlerFailed, Encoding.UTF8.GetBytes(exception.Message));
    }

    /// <summary>Cancels the handler when the caller hangs up, so that a CNI call that was killed is undone.</summary>
    private static async Task WatchCallerAsync(Socket socket, CancellationTokenSource gone)
    {
        try
        {
            if (await socket.ReceiveAsync(new byte[1], SocketFlags.None, gone.Token) == 0)
            {
                await gone.CancelAsync();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await gone.CancelAsync();
        }
    }

    private static async Task WriteAsync(Socket socket, int exitCode, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var frame = new byte[ControlProtocol.AnswerHeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, exitCode);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), (uint)body.Length);
        body.Span.CopyTo(frame.AsSpan(ControlProtocol.AnswerHeaderBytes));
        ReadOnlyMemory<byte> rest = frame;
        while (!rest.IsEmpty)
        {
            rest = rest[await socket.SendAsync(rest, SocketFlags.None, cancellationToken)..];
        }
    }

    private static async Task ReadExactlyAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, SocketFlags.None, cancellationToken);
            if (count == 0)
            {
                throw new WireFormatException("the caller hung up in the middle of its request");
            }

            bytes = bytes[count..];
        }
    }
}
