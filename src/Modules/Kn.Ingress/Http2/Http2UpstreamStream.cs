using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Linux;

namespace Kn.Ingress.Http2;

/// <summary>A request that goes to a backend by HTTP/2, and its answer.</summary>
internal sealed class Http2UpstreamStream : Http2Stream, IUpstreamSide
{
    private const int Broken = -(int)Errno.EPIPE;
    private readonly Worker _worker;
    private readonly Http2UpstreamConnection _connection;
    private bool _wasProven;
    private bool _isBroken;

    /// <summary>A stream that is not used yet.</summary>
    public Http2UpstreamStream(Worker worker, Http2UpstreamConnection connection)
        : base(connection, worker.Buffers)
    {
        _worker = worker;
        _connection = connection;
    }

    /// <inheritdoc/>
    public UpstreamEndpoint Endpoint => _connection.Endpoint;

    /// <inheritdoc/>
    public IClientSide? Owner { get; set; }

    /// <inheritdoc/>
    public bool IsConnected => _connection.IsConnected;

    /// <inheritdoc/>
    public bool IsReused => _wasProven && _connection.IsClosed;

    /// <inheritdoc/>
    public bool IsUntouched { get; private set; }

    /// <inheritdoc/>
    public bool CanRead => Waiting > 0 || HasRemoteEnded || _isBroken;

    /// <inheritdoc/>
    public bool CanWrite => _isBroken || (_connection.IsConnected && !_connection.IsFull);

    /// <summary>Whether the answer's head has come.</summary>
    public bool HasHead { get; private set; }

    /// <summary>Whether it answers a HEAD.</summary>
    public bool IsToHead { get; private set; }

    /// <summary>Whether the answer may come in chunks.</summary>
    public bool KnowsChunks { get; private set; }

    /// <summary>Begins anew; it is opened with the request's head.</summary>
    public void Begin()
    {
        Begin(_connection.FirstSendWindow, _connection.StreamWindow);
        Owner = null;
        _wasProven = _connection.IsProven;
        _isBroken = IsUntouched = HasHead = IsToHead = KnowsChunks = false;
    }

    /// <inheritdoc/>
    public bool TryFinishConnecting() => _connection.TryFinishConnecting();

    /// <inheritdoc/>
    public bool Flush() => !_isBroken;

    /// <inheritdoc/>
    public int SendSome(ReadOnlySpan<byte> bytes) => Send(bytes) ? bytes.Length : Broken;

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        if (_isBroken || IsOver)
        {
            return false;
        }

        if (Id != 0)
        {
            SendBody(bytes);
            return true;
        }

        var scanned = 0;
        var length = HeadScan.Find(bytes, ref scanned);
        if (length <= 0 || _worker.Http2.Request.Read(bytes[..length]) != HeadFault.None)
        {
            return false;
        }

