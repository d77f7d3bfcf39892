using Kn.Ingress.Features;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Proxying;

/// <summary>Waits for what somebody else says of a request: a password's hash, made on the thread pool, or another program, asked on this thread. Meanwhile
/// the request is kept as it came.</summary>
internal sealed partial class Exchange
{
    private byte[]? _held;
    private int _heldHead;
    private int _heldLength;
    private uint _turn;
    private IUpstreamSide? _authUp;
    private byte[]? _authRequest;
    private int _authLength;
    private int _authSent;
    private bool _isAsking;

    private Decision Authenticate(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, in RequestView view, out int failure)
    {
        if (_features!.BasicAuth is { } basic)
        {
            var authorization = view.Field("authorization"u8);
            failure = 401;
            switch (basic.Knows(authorization))
            {
                case false:
                    AddAnswerLines(basic.Challenge);
                    return Decision.Answered;
                case null:
                    Hold(head, body);
                    var turn = _turn;
                    failure = 503;
                    return basic.Verify(authorization, isRight => worker.Post(() => OnVerified(turn, isRight))) ? Decision.Waits : Decision.Answered;
            }
        }

        return AskOthers(request, head, body, view, out failure);
    }

    private Decision AskOthers(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, in RequestView view, out int failure)
    {
        if (_features!.ForwardAuth is not { } forward)
        {
            return Compose(request, head, view.Path, body, default, out failure);
        }

        failure = 503;
        Span<byte> url = worker.Features.Target;
        if (!forward.TryWriteUrl(url, view, out var authority, out var target))
        {
            return Decision.Answered;
        }

        var upstream = forward.Upstream ?? FindUpstream(url[authority], url[target]);
        var endpoint = upstream?.Choose(new EndpointChoice(worker.Now, null));
        if (endpoint is null)
        {
            return Decision.Answered;
        }

        Hold(head, body);
        _authRequest = worker.Buffers.Rent(head.Length + (url[authority].Length + view.Target.Length + view.Authority.Length) * 3 + url[target].Length + AddedBytes);
        _authLength = forward.WriteRequest(_authRequest, view, request, head, url[authority], url[target]);
        _authSent = 0;
        failure = _authLength > 0 ? 503 : 431;
        return _authLength > 0 && BeginAsking(endpoint) ? Decision.Waits : Decision.Answered;
    }

    private bool BeginAsking(UpstreamEndpoint endpoint)
    {
        if (Reach(endpoint) is not { } up)
        {
            Unreachable(endpoint);
            return false;
        }

        endpoint.Begin();
        up.Owner = client;
        _authUp = up;
        _isAsking = true;
        client.Deadline = worker.Now + _connectTimeout;
        return true;
    }

    /// <summary>Where a host of ours leads.</summary>
    private Upstream? FindUpstream(ReadOnlySpan<byte> authority, ReadOnlySpan<byte> target)
    {
        Span<byte> host = stackalloc byte[HostName.MaxLength + 2];
        if (!HostName.TrySplit(authority, out var length) || length > HostName.MaxLength)
        {
            return null;
        }

        var query = target.IndexOf((byte)'?');
        return worker.Routes.Find(host[..HostName.Normalize(authority[..length], host)], query < 0 ? target : target[..query])?.Upstream;
    }

    private void Hold(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        if (_held is null)
        {
            _held = worker.Buffers.Rent(head.Length + body.Length);
            head.CopyTo(_held);
            body.CopyTo(_held.AsSpan(head.Length));
            (_heldHead, _heldLength) = (head.Length, head.Length + body.Length);
        }
    }

    /// <summary>The password's hash is made. On this thread; the request may be gone by now.</summary>
    private void OnVerified(uint turn, bool isRight)
    {
        if (turn != _turn || _held is null || !_isActive)
        {
            return;
        }

        if (!isRight)
        {
            AddAnswerLines(_features!.BasicAuth!.Challenge);
        }

        var failure = 401;
        GoOn(isRight ? AskOthersAgain(out failure) : Decision.Answered, failure);
        client.Run();
    }

    private Decision AskOthersAgain(out int failure)
    {
        var head = ReadHeld(out var body);
        return AskOthers(worker.Request, head, body, new RequestView(worker.Request, head, PathOf(worker.Request, head), client.Identity), out failure);
    }

    private ReadOnlySpan<byte> ReadHeld(out ReadOnlySpan<byte> body)
    {
        var head = _held.AsSpan(0, _heldHead);
        _ = worker.Request.Read(head);
        body = _held.AsSpan(_heldHead.._heldLength);
        return head;
    }

