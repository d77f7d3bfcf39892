using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>A request that came by HTTP/2, and its answer.</summary>
internal sealed class Http2ClientStream : Http2Stream, IClientSide
{
    private const int StepsAtOnce = 16;
    private readonly Worker _worker;
    private readonly Http2ClientConnection _connection;
    private readonly Exchange _exchange;
    private bool _isHead;
    private bool _hasAnswered;
    private bool _isExchanged;

    /// <summary>A stream that is not used yet.</summary>
    public Http2ClientStream(Worker worker, Http2ClientConnection connection)
        : base(connection, worker.Buffers)
    {
        _worker = worker;
        _connection = connection;
        _exchange = new Exchange(worker, this);
    }

    /// <inheritdoc/>
    public ClientIdentity Identity => _connection.Identity;

    /// <inheritdoc/>
    public bool CanRead => Waiting > 0 || HasRemoteEnded;

    /// <inheritdoc/>
    /// <remarks>A client that gives a request up resets its stream, which ends it here at once.</remarks>
    public bool HasEnded => false;

    /// <inheritdoc/>
    public int Room => Window;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Saved => default;

    /// <summary>Begins with a request whose head was read.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="head">The head, as HTTP/1.1 has it; the worker's <see cref="RequestHead"/> has read it.</param>
    /// <param name="endsStream">Whether that is all.</param>
    /// <param name="bodyLength">How long the body is; -1 where nobody says.</param>
    public void Begin(int id, ReadOnlySpan<byte> head, bool endsStream, long bodyLength)
    {
        BeginAnswer(id, _worker.Request.IsHead, endsStream);
        ExpectBody(bodyLength, _worker.Request.Framing == BodyFraming.Chunked);
        _exchange.Begin(_worker.Request, head, default);
        Run();
    }

    /// <summary>Answers a request that goes nowhere.</summary>
    public void BeginRefused(int id, bool endsStream, int status)
    {
        BeginAnswer(id, isHead: false, endsStream);
        Refuse(status);
    }

    /// <summary>The body has ended with trailers.</summary>
    /// <param name="trailers">The end of a chunked body.</param>
    public void OnTrailers(ReadOnlySpan<byte> trailers)
    {
        if (!IsBodyWhole)
        {
            Fail(Http2Error.Protocol);
            return;
        }

        EndRemote(trailers);
        Run();
    }

