using Kn.Ingress.Http;
using Kn.Ingress.Http2;
using Kn.Ingress.Http2.Frames;

namespace Kn.Ingress.Proxying;

/// <summary>A client's connection that speaks HTTP/1.1: one request after another, each carried by an <see cref="Exchange"/>.</summary>
internal sealed class ClientConnection : Peer, IClientSide
{
    /// <summary>Longest head of an answer.</summary>
    public const int MaxAnswerHead = 64 << 10;

    /// <summary>How long, and how much, is read of a client that is to hear an answer out which it has not waited for.</summary>
    private const long LingerTime = 2_000;

    /// <summary>How much one connection does before the others come.</summary>
    private const int StepsAtOnce = 32;

    /// <summary>How long idle connections are left at a stop, for the request that may be on its way.</summary>
    private const long DrainIdleTime = 3_000;

    private readonly Arrival _arrival;
    private readonly Exchange _exchange;
    private ClientIdentity? _identity;
    private State _state;
    private byte[]? _saved;
    private int _savedLength;
    private int _scanned;
    private long _lingerUntil;
    private bool _hasAsked;

    /// <summary>A connection that was taken.</summary>
    /// <param name="worker">Its worker.</param>
    /// <param name="transport">The connection's from now on.</param>
    /// <param name="arrival">How the client came.</param>
    public ClientConnection(Worker worker, ITransport transport, Arrival arrival)
        : base(worker, transport)
    {
        _arrival = arrival;
        _exchange = new Exchange(worker, this);
        CanWrite = true;
        Deadline = worker.Now + worker.Settings.HeadTimeout;
        worker.Counters.Open++;
    }

    private enum State : byte
    {
        Head,
        Exchange,
        Linger,
    }

    /// <inheritdoc/>
    public ClientIdentity Identity => _identity ??= ClientIdentity.Of(_arrival, Worker.Settings);

    /// <inheritdoc/>
    public int Room => int.MaxValue;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Saved => _saved.AsSpan(0, _savedLength);

