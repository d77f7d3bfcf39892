using Kn.Ingress.Features;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Proxying;

/// <summary>What is done with a request before a backend is asked: its route, and what the route's features make of it.</summary>
internal sealed partial class Exchange
{
    private Route? _route;
    private RouteFeatures? _features;
    private ClientLimits? _entered;
    private IpAddress _address;
    private byte[]? _answerLines;
    private int _answerLength;
    private ulong _wanted;
    private bool _setsCookie;
    private ulong? _hash;
    private long _bodyLeft;
    private long _connectTimeout;
    private long _sendTimeout;
    private long _readTimeout;
    private RetrySettings? _retries;
    private int _maxAttempts;

    /// <summary>How far a request has come.</summary>
    private enum Decision : byte
    {
        /// <summary>A backend is to be asked.</summary>
        Ask,

        /// <summary>It is answered here.</summary>
        Answered,

        /// <summary>Its client is sent to TLS.</summary>
        GoesToTls,

        /// <summary>Somebody else is asked first.</summary>
        Waits,
    }

    /// <summary>Finds where the request goes, and writes it as it goes there.</summary>
    /// <param name="request">What was read.</param>
    /// <param name="head">Its bytes.</param>
    /// <param name="body">What of the body came along.</param>
    /// <param name="failure">The status that it is answered by.</param>
    private Decision Decide(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, out int failure)
    {
        var path = PathOf(request, head);
        _route = FindRoute(request, head, path);
        failure = _route is null ? 404 : 503;
        if (_route is { Rule.TlsRedirect: true } && !request.Host(head).IsEmpty && !CameByTls(request, head))
        {
            _requestLength = OwnAnswer.WriteRedirect(worker.HeadScratch, request, head, worker.Settings.HttpsPort);
            return Decision.GoesToTls;
        }

        _features = _route?.Features;
        if (_route is not null && _features is not null)
        {
            var view = new RequestView(request, head, path, client.Identity);
            failure = Judge(_features, view, body.Length);
            if (failure != 0)
            {
                return Decision.Answered;
            }

            if (_features.BasicAuth is not null || _features.ForwardAuth is not null)
            {
                return Authenticate(request, head, body, view, out failure);
            }
        }

        return Compose(request, head, path, body, default, out failure);
    }

    /// <summary>The path that rules are found by.</summary>
    private ReadOnlySpan<byte> PathOf(RequestHead request, ReadOnlySpan<byte> head)
    {
        var path = request.Path(head);
        return RequestPath.NeedsNormalizing(path) ? worker.HeadScratch.AsSpan(0, RequestPath.Normalize(path, worker.HeadScratch)) : path;
    }

    private Route? FindRoute(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> path)
    {
        Span<byte> host = stackalloc byte[HostName.MaxLength + 2];
        return worker.Routes.Find(host[..HostName.Normalize(request.Host(head), host)], path, worker.Features.Patterns, worker.Features.Places);
    }

    /// <summary>What can be said of a request at once; 0 where it passes.</summary>
    private int Judge(RouteFeatures features, in RequestView view, int body)
    {
        var settings = features.Settings;
        _address = view.Address(worker.Settings.Trusted);
        _connectTimeout = (long?)settings.ConnectTimeout?.TotalMilliseconds ?? _connectTimeout;
        _sendTimeout = (long?)settings.SendTimeout?.TotalMilliseconds ?? _sendTimeout;
        _readTimeout = (long?)settings.ReadTimeout?.TotalMilliseconds ?? _readTimeout;
        _retries = settings.Retries;
        _maxAttempts = _retries is null ? _maxAttempts : _retries.Tries > 0 ? _retries.Tries : int.MaxValue;
        _mayRepeat |= _retries is { EvenIfUnsafe: true };
        var scratch = worker.Features;
        var status = features.Judge(view, _address, scratch);
        if (scratch.AnswerLength > 0)
        {
            _answerLines = worker.Buffers.Rent(scratch.AnswerLength + AddedBytes);
            _answerLength = scratch.AnswerLength;
            scratch.AnswerLines.AsSpan(0, _answerLength).CopyTo(_answerLines);
        }

        if (status == 0 && features.Limits is { } limits)
        {
            status = limits.TryEnter(_address, worker.Now) ? 0 : 503;
            _entered = status == 0 ? limits : null;
        }

        _bodyLeft = settings.MaxBodyBytes > 0 ? settings.MaxBodyBytes : long.MaxValue;
        return status == 0 && body > _bodyLeft ? 413 : status;
    }

