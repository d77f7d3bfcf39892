using Kn.Primitives;
using static Kn.Ingress.Annotations.AnnotationValues;
using static Kn.Ingress.Annotations.KnownAnnotation;

namespace Kn.Ingress.Annotations;

/// <summary>Cross-origin resource sharing.</summary>
internal static partial class AnnotationTable
{
    private static IEnumerable<KnownAnnotation> Sharing() =>
    [
        Done("enable-cors", static (draft, text) => Bool(text, value => draft.EnablesCors = value)),
        Done("cors-allow-origin", ReadOrigins),
        Done("cors-allow-methods", static (draft, text) => Tokens(text, _ => draft.Cors = draft.Cors with { Methods = text })),
        Done("cors-allow-headers", static (draft, text) => text == "*" ? Do(() => draft.Cors = draft.Cors with { Headers = text }) : Tokens(text, _ => draft.Cors = draft.Cors with { Headers = text })),
        Done("cors-expose-headers", static (draft, text) => text == "*" ? Do(() => draft.Cors = draft.Cors with { ExposedHeaders = text }) : Tokens(text, _ => draft.Cors = draft.Cors with { ExposedHeaders = text })),
        Done("cors-allow-credentials", static (draft, text) => Bool(text, value => draft.Cors = draft.Cors with { AllowsCredentials = value })),
        Done("cors-max-age", static (draft, text) => Number(text, 0, int.MaxValue, value => draft.Cors = draft.Cors with { MaxAge = value })),
    ];

    private static string? ReadOrigins(AnnotationDraft draft, string text)
    {
        var origins = Words(text);
        foreach (var origin in origins)
        {
            var scheme = origin.IndexOf("://", StringComparison.Ordinal);
            var host = scheme < 0 ? "" : origin[(scheme + 3)..];
            var stars = host.AsSpan().Count('*');
            if (origin != "*" && (scheme < 1 || host.Length == 0 || host.Contains('/', StringComparison.Ordinal) || stars > 1 || (stars == 1 && !host.StartsWith("*.", StringComparison.Ordinal)) || HasControls(origin)))
            {
                return $"'{origin}' is no origin such as https://example.org, https://*.example.org or *";
            }
        }

        draft.Cors = draft.Cors with { Origins = origins.ToValueList() };
        return null;
    }
}
