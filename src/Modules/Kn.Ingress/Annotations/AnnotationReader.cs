using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Annotations;

/// <summary>Makes settings of an Ingress' annotations. Pure.</summary>
internal static class AnnotationReader
{
    private static readonly AnnotationSettings s_nothing = new(RouteSettings.None, null, "", false, []);

    /// <summary>What an Ingress asks for. Kn's own names win over those of ingress-nginx.</summary>
    public static AnnotationSettings Read(IngressObject ingress)
    {
        var values = new SortedDictionary<string, (string Annotation, string Value)>(StringComparer.Ordinal);
        foreach (var (annotation, value) in ingress.Metadata.Annotations)
        {
            if (AnnotationTable.NameOf(annotation) is { } name && (annotation.StartsWith(AnnotationTable.OwnPrefix, StringComparison.Ordinal) || !values.ContainsKey(name)))
            {
                values[name] = (annotation, value);
            }
        }

        if (values.Count == 0)
        {
            return s_nothing;
        }

        var draft = new AnnotationDraft();
        var problems = new List<string>();
        foreach (var (name, (annotation, value)) in values)
        {
            Read(draft, name, annotation, value.Trim(), problems);
        }

        return Finish(draft, ingress.Metadata.Namespace, problems);
    }

    /// <summary>The Secret that names and passwords are in; null where none is named.</summary>
    private static string SecretOf(AnnotationDraft draft, string @namespace) =>
        draft.BasicAuth.Secret.Contains('/', StringComparison.Ordinal) || draft.BasicAuth.Secret.Length == 0 ? draft.BasicAuth.Secret : $"{@namespace}/{draft.BasicAuth.Secret}";

    private static void Read(AnnotationDraft draft, string name, string annotation, string value, List<string> problems)
    {
        if (AnnotationTable.Find(name) is not { } known)
        {
            problems.Add($"annotation {annotation} is not known: it changes nothing");
            return;
        }

        switch (known.Support)
        {
            case AnnotationSupport.Honoured:
                if (known.Read!(draft, value) is { } problem)
                {
                    problems.Add($"annotation {annotation}: {problem}{(known.Guards ? "; requests get 503 until that is right" : "; it is left out")}");
                    draft.Settings = known.Guards ? draft.Settings with { Broken = annotation } : draft.Settings;
                }

                break;
            case AnnotationSupport.Guarded:
                problems.Add($"annotation {annotation} is not supported: {known.Note}; requests get 503, for without it they would not be guarded");
                draft.Settings = draft.Settings with { Broken = annotation };
                break;
            case AnnotationSupport.Refused:
                problems.Add($"annotation {annotation} is refused: {known.Note}");
                break;
            case AnnotationSupport.Unsupported:
                problems.Add($"annotation {annotation} is not supported: {known.Note}");
                break;
        }
    }

    private static AnnotationSettings Finish(AnnotationDraft draft, string @namespace, List<string> problems)
    {
        var settings = draft.Settings;
        var (cors, limits, redirect) = (draft.Cors.Origins.IsEmpty ? draft.Cors with { Origins = ["*"] } : draft.Cors, draft.Limits, draft.Redirect);
        settings = settings with
        {
            Cors = draft.EnablesCors ? cors : null,
            Limits = limits.PerSecond > 0 || limits.PerMinute > 0 || limits.Connections > 0 ? limits : null,
            Affinity = draft.Affinity.IsOn ? AffinityOf(draft.Affinity) : null,
            ForwardAuth = draft.ForwardAuth.Url.Length > 0 ? draft.ForwardAuth : null,
            Redirect = redirect.Temporal.Length > 0 ? new RedirectSettings(redirect.TemporalCode, redirect.Temporal)
                : redirect.Permanent.Length > 0 ? new RedirectSettings(redirect.PermanentCode, redirect.Permanent) : null,
            Retries = draft.Retries is null && draft.Tries is null ? null : (draft.Retries ?? new RetrySettings(true, true, false, 0, default)) with { Tries = draft.Tries ?? 3 },
        };
        var secret = draft.BasicAuth.IsOn ? SecretOf(draft, @namespace) : "";
        if (draft.BasicAuth.IsOn)
        {
            settings = settings with { BasicAuth = new BasicAuthSettings(draft.BasicAuth.Realm, default) };
            if (secret.Length == 0)
            {
                problems.Add("annotation auth-type asks for names and passwords, and auth-secret names no Secret: requests get 503");
                settings = settings with { Broken = "auth-secret" };
            }
        }

        if (!draft.IsCanary && draft.Canary != new CanarySettings())
        {
            problems.Add("canary annotations count only with canary: \"true\"");
        }

        return new AnnotationSettings(settings == RouteSettings.None ? RouteSettings.None : settings, draft.IsCanary ? draft.Canary : null, secret, draft.BasicAuth.IsMap, problems.ToValueList());
    }

    private static AffinitySettings AffinityOf(AnnotationDraft.AffinityDraft draft)
    {
        var attributes = $"; Path={draft.Path}";
        attributes += draft.Domain.Length > 0 ? $"; Domain={draft.Domain}" : "";
        attributes += (draft.MaxAge ?? draft.Expires) is { } age ? $"; Max-Age={age}" : "";
        attributes += draft.IsSecure ? "; Secure" : "";
        attributes += "; HttpOnly";
        attributes += draft.SameSite.Length > 0 ? $"; SameSite={draft.SameSite}" : "";
        return new AffinitySettings { Name = draft.Name, Attributes = attributes, ChangesOnFailure = draft.ChangesOnFailure, KeepsCanary = draft.KeepsCanary };
    }
}

/// <summary>What an Ingress' annotations ask for.</summary>
/// <param name="Route">For its routes, but for what is in other objects.</param>
/// <param name="Canary">It is the canary of other Ingresses; null for one of its own.</param>
/// <param name="AuthSecret">Namespace and name of the Secret that names and passwords are in; empty for none.</param>
/// <param name="IsAuthMap">Whether the Secret's keys are names, and its values their passwords.</param>
/// <param name="Problems">What is not done.</param>
internal sealed record AnnotationSettings(RouteSettings Route, CanarySettings? Canary, string AuthSecret, bool IsAuthMap, ValueList<string> Problems);
