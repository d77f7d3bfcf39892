namespace Kn.Ingress.Annotations;

/// <summary>What Kn does not do, and why.</summary>
internal static partial class AnnotationTable
{
    private const string SnippetNote = "snippets are nginx' configuration, and let whoever may write an Ingress run what they like in the proxy (CVE-2021-25742): there is no nginx here, and no place to put them";
    private const string NoFirewall = "Kn is no web application firewall";
    private const string NoSpans = "Kn makes no spans; traceparent and tracestate are passed on";
    private const string NoRewriting = "answers go to clients as they came";
    private const string BackendTls = "backends' certificates are the TLS settings' business";

    private static IEnumerable<KnownAnnotation> NotDone() =>
    [
        new("configuration-snippet", AnnotationSupport.Refused, SnippetNote),
        new("server-snippet", AnnotationSupport.Refused, SnippetNote),
        new("stream-snippet", AnnotationSupport.Refused, SnippetNote),
        new("modsecurity-snippet", AnnotationSupport.Refused, SnippetNote),
        new("enable-modsecurity", AnnotationSupport.Unsupported, NoFirewall),
        new("enable-owasp-core-rules", AnnotationSupport.Unsupported, NoFirewall),
        new("modsecurity-transaction-id", AnnotationSupport.Unsupported, NoFirewall),
        new("enable-opentracing", AnnotationSupport.Unsupported, NoSpans),
        new("enable-opentelemetry", AnnotationSupport.Unsupported, NoSpans),
        new("opentelemetry-operation-name", AnnotationSupport.Unsupported, NoSpans),
        new("enable-influxdb", AnnotationSupport.Unsupported, "metrics are Prometheus'"),
        new("proxy-cookie-domain", AnnotationSupport.Unsupported, NoRewriting),
        new("proxy-cookie-path", AnnotationSupport.Unsupported, NoRewriting),
        new("proxy-redirect-from", AnnotationSupport.Unsupported, NoRewriting),
        new("proxy-redirect-to", AnnotationSupport.Unsupported, NoRewriting),
        new("custom-http-errors", AnnotationSupport.Unsupported, NoRewriting),
        new("default-backend", AnnotationSupport.Unsupported, "an Ingress' own spec.defaultBackend is served; a backend without endpoints is answered by 503"),
        new("disable-proxy-intercept-errors", AnnotationSupport.NotNeeded, NoRewriting),
        new("mirror-target", AnnotationSupport.Unsupported, "requests are sent once"),
        new("mirror-request-body", AnnotationSupport.Unsupported, "requests are sent once"),
        new("mirror-host", AnnotationSupport.Unsupported, "requests are sent once"),
        new("ssl-passthrough", AnnotationSupport.Guarded, "TLS ends at Kn"),
        new("ssl-ciphers", AnnotationSupport.Unsupported, "ciphers are those of OpenSSL's own choice"),
        new("ssl-prefer-server-ciphers", AnnotationSupport.Unsupported, "ciphers are those of OpenSSL's own choice"),
        new("proxy-ssl-secret", AnnotationSupport.Unsupported, BackendTls),
        KnownAnnotation.Done("proxy-ssl-verify", static (_, text) => text is "on" or "off" ? null : "must be on or off", "by whom the host trusts"),
        new("proxy-ssl-verify-depth", AnnotationSupport.Unsupported, BackendTls),
        KnownAnnotation.Done("proxy-ssl-name", static (_, text) => AnnotationValues.FieldText(text, static _ => { })),
        new("proxy-ssl-server-name", AnnotationSupport.Unsupported, BackendTls),
        new("proxy-ssl-ciphers", AnnotationSupport.Unsupported, BackendTls),
        new("proxy-ssl-protocols", AnnotationSupport.Unsupported, BackendTls),
    ];
}
