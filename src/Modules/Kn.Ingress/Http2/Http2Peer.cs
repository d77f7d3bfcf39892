using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Hpack;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>A connection that speaks HTTP/2 (RFC 9113): frames in, frames out, and the state that both ends share. For the worker's thread.</summary>
/// <remarks>What streams write is gathered, and sent when the worker has been through its events: many answers leave in one piece. While the peer does not take
/// what is sent, nothing is received from it, and streams make nothing for it: so what is held is bounded by windows and one buffer.</remarks>
internal abstract partial class Http2Peer(Worker worker, ITransport transport) : Peer(worker, transport)
{
    private const int OutBytes = 32 << 10;
    private const int StepsAtOnce = 16;

    /// <summary>How long a peer may take to hear an error out.</summary>
    private const long LingerTime = 1_000;

    private readonly HpackEncoder _encoder = new();
    private byte[]? _out;
    private int _outLength;
    private byte[]? _partial;
    private int _partialLength;
    private bool _isScheduled;
    private bool _isRunning;
    private bool _isBroken;
    private bool _isLingering;
    private long _ownDeadline = long.MaxValue;

    /// <summary>Whether more should not be made for it now.</summary>
    public bool IsFull => HasPending || _isLingering;

    /// <summary>The streams that are open, or being closed.</summary>
    protected Dictionary<int, Http2Stream> Streams { get; } = [];

    /// <summary>Whether an error, or an end, was said: nothing is taken any more.</summary>
    protected bool IsLingering => _isLingering;

    /// <summary>Until when there is patience with the connection itself.</summary>
    protected long OwnDeadline => _ownDeadline;

    /// <summary>Whether its socket is there.</summary>
    protected virtual bool IsThere => true;

    /// <inheritdoc/>
    public override void Run()
    {
        if (IsClosed)
        {
            return;
        }

        _isScheduled = false;
        _isRunning = true;
        if (!FlushAndResume() || !Read())
        {
            Close();
            return;
        }

        RunStreams();
        PushOut();
        _isRunning = false;
        if (_isBroken || IsOver())
        {
            Close();
        }
    }

    /// <summary>Wakes it at that time at the latest.</summary>
    public void WakeBy(long deadline) => Deadline = Math.Min(Deadline, deadline);

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        if (Worker.Now >= _ownDeadline)
        {
            _ownDeadline = long.MaxValue;
            if (_isLingering || HasPending || !OnOwnDeadline())
            {
                Close();
                return;
            }
        }

        foreach (var stream in Snapshot())
        {
            if (Worker.Now >= stream.Deadline && !stream.IsOver)
            {
                stream.Deadline = long.MaxValue;
                stream.OnDeadline();
            }
        }

        Deadline = _ownDeadline;
        foreach (var stream in Snapshot())
        {
            WakeBy(stream.Deadline);
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (IsClosed)
        {
            return;
        }

        DropBuffers();
        base.Close();
        foreach (var stream in Snapshot())
        {
            stream.OnConnectionLost();
        }

        Streams.Clear();
    }

    /// <summary>Sets until when the connection itself has patience.</summary>
    protected void SetOwnDeadline(long deadline)
    {
        _ownDeadline = deadline;
        WakeBy(deadline);
    }

    /// <summary>Goes on with streams that have let others come first.</summary>
    protected virtual void RunStreams()
    {
    }

    /// <summary>Patience with the connection itself is at an end.</summary>
    /// <returns>False when it is to be closed.</returns>
    protected abstract bool OnOwnDeadline();

    /// <summary>Whether nothing is left to be done, and nothing can come.</summary>
    protected abstract bool IsOver();

    /// <summary>All streams there are now: going through them may end some.</summary>
    protected virtual IReadOnlyList<Http2Stream> Snapshot() => [.. Streams.Values];

    /// <summary>Writes frames.</summary>
    /// <param name="bytes">How many octets at most.</param>
    protected Span<byte> Reserve(int bytes)
    {
        if (_out is not null && _out.Length - _outLength < bytes)
        {
            PushOut();
        }

        _out ??= Worker.Buffers.Rent(Math.Max(bytes, OutBytes));
        return _out.AsSpan(_outLength, bytes);
    }

    /// <summary>Has so many octets of what was reserved sent, soon.</summary>
    protected void Commit(int bytes)
    {
        _outLength += bytes;
        if (!_isScheduled && !_isRunning)
        {
            _isScheduled = true;
            Worker.RunAgain(this);
        }
    }

