using Kn.Ingress.Routing;
using static Kn.Ingress.Annotations.AnnotationValues;
using static Kn.Ingress.Annotations.KnownAnnotation;

namespace Kn.Ingress.Annotations;

/// <summary>Where requests are led: paths, redirects, hosts.</summary>
internal static partial class AnnotationTable
{
    private static IEnumerable<KnownAnnotation> Leading() =>
    [
        Done("rewrite-target", static (draft, text) => text.StartsWith('/') && !HasControls(text) && !text.Contains(' ', StringComparison.Ordinal)
            ? Set(draft, draft.Settings with { RewriteTarget = text })
            : "must be a path, such as /$2"),
        Done("use-regex", static (draft, text) => Bool(text, value => draft.Settings = draft.Settings with { UsesPatterns = value }), "only this Ingress' paths are patterns, not all of its hosts'; they are linear-time, so without looking around and references back"),
        Done("app-root", static (draft, text) => text.StartsWith('/') ? FieldText(text, value => draft.Settings = draft.Settings with { AppRoot = value }) : "must be a path, such as /app"),
        Done("permanent-redirect", static (draft, text) => RedirectTo(text, value => draft.Redirect.Permanent = value)),
        Done("permanent-redirect-code", static (draft, text) => RedirectCode(text, value => draft.Redirect.PermanentCode = value)),
        Done("temporal-redirect", static (draft, text) => RedirectTo(text, value => draft.Redirect.Temporal = value)),
        Done("temporal-redirect-code", static (draft, text) => RedirectCode(text, value => draft.Redirect.TemporalCode = value)),
        Done("from-to-www-redirect", static (draft, text) => Bool(text, value => draft.Settings = draft.Settings with { RedirectsWww = value })),
        Done("ssl-redirect", static (draft, text) => Bool(text, value => draft.Settings = draft.Settings with { SslRedirect = value })),
        Done("force-ssl-redirect", static (draft, text) => Bool(text, value => draft.Settings = draft.Settings with { ForceSslRedirect = value })),
        Done("server-alias", static (_, text) => Words(text).Find(static host => host.StartsWith('~')) is { } pattern ? $"'{pattern}' is a pattern: name the hosts" : null),
        Done("canary", static (draft, text) => Bool(text, value => draft.IsCanary = value)),
        Done("canary-by-header", static (draft, text) => Token(text, value => draft.Canary = draft.Canary with { Header = value })),
        Done("canary-by-header-value", static (draft, text) => FieldText(text, value => draft.Canary = draft.Canary with { HeaderValue = value })),
        Done("canary-by-header-pattern", static (draft, text) => PatternText(text, value => draft.Canary = draft.Canary with { HeaderPattern = value })),
        Done("canary-by-cookie", static (draft, text) => Token(text, value => draft.Canary = draft.Canary with { Cookie = value })),
        Done("canary-weight", static (draft, text) => Number(text, 0, 1_000_000, value => draft.Canary = draft.Canary with { Weight = value })),
        Done("canary-weight-total", static (draft, text) => Number(text, 1, 1_000_000, value => draft.Canary = draft.Canary with { Total = value })),
    ];

    private static string? RedirectTo(string text, Action<string> set) =>
        text.StartsWith('/') || text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith('$')
            ? Template(text, set)
            : "must be a URL such as https://example.org$request_uri, or a path";

    private static string? RedirectCode(string text, Action<int> set) => text is "301" or "302" or "303" or "307" or "308" ? Number(text, 301, 308, set) : "must be 301, 302, 303, 307 or 308";

    private static string? Set(AnnotationDraft draft, RouteSettings settings)
    {
        draft.Settings = settings;
        return null;
    }
}
