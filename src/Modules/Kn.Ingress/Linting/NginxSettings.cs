using Kn.Kubernetes.Manifests;

namespace Kn.Ingress.Linting;

/// <summary>Settings of ingress-nginx' ConfigMap, and what takes their place.</summary>
internal static class NginxSettings
{
    private static readonly Dictionary<string, (LintSeverity Severity, string Message)> s_byKey = new(StringComparer.Ordinal)
    {
        ["allow-snippet-annotations"] = (LintSeverity.Info, "snippets are never taken"),
        ["annotations-risk-level"] = (LintSeverity.Info, "snippets are never taken, and no annotation is put into a template"),
        ["access-log-path"] = (LintSeverity.Info, "is ingress.accessLog"),
        ["log-format-upstream"] = (LintSeverity.Warning, "formats are json and combined: ingress.accessLogFormat"),
        ["log-format-escape-json"] = (LintSeverity.Info, "lines are always escaped"),
        ["disable-access-log"] = (LintSeverity.Info, "is ingress.accessLog: \"\""),
        ["skip-access-log-urls"] = (LintSeverity.Warning, "write enable-access-log: \"false\" into those Ingresses"),
        ["use-forwarded-headers"] = (LintSeverity.Warning, "is ingress.trustedProxies: the prefixes of the load balancers that are believed"),
        ["proxy-real-ip-cidr"] = (LintSeverity.Warning, "is ingress.trustedProxies"),
        ["enable-real-ip"] = (LintSeverity.Warning, "is ingress.trustedProxies"),
        ["compute-full-forwarded-for"] = (LintSeverity.Info, "X-Forwarded-For is continued where a trusted proxy began it"),
        ["forwarded-for-header"] = (LintSeverity.Warning, "the field is always X-Forwarded-For"),
        ["use-proxy-protocol"] = (LintSeverity.Warning, "is ingress.proxyProtocolFrom: the prefixes of the load balancers that speak it"),
        ["proxy-body-size"] = (LintSeverity.Warning, "there is no limit for all: write proxy-body-size into the Ingresses"),
        ["client-max-body-size"] = (LintSeverity.Warning, "there is no limit for all: write proxy-body-size into the Ingresses"),
        ["proxy-connect-timeout"] = (LintSeverity.Warning, "is ingress.timeouts.connect"),
        ["proxy-read-timeout"] = (LintSeverity.Warning, "is ingress.timeouts.quiet; for WebSockets ingress.timeouts.tunnel"),
        ["proxy-send-timeout"] = (LintSeverity.Warning, "is ingress.timeouts.quiet"),
        ["keep-alive"] = (LintSeverity.Warning, "is ingress.timeouts.idle"),
        ["client-header-timeout"] = (LintSeverity.Warning, "is ingress.timeouts.head"),
        ["client-body-timeout"] = (LintSeverity.Warning, "is ingress.timeouts.quiet"),
        ["large-client-header-buffers"] = (LintSeverity.Warning, "is ingress.maxHeadBytes"),
        ["client-header-buffer-size"] = (LintSeverity.Info, "is ingress.maxHeadBytes"),
        ["max-worker-connections"] = (LintSeverity.Info, "is ingress.maxConnections"),
        ["worker-processes"] = (LintSeverity.Info, "is ingress.threads"),
        ["worker-shutdown-timeout"] = (LintSeverity.Info, "is ingress.drainTimeout; changes of Ingresses end no connection"),
        ["custom-http-errors"] = (LintSeverity.Warning, "answers go to clients as they came"),
        ["add-headers"] = (LintSeverity.Warning, "write kn.internal/response-headers into the Ingresses"),
        ["proxy-set-headers"] = (LintSeverity.Warning, "write kn.internal/proxy-set-headers into the Ingresses"),
        ["hide-headers"] = (LintSeverity.Warning, "write kn.internal/response-headers with an empty value into the Ingresses"),
        ["global-auth-url"] = (LintSeverity.Error, "nobody is asked for all Ingresses: write auth-url into each"),
        ["whitelist-source-range"] = (LintSeverity.Error, "there is no list for all: write it into each Ingress"),
        ["denylist-source-range"] = (LintSeverity.Error, "there is no list for all: write it into each Ingress"),
        ["block-cidrs"] = (LintSeverity.Error, "there is no list for all: write denylist-source-range into each Ingress"),
        ["block-user-agents"] = (LintSeverity.Warning, "is not supported"),
        ["block-referers"] = (LintSeverity.Warning, "is not supported"),
        ["enable-modsecurity"] = (LintSeverity.Warning, "Kn is no web application firewall"),
        ["enable-opentelemetry"] = (LintSeverity.Warning, "Kn makes no spans; traceparent and tracestate are passed on"),
        ["generate-request-id"] = (LintSeverity.Info, "X-Request-ID is always kept, or made"),
        ["use-gzip"] = (LintSeverity.Warning, "answers are not compressed"),
        ["enable-brotli"] = (LintSeverity.Warning, "answers are not compressed"),
        ["load-balance"] = (LintSeverity.Info, "the endpoint with the fewest requests is asked; the annotation load-balance says otherwise"),
        ["limit-req-status-code"] = (LintSeverity.Warning, "is always 503"),
        ["limit-conn-status-code"] = (LintSeverity.Warning, "is always 503"),
        ["strict-validate-path-type"] = (LintSeverity.Info, "paths are patterns only where use-regex or rewrite-target asks for it"),
    };

    /// <summary>Whether a ConfigMap is ingress-nginx' own: by its name, or by Helm's labels.</summary>
    public static bool IsOf(Manifest manifest)
    {
        var name = manifest.Text("metadata", "name") ?? "";
        return name.Contains("ingress-nginx", StringComparison.Ordinal) || name == "nginx-configuration" || manifest.Text("metadata", "labels", "app.kubernetes.io/name") == "ingress-nginx";
    }

    /// <summary>What becomes of a setting.</summary>
    public static (LintSeverity Severity, string Message) Judge(string key, string value) =>
        s_byKey.TryGetValue(key, out var known) ? known
        : key.EndsWith("-snippet", StringComparison.Ordinal) ? (LintSeverity.Error, "snippets are nginx' configuration, and there is no nginx here")
        : key.Contains("buffer", StringComparison.Ordinal) || key.StartsWith("upstream-keepalive", StringComparison.Ordinal) ? (LintSeverity.Info, "tunes what Kn does not have")
        : (LintSeverity.Warning, $"({value}) has no counterpart that this check knows: see the README of the module Ingress");
}