    /// <summary>Whether the client may still send a body.</summary>
    public bool IsOpen => !HasRemoteEnded;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        var count = Take(buffer);
        return count > 0 ? count : HasRemoteEnded ? 0 : Peer.NotNow;
    }

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        if (IsOver)
        {
            return false;
        }

        if (_hasAnswered)
        {
            SendBody(bytes);
            return true;
        }

        var scanned = 0;
        var length = HeadScan.Find(bytes, ref scanned);
        if (length <= 0 || _worker.Http2.Answer.Read(bytes[..length], _isHead) != HeadFault.None)
        {
            return false;
        }

        SendHead(_worker.Http2.Answer, bytes[..length], bytes[length..]);
        return true;
    }

    /// <inheritdoc/>
    public void EndSending()
    {
        if (!IsOver)
        {
            End();
        }
    }

    /// <inheritdoc/>
    public void Save(ReadOnlySpan<byte> bytes)
    {
    }

    /// <inheritdoc/>
    public void DropSaved()
    {
    }

    /// <inheritdoc/>
    public void Run()
    {
        for (var step = 0; step < StepsAtOnce; step++)
        {
            if (IsOver || _isExchanged || !_exchange.Step())
            {
                return;
            }
        }

        if (!IsOver && !_isExchanged)
        {
            _connection.RunAgain(this);
        }
    }

    /// <inheritdoc/>
    public void Refuse(int status)
    {
        Span<byte> answer = stackalloc byte[OwnAnswer.MaxLength];
        _worker.Counters.Answers[status / 100]++;
        _worker.Counters.Refused++;
        Send(answer[..OwnAnswer.Write(answer, status, default, Persistence.KeepsAlive, _isHead)]);
        EndExchange(keepsAlive: true, HasRemoteEnded);
    }

    /// <inheritdoc/>
    public void EndExchange(bool keepsAlive, bool isAllRead)
    {
        _isExchanged = true;
        Deadline = _worker.Now + _worker.Settings.QuietTimeout;
        DropWaiting();
        End();
        Conclude();
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (HasLocalEnded && HasRemoteEnded)
        {
            Leave();
        }
        else
        {
            Break(Http2Error.Internal);
        }
    }

    /// <inheritdoc/>
    public override void Fail(Http2Error error) => Break(error);

    /// <inheritdoc/>
    public override bool OnReset(Http2Error error)
    {
        var isWaste = !_isExchanged;
        Leave();
        return !isWaste || _connection.MayReset();
    }

    /// <inheritdoc/>
    public override void OnConnectionLost() => Leave();

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        _worker.Counters.TimedOut++;
        if (_isExchanged)
        {
            Break(Http2Error.Cancel);
        }
        else
        {
            _exchange.OnDeadline();
        }
    }

    /// <inheritdoc/>
    public override Http2Error OnData(int octets, ReadOnlySpan<byte> content, bool endsStream)
    {
        var error = base.OnData(octets, content, endsStream);
        if (_isExchanged && error == Http2Error.None)
        {
            // The answer is there already: the rest of the request goes nowhere.
            DropWaiting();
        }

        return error;
    }

    /// <inheritdoc/>
    protected override void OnProgress()
    {
        if (_isExchanged)
        {
            Conclude();
        }
        else
        {
            Run();
        }
    }

    private void BeginAnswer(int id, bool isHead, bool endsStream)
    {
        Begin(_connection.FirstSendWindow, _connection.StreamWindow);
        Number(id);
        (_isHead, _hasAnswered, _isExchanged) = (isHead, false, false);
        if (endsStream)
        {
            EndRemote(default);
        }
    }

    private void SendHead(ResponseHead answer, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var isUpgraded = answer.Status == 101;
        var block = _connection.BeginBlock();
        block.Status(isUpgraded ? 200 : answer.Status);
        foreach (ref readonly var field in answer.Fields.All)
        {
            // Of the connection that HTTP/1.1 has, nothing is left; a WebSocket's key was Kn's own (RFC 8441 §5).
            var name = head.Slice(field.Start, field.NameLength);
            var isLeftOut = field.Kind is FieldKind.Connection or FieldKind.Hop or FieldKind.NamedHop or FieldKind.TransferEncoding or FieldKind.Upgrade
                || (isUpgraded && FieldKinds.Is(name, "sec-websocket-accept"u8));
            if (!isLeftOut)
            {
                block.Field(name, field.Value(head));
            }
        }

        _hasAnswered = !answer.IsInterim;
        var splitter = BodySplitter.Of(isUpgraded ? BodyFraming.UntilClose : answer.Framing, answer.BodyLength);
        var endsStream = _hasAnswered && splitter.IsDone;
        _connection.WriteBlock(Id, block, endsStream);
        if (endsStream)
        {
            EndLocal();
        }
        else if (_hasAnswered)
        {
            BeginSending(splitter);
            SendBody(body);
        }
    }

    /// <summary>Ends the stream, once everything is said.</summary>
    private void Conclude()
    {
        if (IsOver || !HasLocalEnded)
        {
            return;
        }

        if (!HasRemoteEnded)
        {
            // The answer is complete, and no more of the request is wanted (RFC 9113 §8.1).
            _connection.WriteReset(Id, Http2Error.None);
        }

        _connection.OnAnswered();
        Finish();
        _connection.Remove(this, wasReset: !HasRemoteEnded);
    }

    private void Break(Http2Error error)
    {
        if (IsOver)
        {
            return;
        }

        _connection.WriteReset(Id, error);
        Finish();
        _exchange.Abandon();
        _connection.Remove(this, wasReset: true);
    }

    private void Leave()
    {
        if (!IsOver)
        {
            Finish();
            _exchange.Abandon();
            _connection.Remove(this, wasReset: false);
        }
    }
}