    /// <inheritdoc/>
    public override void Run()
    {
        for (var step = 0; step < StepsAtOnce; step++)
        {
            if (IsClosed)
            {
                return;
            }

            if (!Flush())
            {
                Close();
                return;
            }

            var goesOn = _state switch
            {
                State.Head => !HasPending && ReadHead(),
                State.Exchange => _exchange.Step(),
                _ => Linger(),
            };
            if (!goesOn)
            {
                return;
            }
        }

        Worker.RunAgain(this);
    }

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        switch (_state)
        {
            case State.Head when _savedLength > 0 && !HasPending:
                Worker.Counters.TimedOut++;
                Refuse(408);
                Run();
                break;
            case State.Exchange:
                Worker.Counters.TimedOut++;
                _exchange.OnDeadline();
                break;
            default:
                Close();
                break;
        }
    }

    /// <inheritdoc/>
    public override void OnDrain()
    {
        if (_state == State.Head)
        {
            Deadline = Math.Min(Deadline, Worker.Now + DrainIdleTime);
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (!IsClosed)
        {
            Worker.Counters.Open--;
            _exchange.Abandon();
            DropSaved();
            base.Close();
        }
    }

    /// <inheritdoc/>
    public void EndExchange(bool keepsAlive, bool isAllRead)
    {
        if (keepsAlive && isAllRead)
        {
            _state = State.Head;
            Deadline = Worker.Now + (_savedLength > 0 ? Worker.Settings.HeadTimeout : Worker.IsDraining ? DrainIdleTime : Worker.Settings.IdleTimeout);
            return;
        }

        BeginLinger();
    }

    /// <inheritdoc/>
    public void Save(ReadOnlySpan<byte> bytes)
    {
        _scanned = 0;
        if (bytes.IsEmpty)
        {
            DropSaved();
            return;
        }

        var buffer = _saved;
        if (buffer is null || buffer.Length < bytes.Length)
        {
            buffer = Worker.Buffers.Rent(Math.Max(bytes.Length, Worker.Settings.MaxHeadBytes));
        }

        bytes.CopyTo(buffer);
        if (_saved is not null && !ReferenceEquals(_saved, buffer))
        {
            Worker.Buffers.Return(_saved);
        }

        _saved = buffer;
        _savedLength = bytes.Length;
    }

    /// <inheritdoc/>
    public void DropSaved()
    {
        _savedLength = _scanned = 0;
        if (_saved is not null)
        {
            Worker.Buffers.Return(_saved);
            _saved = null;
        }
    }

    /// <inheritdoc/>
    public void Refuse(int status)
    {
        Span<byte> answer = stackalloc byte[OwnAnswer.MaxLength];
        Worker.Counters.Answers[status / 100]++;
        Worker.Counters.Refused++;
        if (!Send(answer[..OwnAnswer.Write(answer, status, default, Persistence.Closes, isToHead: false)]))
        {
            Close();
            return;
        }

        DropSaved();
        BeginLinger();
    }

    private bool ReadHead()
    {
        if (_savedLength > 0 && _scanned < _savedLength)
        {
            return OnHeadBytes(Saved, isSaved: true);
        }

        if (!CanRead)
        {
            return false;
        }

        var isSaved = _savedLength > 0;
        if (isSaved)
        {
            if (_savedLength == _saved!.Length)
            {
                Refuse(431);
                return true;
            }

            var more = Receive(_saved.AsSpan(_savedLength));
            _savedLength += Math.Max(0, more);
            return more > 0 ? OnHeadBytes(Saved, isSaved: true) : OnNothing(more);
        }

        var buffer = Worker.Scratch.AsSpan(Worker.HeadRoom);
        var count = Receive(buffer);
        return count > 0 ? OnHeadBytes(buffer[..count], isSaved: false) : OnNothing(count);
    }

    private bool OnNothing(int count)
    {
        if (count != NotNow)
        {
            Close();
        }

        return false;
    }

    /// <summary>Goes on with a head of which there is something new.</summary>
    private bool OnHeadBytes(ReadOnlySpan<byte> bytes, bool isSaved)
    {
        // One empty line before a request is left out, as some clients send one after a body (RFC 9112 §2.2).
        var start = bytes.StartsWith("\r\n"u8) ? 2 : 0;
        var scanned = Math.Max(0, _scanned - start);
        var length = HeadScan.Find(bytes[start..], ref scanned);
        if (length > 0 && length <= Worker.Settings.MaxHeadBytes)
        {
            return Begin(bytes.Slice(start, length), bytes[(start + length)..]);
        }

        if (length != 0 || bytes.Length - start >= Worker.Settings.MaxHeadBytes)
        {
            Refuse(length < 0 ? 400 : 431);
            return true;
        }

        if (!isSaved)
        {
            // The first bytes of a request: from now on it is to come soon.
            Deadline = Worker.Now + Worker.Settings.HeadTimeout;
            Save(bytes);
        }

        _scanned = scanned + start;
        return CanRead;
    }

    private bool Begin(ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        if (!_hasAsked && head.SequenceEqual(FrameWriter.Preface[..FrameWriter.PrefaceHead]))
        {
            BecomeHttp2([.. head, .. rest]);
            return false;
        }

        _hasAsked = true;
        var fault = Worker.Request.Read(head);
        if (fault != HeadFault.None)
        {
            Refuse(OwnAnswer.StatusOf(fault));
            return true;
        }

        _state = State.Exchange;
        _exchange.Begin(Worker.Request, head, rest);
        return true;
    }

    /// <summary>The client knows that HTTP/2 is spoken here (RFC 9113 §3.3).</summary>
    private void BecomeHttp2(ReadOnlySpan<byte> first)
    {
        var next = new Http2ClientConnection(Worker, Transport, Identity);
        Worker.Counters.Open--;
        DropSaved();
        next.Feed(first);
        HandOver(next);
    }

    private void BeginLinger()
    {
        _state = State.Linger;
        Deadline = Worker.Now + Worker.Settings.QuietTimeout;
        _lingerUntil = 0;
    }

    /// <summary>Lets the client hear the answer out. What it still sends is read and dropped: to close on it would tear the answer away
    /// (RFC 9112 §9.6).</summary>
    private bool Linger()
    {
        if (HasPending)
        {
            return false;
        }

        if (_lingerUntil == 0)
        {
            EndSending();
            _lingerUntil = Worker.Now + LingerTime;
            Deadline = _lingerUntil;
        }

        if (!CanRead)
        {
            return false;
        }

        var count = Receive(Worker.Scratch);
        if (count > 0)
        {
            return true;
        }

        if (count != NotNow)
        {
            Close();
        }

        return false;
    }
}
