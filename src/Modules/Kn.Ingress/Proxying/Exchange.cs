using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Proxying;

/// <summary>One request and its answer, between a client's side and a backend's; made once a connection, or a stream.</summary>
/// <remarks>Both bodies are streamed: nothing is read from one side while something waits to be sent to the other, so what is held is bounded by
/// what one read takes. The request's head is kept, with the part of its body that came along, until the answer begins: until then
/// another backend can be asked.</remarks>
internal sealed partial class Exchange(Worker worker, IClientSide client)
{
    /// <summary>What the rewritten head may have more than the one that came: addresses, host and id.</summary>
    private const int AddedBytes = 1536;

    /// <summary>Answers before the answer; more are there to tire.</summary>
    private const int MaxInterim = 16;

    /// <summary>A request that must not be sent twice goes to a connection that was used so shortly ago that the backend will not have closed it.</summary>
    private const long FreshTime = 1_000;

    private const int SmallRead = 16 << 10;
    private const int FirstRead = 64 << 10;
    private BodyMeter _requestBody;
    private BodyMeter _answerBody;
    private Upstream? _target;
    private UpstreamEndpoint? _endpoint;
    private IUpstreamSide? _up;
    private byte[]? _request;
    private int _requestLength;
    private int _requestSent;
    private int _attempts;
    private int _interim;
    private int _readSize;
    private int _status;
    private long _startedAt;
    private ulong _idHigh;
    private ulong _idLow;
    private long _bytes;
    private byte[]? _line;
    private int _lineLength;
    private bool _isActive;
    private bool _isHead;
    private bool _isHttp11;
    private bool _keepsAlive;
    private bool _wantsUpgrade;
    private bool _expectsContinue;
    private bool _mayRepeat;
    private bool _isStreamed;
    private bool _isCutOff;
    private bool _needsFresh;
    private bool _hasBegun;
    private bool _upKeepsAlive;
    private bool _clientKeepsAlive;

    /// <summary>Begins with a request whose head was read.</summary>
    /// <param name="request">What was read.</param>
    /// <param name="head">Its bytes.</param>
    /// <param name="rest">What came after them.</param>
    public void Begin(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        Reset(request);
        BeginLine(request, head);
        var taken = _requestBody.Read(rest);
        if (taken < 0)
        {
            _isActive = false;
            DropLine();
            client.Refuse(400);
            return;
        }

        var decision = Decide(request, head, rest[..taken], out var failure);
        client.Save(rest[taken..]);
        GoOn(decision, failure);
    }

    /// <summary>Does what can be done now.</summary>
    /// <returns>Whether there may be more to do.</returns>
    public bool Step()
    {
        if (_isTunnel)
        {
            return StepTunnel();
        }

        if (client.HasEnded && _requestBody.IsDone && (_up is not null || _held is not null))
        {
            client.Close();
            return false;
        }

        if (_authUp is { } asked)
        {
            return StepAuth(asked);
        }

        if (_up is not { } up)
        {
            return false;
        }

        if (!up.TryFinishConnecting())
        {
            return Failed(isConnect: true, 502);
        }

        if (!up.IsConnected)
        {
            return false;
        }

        var went = SendRequest(up);
        if (went == Went.Nowhere || went == Went.On)
        {
            went |= StreamRequest(up);
        }

        if (went == Went.Nowhere || went == Went.On)
        {
            went |= ReadAnswer(up);
        }

        return went != Went.Nowhere;
    }

    /// <summary>Nothing has happened for too long.</summary>
    public void OnDeadline()
    {
        if (_isAsking)
        {
            RefuseAuth(504, isConnect: false);
            client.Run();
        }
        else if (_isTunnel || _hasBegun || client.HasPending || _up is not { } up)
        {
            client.Close();
        }
        else if (!up.IsConnected)
        {
            Failed(isConnect: true, 504);
            client.Run();
        }
        else
        {
            var isClient = !_requestBody.IsDone && _requestSent == _requestLength && !up.HasPending;
            if (!isClient && _retries is { OnTimeout: true })
            {
                Failed(isConnect: false, 504);
                client.Run();
                return;
            }

            Release(isReusable: false);
            Answer(isClient ? 408 : 504);
            client.Run();
        }
    }

    /// <summary>The client is gone.</summary>
    public void Abandon()
    {
        if (_isActive)
        {
            worker.Counters.Abandoned += _isTunnel ? 0 : 1;
            EndLine(_hasBegun ? _status : 499);
            Release(isReusable: false);
            DropRequest();
            DropFeatures();
            _isActive = _isTunnel = false;
        }
    }

    private void Reset(RequestHead request)
    {
        _isActive = true;
        _startedAt = worker.Timestamp;
        _requestBody = BodyMeter.Of(request.Framing, request.BodyLength);
        _answerBody = default;
        _target = null;
        _endpoint = null;
        _attempts = _interim = _status = _requestSent = _requestLength = 0;
        _readSize = FirstRead;
        _idHigh = _idLow = 0;
        _bytes = 0;
        (_isHead, _isHttp11, _keepsAlive, _wantsUpgrade, _expectsContinue, _mayRepeat) =
            (request.IsHead, request.IsHttp11, request.KeepsAlive, request.WantsUpgrade, request.ExpectsContinue, request.IsIdempotent);
        _isStreamed = _isCutOff = _needsFresh = _hasBegun = _isTunnel = _clientDone = _upDone = false;
        client.Deadline = worker.Now + worker.Settings.QuietTimeout;
        ResetFeatures();
    }