        SendHead(_worker.Http2.Request, bytes[..length], bytes[length..]);
        return true;
    }

    /// <inheritdoc/>
    public void EndSending() => End();

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        var count = Take(buffer);
        return count > 0 ? count : HasRemoteEnded ? 0 : _isBroken ? Broken : Peer.NotNow;
    }

    /// <inheritdoc/>
    public void Release(bool isReusable)
    {
        Owner = null;
        if (IsOver)
        {
            return;
        }

        if (isReusable && HasLocalEnded && !HasRemoteEnded && !_isBroken)
        {
            // The answer is complete by its length; the frame that ends the stream comes behind. A reset would be taken for a nuisance.
            DropWaiting();
            Deadline = _connection.EndDeadline;
            return;
        }

        var isDone = (HasLocalEnded && HasRemoteEnded) || _isBroken || Id == 0;
        if (!isDone)
        {
            _connection.WriteReset(Id, Http2Error.Cancel);
        }

        Leave(wasResetHere: !isDone);
    }

    /// <summary>The answer's head has come, or one before it.</summary>
    public void OnHead(ReadOnlySpan<byte> head, int status, long bodyLength, bool endsStream)
    {
        AppendRaw(head);
        if (status >= 200)
        {
            HasHead = true;
            var hasBody = !IsToHead && status is not (204 or 304);
            ExpectBody(hasBody ? bodyLength : -1, hasBody && KnowsChunks && !endsStream && head.IndexOf("\r\nTransfer-Encoding: "u8) >= 0);
            if (endsStream)
            {
                EndRemote(default);
            }
        }

        OnProgress();
    }

    /// <summary>The answer has ended with trailers.</summary>
    /// <param name="trailers">The end of a chunked body.</param>
    public void OnTrailers(ReadOnlySpan<byte> trailers)
    {
        if (HasRemoteEnded || !IsBodyWhole)
        {
            Fail(Http2Error.Protocol);
            return;
        }

        EndRemote(trailers);
        OnProgress();
    }

    /// <summary>The backend does nothing with it.</summary>
    public void OnRefused()
    {
        IsUntouched = true;
        OnReset(Http2Error.RefusedStream);
    }

    /// <inheritdoc/>
    public override Http2Error OnData(int octets, ReadOnlySpan<byte> content, bool endsStream)
    {
        if (!HasHead)
        {
            return Http2Error.Protocol;
        }

        var error = base.OnData(octets, content, endsStream);
        if (Owner is null && error == Http2Error.None)
        {
            DropWaiting();
        }

        return error;
    }

    /// <inheritdoc/>
    public override bool OnReset(Http2Error error)
    {
        IsUntouched |= error == Http2Error.RefusedStream;
        Break();
        return true;
    }

    /// <inheritdoc/>
    public override void Fail(Http2Error error)
    {
        if (!IsOver && !_isBroken)
        {
            _connection.WriteReset(Id, error);
            Break();
        }
    }

    /// <inheritdoc/>
    public override void OnConnectionLost() => Break();

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        // Only one whose answer is complete has a deadline of its own.
        if (!IsOver)
        {
            _connection.WriteReset(Id, Http2Error.Cancel);
            Leave(wasResetHere: true);
        }
    }

    /// <inheritdoc/>
    protected override void OnProgress()
    {
        if (Owner is { } owner)
        {
            owner.Run();
        }
        else if (HasRemoteEnded && HasLocalEnded && !IsOver)
        {
            Leave(wasResetHere: false);
        }
    }

    private void SendHead(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        (IsToHead, KnowsChunks) = (request.IsHead, request.IsHttp11);
        var block = _connection.BeginBlock();
        block.Request(request.Method(head), Endpoint.Tls is null ? "http"u8 : "https"u8, request.Authority(head), request.Target(head));
        foreach (ref readonly var field in request.Fields.All)
        {
            var isLeftOut = field.Kind is FieldKind.Host or FieldKind.Connection or FieldKind.Hop or FieldKind.NamedHop or FieldKind.TransferEncoding or FieldKind.Upgrade;
            if (!isLeftOut)
            {
                block.Field(head.Slice(field.Start, field.NameLength), field.Value(head));
            }
        }

        // Trailers go through, whoever asked; servers of gRPC want to hear it.
        block.Field("te"u8, "trailers"u8);
        var splitter = BodySplitter.Of(request.Framing, request.BodyLength);
        Number(_connection.Open(this));
        _connection.WriteBlock(Id, block, splitter.IsDone);
        if (splitter.IsDone)
        {
            EndLocal();
        }
        else
        {
            BeginSending(splitter);
            SendBody(body);
        }
    }

    /// <summary>Nothing more comes of it but what has come already.</summary>
    private void Break()
    {
        if (IsOver || _isBroken)
        {
            return;
        }

        _isBroken = true;
        IsUntouched |= Id == 0;
        if (Owner is { } owner)
        {
            owner.Run();
        }
        else
        {
            Leave(wasResetHere: false);
        }
    }

    private void Leave(bool wasResetHere)
    {
        Finish();
        Owner = null;
        _connection.Remove(this, wasResetHere);
    }
}
