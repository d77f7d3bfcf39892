using Microsoft.Extensions.Logging;

namespace Kn.Ingress;

/// <summary>Events 9000–9049.</summary>
internal static partial class IngressLog
{
    [LoggerMessage(9000, LogLevel.Information, "serving Ingresses on {Addresses} with {Threads} threads", EventName = "serving")]
    internal static partial void Serving(ILogger logger, string addresses, int threads);

    [LoggerMessage(9001, LogLevel.Error, "a request made Kn stumble; others are served", EventName = "requestFault")]
    internal static partial void Fault(ILogger logger, Exception exception);

    [LoggerMessage(9002, LogLevel.Warning, "the process may not have more open files: connections wait to be taken", EventName = "noDescriptors")]
    internal static partial void NoDescriptors(ILogger logger);

    [LoggerMessage(9003, LogLevel.Information, "{Socket} of the last process is taken over, with the connections that wait in it", EventName = "socketTakenOver")]
    internal static partial void SocketTakenOver(ILogger logger, string socket);

    [LoggerMessage(9004, LogLevel.Warning, "the stored {Socket} cannot be used and is bound anew: {Problem}", EventName = "socketRefused")]
    internal static partial void SocketRefused(ILogger logger, string socket, string problem);

    [LoggerMessage(9005, LogLevel.Information, "no more connections are taken; {Connections} end with their next answer", EventName = "draining")]
    internal static partial void Draining(ILogger logger, long connections);

    [LoggerMessage(9007, LogLevel.Error, "no client can come by HTTPS: {Problem}", EventName = "noTls")]
    internal static partial void NoTls(ILogger logger, string problem);

    [LoggerMessage(9008, LogLevel.Error, "the default certificate in {File} cannot be used, another is shown in its place: {Problem}", EventName = "defaultCertificateRefused")]
    internal static partial void DefaultCertificateRefused(ILogger logger, string file, string problem);

    [LoggerMessage(9009, LogLevel.Information, "the default certificate in {File} is shown from now on; it ends at {End}", EventName = "defaultCertificateRead")]
    internal static partial void DefaultCertificateRead(ILogger logger, string file, DateTimeOffset end);

    [LoggerMessage(9010, LogLevel.Error, "no backend can be spoken to by HTTPS: {Problem}", EventName = "noBackendTls")]
    internal static partial void NoBackendTls(ILogger logger, string problem);

    [LoggerMessage(9006, LogLevel.Warning, "the access log cannot be written: {Problem}; its lines are dropped until it can", EventName = "accessLogFailed")]
    internal static partial void AccessLogFailed(ILogger logger, string problem);

    [LoggerMessage(9020, LogLevel.Warning, "the node's nameservers do not tell the addresses of {Name}, a Service of type ExternalName: it is asked for again", EventName = "notResolved")]
    internal static partial void NotResolved(ILogger logger, string name);
}