    /// <summary>Asks a backend, or the next one.</summary>
    private void Attempt()
    {
        while (_attempts < _maxAttempts)
        {
            _attempts++;
            if (_target?.Choose(ChoiceOf(_endpoint)) is not { } endpoint)
            {
                Answer(503);
                return;
            }

            _endpoint = endpoint;
            if (Reach(endpoint) is not { } up)
            {
                Unreachable(endpoint);
                continue;
            }

            endpoint.Begin();
            up.Owner = client;
            _up = up;
            _requestSent = 0;
            _isCutOff = false;
            client.Deadline = worker.Now + (up.IsConnected ? _sendTimeout : _connectTimeout);
            return;
        }

        Answer(502);
    }

    /// <summary>A way to an endpoint, be it there or not yet; null when there is none.</summary>
    private IUpstreamSide? Reach(UpstreamEndpoint endpoint)
    {
        if (_target is { Name.Protocol: var protocol } && (protocol & BackendProtocol.Http2) != 0 && !_wantsUpgrade)
        {
            return worker.Http2Upstreams.Begin(endpoint);
        }

        var up = _needsFresh ? null : worker.Pool.Take(endpoint, _mayRepeat ? long.MinValue : worker.Now - FreshTime);
        return up ?? UpstreamConnection.Begin(worker, endpoint);
    }

    private void Unreachable(UpstreamEndpoint endpoint)
    {
        worker.Counters.ConnectFailures++;
        endpoint.Rest(worker.Now + worker.Settings.RestTime);
    }

    /// <summary>The backend could not be asked, or did not answer: another is asked where that can do no harm.</summary>
    /// <param name="isConnect">Whether nothing of the request can have got there.</param>
    /// <param name="status">What the client is answered where nobody else is asked.</param>
    /// <returns>True: things have changed.</returns>
    private bool Failed(bool isConnect, int status)
    {
        var wasReused = _up is { IsReused: true };
        var isHarmless = isConnect || _mayRepeat || _up is { IsUntouched: true };
        if (isConnect && _endpoint is not null)
        {
            Unreachable(_endpoint);
        }

        Release(isReusable: false);
        if (_hasBegun)
        {
            client.Close();
            return false;
        }

        if (!_isStreamed && isHarmless && _attempts < _maxAttempts && (wasReused || MayRetry(status)))
        {
            // A kept connection that the backend has closed says nothing of the backend; a second one would say no more.
            _attempts -= wasReused ? 1 : 0;
            _needsFresh |= wasReused;
            worker.Counters.Retries++;
            Attempt();
        }
        else
        {
            Answer(status);
        }

        return true;
    }

    /// <summary>Answers in the backends' place.</summary>
    private void Answer(int status)
    {
        var lines = _answerLines.AsSpan(0, _answerLength);
        Span<byte> answer = lines.IsEmpty ? stackalloc byte[OwnAnswer.MaxLength] : worker.HeadScratch;
        Span<byte> id = stackalloc byte[32];
        WriteId(id);
        DropRequest();
        var keepsAlive = _keepsAlive && _requestBody.IsDone && !worker.IsDraining;
        var length = OwnAnswer.Write(answer, status, _idHigh == 0 ? default : id, PersistenceOf(keepsAlive), _isHead, lines);
        Count(status);
        if (client.Send(answer[..length]))
        {
            client.EndExchange(keepsAlive, _requestBody.IsDone);
        }
        else
        {
            client.Close();
        }
    }

    /// <summary>The answer is passed on.</summary>
    private void Complete()
    {
        Count(_status);
        Release(_upKeepsAlive && _requestBody.IsDone);
        client.EndExchange(_clientKeepsAlive, _requestBody.IsDone);
    }

    private void Count(int status)
    {
        _isActive = false;
        EndLine(status);
        var time = worker.Surroundings.Time.GetElapsedTime(_startedAt);
        _route?.Traffic?.Count(status, time);
        _target?.Traffic?.Count(status, time);
        DropFeatures();
        worker.Counters.Answers[Math.Min(status / 100, 5)]++;
        worker.Surroundings.Seconds?.Observe(time.TotalSeconds);
    }

    /// <summary>Lets go of the backend's connection.</summary>
    private void Release(bool isReusable)
    {
        if (_up is not { } up)
        {
            return;
        }

        _up = null;
        up.Endpoint.End();
        DropAnswerHead();
        up.Release(isReusable);
    }

    private void DropRequest()
    {
        _requestSent = _requestLength = 0;
        if (_request is not null)
        {
            worker.Buffers.Return(_request);
            _request = null;
        }
    }

    private Persistence PersistenceOf(bool keepsAlive) =>
        !keepsAlive ? Persistence.Closes : _isHttp11 ? Persistence.KeepsAlive : Persistence.KeepsAliveAloud;

    private void WriteId(Span<byte> text)
    {
        _ = System.Buffers.Text.Utf8Formatter.TryFormat(_idHigh, text, out _, new System.Buffers.StandardFormat('x', 16));
        _ = System.Buffers.Text.Utf8Formatter.TryFormat(_idLow, text[16..], out _, new System.Buffers.StandardFormat('x', 16));
    }

    /// <summary>How far a step has come.</summary>
    [Flags]
    private enum Went : byte
    {
        /// <summary>Nothing could be done.</summary>
        Nowhere = 0,

        /// <summary>Something was done.</summary>
        On = 1,

        /// <summary>The exchange is over, or goes on with another backend.</summary>
        Over = 2,
    }
}
