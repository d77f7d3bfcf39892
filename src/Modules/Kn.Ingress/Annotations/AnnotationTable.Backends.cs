using Kn.Ingress.Routing;
using Kn.Primitives;
using static Kn.Ingress.Annotations.AnnotationValues;
using static Kn.Ingress.Annotations.KnownAnnotation;

namespace Kn.Ingress.Annotations;

/// <summary>How backends are asked: protocol, times, fields, choice of an endpoint.</summary>
internal static partial class AnnotationTable
{
    private static IEnumerable<KnownAnnotation> Backends() =>
    [
        Done("backend-protocol", static (draft, text) => text.ToUpperInvariant() switch
        {
            "HTTP" => Set(draft, draft.Settings with { Protocol = BackendProtocol.Http1 }),
            "HTTPS" => Set(draft, draft.Settings with { Protocol = BackendProtocol.Tls }),
            "GRPC" => Set(draft, draft.Settings with { Protocol = BackendProtocol.Http2 }),
            "GRPCS" => Set(draft, draft.Settings with { Protocol = BackendProtocol.Http2 | BackendProtocol.Tls }),
            _ => "must be HTTP, HTTPS, GRPC or GRPCS; FCGI and AUTO_HTTP are not spoken",
        }),
        Done("proxy-connect-timeout", static (draft, text) => Time(text, value => draft.Settings = draft.Settings with { ConnectTimeout = value })),
        Done("proxy-send-timeout", static (draft, text) => Time(text, value => draft.Settings = draft.Settings with { SendTimeout = value })),
        Done("proxy-read-timeout", static (draft, text) => Time(text, value => draft.Settings = draft.Settings with { ReadTimeout = value })),
        Done("proxy-body-size", static (draft, text) => Size(text, value => draft.Settings = draft.Settings with { MaxBodyBytes = value })),
        Done("proxy-next-upstream", ReadNextUpstream),
        Done("proxy-next-upstream-tries", static (draft, text) => Number(text, 0, 100, value => draft.Tries = value)),
        Done("upstream-vhost", static (draft, text) => Template(text, value => draft.Settings = draft.Settings with { UpstreamHost = value })),
        Done("x-forwarded-prefix", static (draft, text) => FieldText(text, value => draft.Settings = draft.Settings with { ForwardedPrefix = value })),
        Done("connection-proxy-header", static (draft, text) => FieldText(text, value => draft.Settings = draft.Settings with { ConnectionField = value })),
        Done("proxy-set-headers", static (draft, text) => ReadFields(text, value => draft.Settings = draft.Settings with { RequestFields = value }), "lines of NAME: VALUE, fields that backends get"),
        Done("response-headers", static (draft, text) => ReadFields(text, value => draft.Settings = draft.Settings with { AnswerFields = value }), "lines of NAME: VALUE, fields that clients get"),
        new("custom-headers", AnnotationSupport.Unsupported, "ConfigMaps are not read: write the fields into kn.internal/response-headers, lines of NAME: VALUE"),
        Done("upstream-hash-by", static (draft, text) => Template(text, value => draft.Settings = draft.Settings with { HashBy = value })),
        Done("load-balance", static (draft, text) => text switch
        {
            "round_robin" => Set(draft, draft.Settings with { TakesTurns = true }),
            "ewma" or "least_conn" or "least_outstanding" => null,
            "ip_hash" => Set(draft, draft.Settings with { HashBy = "$remote_addr" }),
            _ => "must be round_robin, ewma (which Kn does as: fewest requests under way) or ip_hash",
        }),
        Done("affinity", static (draft, text) => text == "cookie" ? Do(() => draft.Affinity.IsOn = true) : "must be cookie"),
        Done("affinity-mode", static (_, text) => text is "balanced" or "persistent" ? null : "must be balanced or persistent", "both are persistent: a cookie names its endpoint for as long as that is there"),
        Done("affinity-canary-behavior", static (draft, text) => text is "sticky" or "legacy" ? Do(() => draft.Affinity.KeepsCanary = text == "sticky") : "must be sticky or legacy"),
        Done("session-cookie-name", static (draft, text) => Token(text, value => draft.Affinity.Name = value)),
        Done("session-cookie-path", static (draft, text) => text.StartsWith('/') && !text.Contains(';', StringComparison.Ordinal) ? FieldText(text, value => draft.Affinity.Path = value) : "must be a path"),
        Done("session-cookie-domain", static (draft, text) => text.Contains(';', StringComparison.Ordinal) ? "must be a domain" : FieldText(text, value => draft.Affinity.Domain = value)),
        Done("session-cookie-samesite", static (draft, text) => text is "None" or "Lax" or "Strict" ? Do(() => draft.Affinity.SameSite = text) : "must be None, Lax or Strict"),
        Done("session-cookie-secure", static (draft, text) => Bool(text, value => draft.Affinity.IsSecure = value)),
        Done("session-cookie-expires", static (draft, text) => Number(text, 0, int.MaxValue, value => draft.Affinity.Expires = value), "written as Max-Age, which every browser prefers"),
        Done("session-cookie-max-age", static (draft, text) => Number(text, 0, int.MaxValue, value => draft.Affinity.MaxAge = value)),
        Done("session-cookie-change-on-failure", static (draft, text) => Bool(text, value => draft.Affinity.ChangesOnFailure = value)),
        Done("session-cookie-conditional-samesite-none", static (_, text) => Bool(text, static _ => { }), "SameSite=None goes to every client: those that misread it are of 2019"),
        Done("enable-access-log", static (draft, text) => Bool(text, value => draft.Settings = draft.Settings with { IsNotLogged = !value })),
    ];

