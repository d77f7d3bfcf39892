using static Kn.Ingress.Annotations.AnnotationValues;
using static Kn.Ingress.Annotations.KnownAnnotation;

namespace Kn.Ingress.Annotations;

/// <summary>Who may ask.</summary>
internal static partial class AnnotationTable
{
    private static IEnumerable<KnownAnnotation> Guarding() =>
    [
        Guard("whitelist-source-range", ReadAllowed),
        Guard("allowlist-source-range", ReadAllowed),
        Guard("denylist-source-range", static (draft, text) => Prefixes(text, value => draft.Settings = draft.Settings with { Denied = value })),
        Guard("auth-type", static (draft, text) => text == "basic" ? Do(() => draft.BasicAuth.IsOn = true) : text == "digest" ? "digest is not supported: its passwords are stored as MD5" : "must be basic"),
        Guard("auth-secret", static (draft, text) => FieldText(text, value => draft.BasicAuth.Secret = value)),
        Guard("auth-secret-type", static (draft, text) => text is "auth-file" or "auth-map" ? Do(() => draft.BasicAuth.IsMap = text == "auth-map") : "must be auth-file or auth-map"),
        Done("auth-realm", static (draft, text) => text.AsSpan().ContainsAny('"', '\\') ? "must have no quotes" : FieldText(text, value => draft.BasicAuth.Realm = value)),
        Guard("auth-url", static (draft, text) => Url(text, value => draft.ForwardAuth = draft.ForwardAuth with { Url = value })),
        Done("auth-method", static (draft, text) => Token(text, value => draft.ForwardAuth = draft.ForwardAuth with { Method = value })),
        Done("auth-signin", static (draft, text) => Url(text, value => draft.ForwardAuth = draft.ForwardAuth with { SignIn = value })),
        Done("auth-signin-redirect-param", static (draft, text) => Token(text, value => draft.ForwardAuth = draft.ForwardAuth with { SignInArgument = value })),
        Done("auth-response-headers", static (draft, text) => Tokens(text, value => draft.ForwardAuth = draft.ForwardAuth with { AnswerFields = value })),
        new("auth-cache-key", AnnotationSupport.NotNeeded, "answers of auth-url are not kept"),
        new("auth-cache-duration", AnnotationSupport.NotNeeded, "answers of auth-url are not kept"),
        new("auth-keepalive", AnnotationSupport.NotNeeded, "connections to auth-url are kept by Kn's own rules"),
        new("auth-keepalive-share-vars", AnnotationSupport.NotNeeded, "connections to auth-url are kept by Kn's own rules"),
        new("auth-keepalive-requests", AnnotationSupport.NotNeeded, "connections to auth-url are kept by Kn's own rules"),
        new("auth-keepalive-timeout", AnnotationSupport.NotNeeded, "connections to auth-url are kept by Kn's own rules"),
        new("auth-request-redirect", AnnotationSupport.Unsupported, "X-Auth-Request-Redirect is always the URL that was asked for"),
        new("auth-always-set-cookie", AnnotationSupport.Unsupported, "cookies of auth-url reach the client only with its refusals"),
        new("auth-proxy-set-headers", AnnotationSupport.Unsupported, "auth-url gets the client's own fields"),
        new("auth-snippet", AnnotationSupport.Refused, SnippetNote),
        new("enable-global-auth", AnnotationSupport.NotNeeded, "Kn has no auth-url for all Ingresses"),
        new("satisfy", AnnotationSupport.Unsupported, "every guard must let a request pass: satisfy all"),
        new("auth-tls-secret", AnnotationSupport.Guarded, "clients' certificates are not asked for"),
        new("auth-tls-verify-client", AnnotationSupport.Guarded, "clients' certificates are not asked for"),
        new("auth-tls-verify-depth", AnnotationSupport.Unsupported, "clients' certificates are not asked for"),
        new("auth-tls-error-page", AnnotationSupport.Unsupported, "clients' certificates are not asked for"),
        new("auth-tls-pass-certificate-to-upstream", AnnotationSupport.Unsupported, "clients' certificates are not asked for"),
        new("auth-tls-match-cn", AnnotationSupport.Guarded, "clients' certificates are not asked for"),
        Done("limit-rps", static (draft, text) => Number(text, 1, 1_000_000, value => draft.Limits = draft.Limits with { PerSecond = value }), "counted on each node, as by each pod of ingress-nginx"),
        Done("limit-rpm", static (draft, text) => Number(text, 1, 10_000_000, value => draft.Limits = draft.Limits with { PerMinute = value }), "counted on each node, as by each pod of ingress-nginx"),
        Done("limit-connections", static (draft, text) => Number(text, 1, 1_000_000, value => draft.Limits = draft.Limits with { Connections = value })),
        Done("limit-burst-multiplier", static (draft, text) => Number(text, 1, 1000, value => draft.Limits = draft.Limits with { BurstMultiplier = value })),
        Done("limit-whitelist", static (draft, text) => Prefixes(text, value => draft.Limits = draft.Limits with { Exempt = value })),
        Done("limit-allowlist", static (draft, text) => Prefixes(text, value => draft.Limits = draft.Limits with { Exempt = value })),
        new("limit-rate", AnnotationSupport.Unsupported, "bytes a second are not limited"),
        new("limit-rate-after", AnnotationSupport.Unsupported, "bytes a second are not limited"),
    ];

    private static string? ReadAllowed(AnnotationDraft draft, string text) => Prefixes(text, value => draft.Settings = draft.Settings with { Allowed = value });
}