    /// <summary>Writes the request as its backend gets it, and finds out which that is.</summary>
    private Decision Compose(RequestHead request, ReadOnlySpan<byte> head, ReadOnlySpan<byte> path, ReadOnlySpan<byte> body, ReadOnlySpan<byte> lines, out int failure)
    {
        failure = _route is null ? 404 : 503;
        var changes = default(RequestChanges);
        _target = _route?.Upstream;
        if (_route is { } route && (_features is not null || route.Canary is not null))
        {
            var view = new RequestView(request, head, path, client.Identity);
            _target = Choose(route, view);
            failure = 503;
            if (_features?.TryChange(view, worker.Features.Places, lines, worker.Features, out changes) == false)
            {
                failure = 400;
                _target = null;
            }
        }

        if (_target is null)
        {
            return Decision.Answered;
        }

        Span<byte> newId = stackalloc byte[32];
        scoped var id = request.RequestId(head);
        if (id.IsEmpty)
        {
            (_idHigh, _idLow) = (worker.NextRandom(), worker.NextRandom());
            WriteId(newId);
            id = newId;
        }

        _request = worker.Buffers.Rent(head.Length + AddedBytes + changes.Target.Length + changes.Lines.Length + body.Length);
        _requestLength = RequestRewriter.Write(_request, request, head, client.Identity, id, worker.Settings.Forwarded, changes);
        failure = 431;
        if (_requestLength == 0 || body.Length > _request.Length - _requestLength)
        {
            return Decision.Answered;
        }

        body.CopyTo(_request.AsSpan(_requestLength));
        _requestLength += body.Length;
        _bodyLeft -= body.Length;
        return Decision.Ask;
    }

    /// <summary>The route's backend or its canary, and which of the endpoints.</summary>
    private Upstream? Choose(Route route, in RequestView view)
    {
        var (main, canary) = (route.Upstream, route.Canary);
        var affinity = _features?.Affinity;
        _wanted = affinity?.Wanted(view) ?? 0;
        _hash = _features?.Hash(view, worker.Features);
        var target = main;
        if (canary is not null)
        {
            var keeps = affinity is { Settings.KeepsCanary: true } && _wanted != 0;
            var isCanary = keeps && main?.Has(_wanted) == true ? false
                : keeps && canary.Upstream?.Has(_wanted) == true || canary.Rules.Takes(view, worker.Features.Patterns, worker.NextRandom());
            target = isCanary ? canary.Upstream : main;
        }

        _setsCookie = affinity is not null && target?.Has(_wanted) != true;
        return target;
    }

    private EndpointChoice ChoiceOf(UpstreamEndpoint? tried) =>
        new(worker.Now, tried) { Wanted = _wanted, Hash = _hash, TakesTurns = _features?.Settings.TakesTurns == true };

    /// <summary>Lines that the answer gets, with the cookie of the endpoint that gives it.</summary>
    private ReadOnlySpan<byte> AnswerLines()
    {
        if (_features?.Affinity is { } affinity && _endpoint is { } endpoint && (_setsCookie || (affinity.Settings.ChangesOnFailure && endpoint.Id != _wanted)))
        {
            _answerLines ??= worker.Buffers.Rent(AddedBytes);
            var writer = new HeadWriter(_answerLines.AsSpan(_answerLength));
            affinity.Write(ref writer, endpoint.Id);
            _answerLength += writer.IsFull ? 0 : writer.Length;
            _setsCookie = false;
            _wanted = endpoint.Id;
        }

        return _answerLines.AsSpan(0, _answerLength);
    }

    /// <summary>Adds lines to those that the answer gets.</summary>
    private void AddAnswerLines(ReadOnlySpan<byte> lines)
    {
        var all = worker.Buffers.Rent(_answerLength + lines.Length + AddedBytes);
        _answerLines.AsSpan(0, _answerLength).CopyTo(all);
        lines.CopyTo(all.AsSpan(_answerLength));
        if (_answerLines is not null)
        {
            worker.Buffers.Return(_answerLines);
        }

        (_answerLines, _answerLength) = (all, _answerLength + lines.Length);
    }

    /// <summary>Whether an answer is none to take while others can be asked.</summary>
    private bool IsRefusedAnswer(int status) =>
        _retries is { Statuses.IsEmpty: false } && !_isStreamed && _mayRepeat && _attempts < _maxAttempts && _retries.Statuses.Contains(status);

    /// <summary>Whether the route allows another try for what would be answered by this status.</summary>
    private bool MayRetry(int status) => _retries is null || (status == 504 ? _retries.OnTimeout : _retries.OnError) || _retries.Statuses.Contains(status);

    /// <summary>Forgets what the route's features have made.</summary>
    private void DropFeatures()
    {
        DropAuth();
        _entered?.Leave(_address);
        (_entered, _features, _route) = (null, null, null);
        _answerLength = 0;
        if (_answerLines is not null)
        {
            worker.Buffers.Return(_answerLines);
            _answerLines = null;
        }
    }

    private void ResetFeatures()
    {
        DropFeatures();
        _wanted = 0;
        _hash = null;
        _setsCookie = false;
        _bodyLeft = long.MaxValue;
        _connectTimeout = worker.Settings.ConnectTimeout;
        _sendTimeout = _readTimeout = worker.Settings.QuietTimeout;
        _retries = null;
        _maxAttempts = worker.Settings.Attempts;
    }
}