    private static string? ReadNextUpstream(AnnotationDraft draft, string text)
    {
        var retries = new RetrySettings(false, false, false, 0, default);
        var statuses = new List<int>();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (word)
            {
                case "error" or "invalid_header":
                    retries = retries with { OnError = true };
                    break;
                case "timeout":
                    retries = retries with { OnTimeout = true };
                    break;
                case "non_idempotent":
                    retries = retries with { EvenIfUnsafe = true };
                    break;
                case "off":
                    break;
                case "http_403" or "http_404" or "http_429" or "http_500" or "http_502" or "http_503" or "http_504":
                    statuses.Add(int.Parse(word.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture));
                    break;
                default:
                    return $"'{word}' is none of error, timeout, invalid_header, http_403, http_404, http_429, http_500, http_502, http_503, http_504, non_idempotent, off";
            }
        }

        draft.Retries = retries with { Statuses = statuses.ToValueList() };
        return null;
    }

    private static string? ReadFields(string text, Action<ValueList<FieldSetting>> set)
    {
        var fields = new List<FieldSetting>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || ProblemOfField(line[..colon], line[(colon + 1)..].Trim()) is { } problem)
            {
                return colon < 1 ? $"'{line}' is not NAME: VALUE" : ProblemOfField(line[..colon], line[(colon + 1)..].Trim());
            }

            fields.Add(new FieldSetting(line[..colon], line[(colon + 1)..].Trim()));
        }

        set(fields.ToValueList());
        return null;
    }

    /// <summary>What is wrong with a field that somebody wants to be sent; null for nothing.</summary>
    public static string? ProblemOfField(string name, string value) =>
        !IsToken(name) ? $"'{name}' is no name of a field"
        : Http.FieldKinds.Of(System.Text.Encoding.ASCII.GetBytes(name)) is not (Http.FieldKind.Other or Http.FieldKind.ForwardedProto or Http.FieldKind.ForwardedPort or Http.FieldKind.ForwardedHost or Http.FieldKind.RealIp)
            ? $"{name} is the proxy's own business"
            : Template(value, static _ => { });

    private static string? Do(Action action)
    {
        action();
        return null;
    }
}
