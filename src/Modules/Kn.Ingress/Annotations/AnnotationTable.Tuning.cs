namespace Kn.Ingress.Annotations;

/// <summary>What tunes nginx and has nothing to tune in Kn.</summary>
internal static partial class AnnotationTable
{
    private const string Streams = "bodies are streamed both ways, without buffers to tune";

    private static IEnumerable<KnownAnnotation> Tuning() =>
    [
        new("proxy-buffering", AnnotationSupport.NotNeeded, Streams),
        new("proxy-buffers-number", AnnotationSupport.NotNeeded, Streams),
        new("proxy-buffer-size", AnnotationSupport.NotNeeded, "heads of answers may have 64 KiB"),
        new("proxy-busy-buffers-size", AnnotationSupport.NotNeeded, Streams),
        new("proxy-request-buffering", AnnotationSupport.NotNeeded, "as off: " + Streams),
        new("proxy-max-temp-file-size", AnnotationSupport.NotNeeded, Streams),
        new("client-body-buffer-size", AnnotationSupport.NotNeeded, Streams),
        new("proxy-http-version", AnnotationSupport.NotNeeded, "HTTP/1.1, or what backend-protocol says"),
        new("proxy-next-upstream-timeout", AnnotationSupport.NotNeeded, "proxy-connect-timeout and proxy-read-timeout bound each try"),
        new("preserve-trailing-slash", AnnotationSupport.NotNeeded, "paths go to backends as they came"),
        new("service-upstream", AnnotationSupport.Unsupported, "requests go straight to endpoints"),
        new("opentracing-trust-incoming-span", AnnotationSupport.NotNeeded, "traceparent and tracestate are passed on"),
        new("opentelemetry-trust-incoming-span", AnnotationSupport.NotNeeded, "traceparent and tracestate are passed on"),
        new("http2-push-preload", AnnotationSupport.NotNeeded, "browsers have given up HTTP/2 push"),
        new("enable-rewrite-log", AnnotationSupport.NotNeeded, "kn ingress explain says where a URL leads"),
        new("upstream-hash-by-subset", AnnotationSupport.Unsupported, "each value leads to one endpoint"),
        new("upstream-hash-by-subset-size", AnnotationSupport.Unsupported, "each value leads to one endpoint"),
    ];
}
