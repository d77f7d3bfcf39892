using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Control;

/// <summary>Events 1020–1029.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(1020, LogLevel.Debug, "control socket {Path} is open", EventName = "controlListening")]
    internal static partial void Listening(ILogger logger, string path);

    [LoggerMessage(1021, LogLevel.Warning, "control socket: refused a request: {Fault}", EventName = "controlGarbage")]
    internal static partial void Garbage(ILogger logger, string fault);

    [LoggerMessage(1022, LogLevel.Error, "control socket: '{Verb}' failed", EventName = "controlHandlerFailed")]
    internal static partial void HandlerFailed(ILogger logger, Exception exception, string verb);

    [LoggerMessage(1024, LogLevel.Debug, "control socket: '{Verb}' was asked for before its module had started", EventName = "controlNotStarted")]
    internal static partial void NotStarted(ILogger logger, string verb);

    [LoggerMessage(1023, LogLevel.Debug, "control socket: the caller of '{Verb}' hung up or took too long", EventName = "controlCallerGone")]
    internal static partial void CallerGone(ILogger logger, string verb);
}
