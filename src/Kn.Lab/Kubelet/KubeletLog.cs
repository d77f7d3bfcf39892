using Microsoft.Extensions.Logging;

namespace Kn.Lab.Kubelet;

internal static partial class KubeletLog
{
    [LoggerMessage(20500, LogLevel.Warning, "pod {Pod}: no sandbox: {Trouble}", EventName = "sandboxFailed")]
    public static partial void SandboxFailed(ILogger logger, string pod, string trouble);

    [LoggerMessage(20501, LogLevel.Warning, "pod {Pod}: not detached, will try again: {Trouble}", EventName = "teardownFailed")]
    public static partial void TeardownFailed(ILogger logger, string pod, string trouble);

    [LoggerMessage(20502, LogLevel.Debug, "pod {Pod}: the API server did not take the status, will try again: {Trouble}", EventName = "statusRefused")]
    public static partial void StatusRefused(ILogger logger, string pod, string trouble);

    [LoggerMessage(20503, LogLevel.Error, "pod {Pod}: given up", EventName = "workerFailed")]
    public static partial void WorkerFailed(ILogger logger, Exception trouble, string pod);

    [LoggerMessage(20504, LogLevel.Information, "pod {Pod}: on {Node}", EventName = "taken")]
    public static partial void Taken(ILogger logger, string pod, string node);

    [LoggerMessage(20505, LogLevel.Information, "pod {Pod}: gone from {Node}", EventName = "left")]
    public static partial void Left(ILogger logger, string pod, string node);
}