    /// <summary>What the other program says, as far as it has.</summary>
    private bool StepAuth(IUpstreamSide up)
    {
        if (!up.TryFinishConnecting())
        {
            return RefuseAuth(502, isConnect: true);
        }

        if (!up.IsConnected)
        {
            return false;
        }

        if (_authSent < _authLength)
        {
            var sent = up.CanWrite ? up.SendSome(_authRequest.AsSpan(_authSent.._authLength)) : Peer.NotNow;
            if (sent < 0 && sent != Peer.NotNow)
            {
                return RefuseAuth(502, isConnect: up.IsReused);
            }

            _authSent += Math.Max(0, sent);
            client.Deadline = worker.Now + _readTimeout;
        }

        return up.CanRead && ReadAuthAnswer(up);
    }

    private bool ReadAuthAnswer(IUpstreamSide up)
    {
        var buffer = worker.Scratch.AsSpan(Worker.HeadRoom);
        _answerHead.AsSpan(0, _answerHeadLength).CopyTo(buffer);
        var count = up.Receive(buffer[_answerHeadLength..]);
        if (count <= 0)
        {
            return count != Peer.NotNow && RefuseAuth(502, isConnect: up.IsReused && _answerHeadLength == 0);
        }

        var bytes = buffer[..(_answerHeadLength + count)];
        var length = HeadScan.Find(bytes, ref _answerScanned);
        if (length == 0 && bytes.Length < ClientConnection.MaxAnswerHead)
        {
            KeepAnswerHead(bytes);
            return true;
        }

        if (length <= 0 || worker.Answer.Read(bytes[..length], isToHead: false) != HeadFault.None || worker.Answer.IsInterim)
        {
            return RefuseAuth(502, isConnect: false);
        }

        var rest = BodyMeter.Of(worker.Answer.Framing, worker.Answer.BodyLength);
        var isWhole = rest.Read(bytes[length..]) == bytes.Length - length && rest.IsDone;
        OnAuthAnswer(bytes[..length], isWhole && worker.Answer.KeepsAlive);
        return true;
    }

    private void OnAuthAnswer(ReadOnlySpan<byte> answerHead, bool isReusable)
    {
        var (answer, forward) = (worker.Answer, _features!.ForwardAuth!);
        var head = ReadHeld(out var body);
        var path = PathOf(worker.Request, head);
        _ = _route!.Pattern?.IsMatch(path, worker.Features.Patterns, worker.Features.Places);
        var view = new RequestView(worker.Request, head, path, client.Identity);
        var lines = new HeadWriter(worker.Features.AnswerLines);
        if (answer.Status is >= 200 and < 300)
        {
            forward.WriteFields(answer, answerHead, ref lines);
            LeaveAuth(isReusable);
            var decision = Decision.Answered;
            var failure = 502;
            if (!lines.IsFull)
            {
                decision = Compose(worker.Request, head, path, body, worker.Features.AnswerLines.AsSpan(0, lines.Length), out failure);
            }

            GoOn(decision, failure);
            return;
        }

        var status = forward.Refuse(answer.Status, answer, answerHead, view, ref lines);
        LeaveAuth(isReusable);
        AddAnswerLines(worker.Features.AnswerLines.AsSpan(0, lines.IsFull ? 0 : lines.Length));
        GoOn(Decision.Answered, lines.IsFull ? 500 : status);
    }

    /// <summary>Whoever is to be asked cannot be: nobody passes.</summary>
    private bool RefuseAuth(int status, bool isConnect)
    {
        if (_authUp is { } up && isConnect)
        {
            var endpoint = up.Endpoint;
            var wasReused = up.IsReused;
            LeaveAuth(isReusable: false);
            if (!wasReused)
            {
                Unreachable(endpoint);
            }

            if (++_attempts < _maxAttempts)
            {
                _needsFresh |= wasReused;
                _authSent = 0;
                if (AskOthersAgain(out _) == Decision.Waits)
                {
                    return true;
                }
            }
        }

        LeaveAuth(isReusable: false);
        GoOn(Decision.Answered, status);
        return true;
    }

    /// <summary>Goes on with a request that has waited.</summary>
    private void GoOn(Decision decision, int failure)
    {
        switch (decision)
        {
            case Decision.Ask:
                DropHeld();
                (_attempts, _needsFresh) = (0, false);
                Attempt();
                break;
            case Decision.Answered:
                DropHeld();
                Answer(failure);
                break;
            case Decision.GoesToTls:
                Redirect();
                break;
        }
    }

    private void LeaveAuth(bool isReusable)
    {
        _isAsking = false;
        DropAnswerHead();
        if (_authRequest is not null)
        {
            worker.Buffers.Return(_authRequest);
            _authRequest = null;
        }

        if (_authUp is { } up)
        {
            _authUp = null;
            up.Endpoint.End();
            up.Release(isReusable);
        }
    }

    private void DropHeld()
    {
        if (_held is not null)
        {
            worker.Buffers.Return(_held);
            _held = null;
        }
    }

    private void DropAuth()
    {
        _turn++;
        LeaveAuth(isReusable: false);
        DropHeld();
    }
}
