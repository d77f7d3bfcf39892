using Microsoft.Extensions.Logging;

namespace Kn.Lab.Kubelet;

internal static partial class KubeletLog
{
    [LoggerMessage(9100, LogLevel.Warning, "pod {Pod}: no sandbox: {Trouble}")]
    public static partial void SandboxFailed(ILogger logger, string pod, string trouble);

    [LoggerMessage(9101, LogLevel.Warning, "pod {Pod}: not detached, will try again: {Trouble}")]
    public static partial void TeardownFailed(ILogger logger, string pod, string trouble);

    [LoggerMessage(9102, LogLevel.Debug, "pod {Pod}: the API server did not take the status, will try again: {Trouble}")]
    public static partial void StatusRefused(ILogger logger, string pod, string trouble);

    [LoggerMessage(9103, LogLevel.Error, "pod {Pod}: given up")]
    public static partial void WorkerFailed(ILogger logger, Exception trouble, string pod);

    [LoggerMessage(9104, LogLevel.Information, "pod {Pod}: on {Node}")]
    public static partial void Taken(ILogger logger, string pod, string node);

    [LoggerMessage(9105, LogLevel.Information, "pod {Pod}: gone from {Node}")]
    public static partial void Left(ILogger logger, string pod, string node);
}
