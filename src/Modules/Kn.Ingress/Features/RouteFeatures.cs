using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Features;

/// <summary>What is done with a route's requests, ready to be done. Immutable but for what it counts; for all threads.</summary>
internal sealed class RouteFeatures
{
    private readonly VariableTemplate? _redirect;
    private readonly CorsRules? _cors;
    private readonly TargetRewriter? _rewriter;
    private readonly VariableTemplate? _host;
    private readonly VariableTemplate? _hash;
    private readonly List<(byte[] Name, VariableTemplate Value)> _requestFields = [];
    private readonly byte[] _answerLines;
    private readonly byte[] _appRoot;

    /// <summary>Features of settings.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="limits">What counts, where there are limits.</param>
    /// <param name="auth">Where <see cref="ForwardAuthSettings.Service"/> is.</param>
    public RouteFeatures(RouteSettings settings, ClientLimits? limits, Upstream? auth)
    {
        Settings = settings;
        Limits = limits;
        _redirect = settings.Redirect is { } redirect ? VariableTemplate.Parse(redirect.Target) : null;
        _cors = settings.Cors is { } cors ? new CorsRules(cors) : null;
        _rewriter = settings.RewriteTarget is { } target ? new TargetRewriter(target) : null;
        _host = settings.UpstreamHost is { } host ? VariableTemplate.Parse(host) : null;
        _hash = settings.HashBy is { } hash ? VariableTemplate.Parse(hash) : null;
        _appRoot = Encoding.UTF8.GetBytes(settings.AppRoot ?? "");
        BasicAuth = settings.BasicAuth is { } basic ? new BasicAuth(basic) : null;
        ForwardAuth = settings.ForwardAuth is { } forward ? new ForwardAuth(forward, auth) : null;
        Affinity = settings.Affinity is { } affinity ? new CookieAffinity(affinity) : null;
        foreach (var field in settings.RequestFields)
        {
            _requestFields.Add((Encoding.ASCII.GetBytes(field.Name), VariableTemplate.Parse(field.Value)));
        }

        _answerLines = Encoding.UTF8.GetBytes(string.Concat(settings.AnswerFields.Select(static field => $"{field.Name}: {field.Value}\r\n")));
    }

    /// <summary>What they were made of.</summary>
    public RouteSettings Settings { get; }

    /// <summary>What clients ask; null where that is not counted.</summary>
    public ClientLimits? Limits { get; }

    /// <summary>Names and passwords; null without.</summary>
    public BasicAuth? BasicAuth { get; }

    /// <summary>Who is asked whether a request may pass; null for nobody.</summary>
    public ForwardAuth? ForwardAuth { get; }

    /// <summary>The cookie that names endpoints; null without.</summary>
    public CookieAffinity? Affinity { get; }

    /// <summary>Whether answers get fields.</summary>
    public bool ChangesAnswers => _cors is not null || _answerLines.Length > 0;

    /// <summary>Whether a request may pass, as far as it tells itself: first where it leads, then who it comes from, then how much. Names, passwords
    /// and what others say of it come after.</summary>
    /// <param name="request">The request.</param>
    /// <param name="client">Its client's address.</param>
    /// <param name="scratch">Gets the fields of the answer.</param>
    /// <returns>The status that it is answered by; 0 where it passes.</returns>
    public int Judge(in RequestView request, IpAddress client, FeatureScratch scratch)
    {
        var lines = new HeadWriter(scratch.AnswerLines);
        var status = Settings.Broken is not null ? 503 : Lead(request, ref lines);
        var isPreflight = status == 0 && _cors is not null && request.Method.SequenceEqual("OPTIONS"u8);
        if (status == 0)
        {
            status = isPreflight ? 204
                : RequestView.IsIn(client, Settings.Denied) || (!Settings.Allowed.IsEmpty && !RequestView.IsIn(client, Settings.Allowed)) ? 403
                : Settings.MaxBodyBytes > 0 && request.Framing == BodyFraming.Length && request.BodyLength > Settings.MaxBodyBytes ? 413 : 0;
        }

        _cors?.Write(ref lines, request.Field("origin"u8));
        lines.Write(_answerLines);
        scratch.AnswerLength = lines.IsFull ? 0 : lines.Length;
        return lines.IsFull ? 500 : status;
    }

    /// <summary>What is different in the request that the backend gets.</summary>
    /// <param name="request">The request.</param>
    /// <param name="places">Captures of the route's pattern.</param>
    /// <param name="more">Lines of fields that are to be in it.</param>
    /// <param name="scratch">Gets what is different.</param>
    /// <param name="changes">What is different.</param>
    /// <returns>False when it does not fit.</returns>
    public bool TryChange(scoped in RequestView request, ReadOnlySpan<int> places, ReadOnlySpan<byte> more, FeatureScratch scratch, out RequestChanges changes)
    {
        changes = default;
        var target = _rewriter is null ? 0 : _rewriter.Write(scratch.Target, request, places);
        var host = new HeadWriter(scratch.Host);
        _host?.Write(ref host, request);
        var lines = new HeadWriter(scratch.RequestLines);
        lines.Write(more);
        if (Settings.ForwardedPrefix is { Length: > 0 } prefix)
        {
            lines.Field("X-Forwarded-Prefix: "u8, Encoding.UTF8.GetBytes(prefix));
        }

        foreach (var (name, value) in _requestFields)
        {
            lines.Write(name);
            lines.Write(": "u8);
            value.Write(ref lines, request);
            lines.Write("\r\n"u8);
        }

        if ((_rewriter is not null && target == 0) || host.IsFull || lines.IsFull)
        {
            return false;
        }

        changes = new RequestChanges
        {
            Target = scratch.Target.AsSpan(0, target),
            Host = scratch.Host.AsSpan(0, host.Length),
            Lines = scratch.RequestLines.AsSpan(0, lines.Length),
            Connection = Settings.ConnectionField,
        };
        return true;
    }

    /// <summary>What the request's endpoint is chosen by; null where any will do.</summary>
    public ulong? Hash(in RequestView request, FeatureScratch scratch)
    {
        if (_hash is null)
        {
            return null;
        }

        var text = new HeadWriter(scratch.Target);
        _hash.Write(ref text, request);
        return EndpointHash.Of(scratch.Target.AsSpan(0, text.Length));
    }

    /// <summary>Where a request is sent in place of the backend.</summary>
    private int Lead(in RequestView request, ref HeadWriter lines)
    {
        if (_appRoot.Length > 0 && request.Path is [(byte)'/'])
        {
            lines.Write("Location: "u8);
            lines.Write(request.IsTls ? "https"u8 : "http"u8);
            lines.Write("://"u8);
            lines.Write(request.Authority);
            lines.Field(""u8, _appRoot);
            return 302;
        }

        if (_redirect is null)
        {
            return 0;
        }

        lines.Write("Location: "u8);
        _redirect.Write(ref lines, request);
        lines.Write("\r\n"u8);
        return Settings.Redirect!.Code;
    }
}