    /// <summary>Tells the peer why it is the end, and lets it hear that out.</summary>
    /// <param name="last">The last stream that something was done with.</param>
    /// <param name="error">Why.</param>
    protected void GoAwayForGood(int last, Http2Error error)
    {
        if (_isLingering || IsClosed)
        {
            return;
        }

        Commit(FrameWriter.GoAway(Reserve(FrameHeader.Size + 8), last, error));
        _isLingering = true;
        foreach (var stream in Snapshot())
        {
            stream.OnConnectionLost();
        }

        Streams.Clear();
        LingerOut();
    }

    /// <summary>Sends what is left, and lets the peer hear it out.</summary>
    protected void LingerOut()
    {
        PushOut();
        _isLingering = true;
        SetOwnDeadline(Worker.Now + LingerTime);
        if (!HasPending)
        {
            EndSending();
        }
    }

    private void DropBuffers()
    {
        _outLength = 0;
        if (_out is not null)
        {
            Worker.Buffers.Return(_out);
            _out = null;
        }

        DropPartial();
        DropBlock();
    }

    private bool FlushAndResume()
    {
        if (!HasPending)
        {
            return true;
        }

        if (CanWrite)
        {
            // The peer has taken something: it is there.
            SetOwnDeadline(Worker.Now + Worker.Settings.QuietTimeout);
        }

        if (!Flush())
        {
            return false;
        }

        if (!HasPending)
        {
            AfterFlush();
        }

        return true;
    }

    private void AfterFlush()
    {
        if (_isLingering)
        {
            EndSending();
            return;
        }

        SetOwnDeadline(DeadlineNow());
        ResumeStreams();
    }

    /// <summary>Until when there is patience with the connection itself, as things are.</summary>
    protected abstract long DeadlineNow();

    /// <summary>Goes on with all streams: there is room again.</summary>
    protected void ResumeStreams()
    {
        foreach (var stream in Snapshot())
        {
            if (!stream.IsOver)
            {
                stream.Resume();
            }
        }
    }

    private void PushOut()
    {
        if (_out is null || !IsThere)
        {
            return;
        }

        var wasFull = HasPending;
        _isBroken |= _outLength > 0 && !Send(_out.AsSpan(0, _outLength));
        _outLength = 0;
        Worker.Buffers.Return(_out);
        _out = null;
        if (HasPending && !wasFull)
        {
            SetOwnDeadline(Worker.Now + Worker.Settings.QuietTimeout);
        }
    }

    /// <summary>Takes what is there; false at the end.</summary>
    private bool Read()
    {
        for (var step = 0; CanRead && !HasPending; step++)
        {
            if (step == StepsAtOnce)
            {
                Worker.RunAgain(this);
                return true;
            }

            var frames = Worker.Http2.Frames;
            Partial.CopyTo(frames);
            var count = Receive(frames.AsSpan(_partialLength));
            if (count == NotNow)
            {
                return true;
            }

            if (count <= 0)
            {
                return false;
            }

            Take(frames.AsSpan(0, _partialLength + count));
            if (IsClosed)
            {
                return false;
            }
        }

        return true;
    }

    private ReadOnlySpan<byte> Partial => _partial.AsSpan(0, _partialLength);

    /// <summary>Takes what was received before it was known what the connection speaks.</summary>
    public void Feed(ReadOnlySpan<byte> first)
    {
        // They are where heads are spelled.
        var copy = Worker.Buffers.Rent(first.Length);
        first.CopyTo(copy);
        for (var at = 0; at < first.Length && !IsClosed;)
        {
            var frames = Worker.Http2.Frames;
            var count = Math.Min(first.Length - at, frames.Length - _partialLength);
            Partial.CopyTo(frames);
            copy.AsSpan(at, count).CopyTo(frames.AsSpan(_partialLength));
            at += count;
            Take(frames.AsSpan(0, _partialLength + count));
        }

        Worker.Buffers.Return(copy);
    }

    /// <summary>Goes through what has come, and keeps the part of a frame at its end.</summary>
    private void Take(ReadOnlySpan<byte> bytes)
    {
        var rest = _isLingering ? default : bytes[ReadFrames(bytes)..];
        if (_isLingering || IsClosed || rest.IsEmpty)
        {
            DropPartial();
            return;
        }

        if (_partial is null || _partial.Length < rest.Length)
        {
            DropPartial();
            _partial = Worker.Buffers.Rent(rest.Length);
        }

        rest.CopyTo(_partial);
        _partialLength = rest.Length;
    }

    private void DropPartial()
    {
        _partialLength = 0;
        if (_partial is not null)
        {
            Worker.Buffers.Return(_partial);
            _partial = null;
        }
    }
}
