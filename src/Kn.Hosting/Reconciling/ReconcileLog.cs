using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Reconciling;

/// <summary>Events 1000–1019.</summary>
internal static partial class ReconcileLog
{
    [LoggerMessage(1000, LogLevel.Information, "{Target}: in place, {Pieces} pieces, of which {Changed} had to be changed", EventName = "converged")]
    internal static partial void Converged(ILogger logger, string target, int pieces, int changed);

    [LoggerMessage(1001, LogLevel.Warning, "{Target}: cannot be brought into place, retrying until it can", EventName = "reconcileFailed")]
    internal static partial void Failed(ILogger logger, Exception exception, string target);

    [LoggerMessage(1002, LogLevel.Debug, "{Target}: failed again, next try in {WaitSeconds} s: {Error}", EventName = "reconcileFailedAgain")]
    internal static partial void FailedAgain(ILogger logger, string target, double waitSeconds, string error);

    [LoggerMessage(1003, LogLevel.Information, "{Target}: in place again after {Failures} failures", EventName = "reconcileRecovered")]
    internal static partial void Recovered(ILogger logger, string target, int failures);

    [LoggerMessage(1004, LogLevel.Warning, "{Kind} {Key}: {Problem}", EventName = "problem")]
    internal static partial void Problem(ILogger logger, string kind, ObjectKey key, string problem);

    [LoggerMessage(1005, LogLevel.Information, "{Kind} {Key}: no longer a problem: {Problem}", EventName = "problemGone")]
    internal static partial void ProblemGone(ILogger logger, string kind, ObjectKey key, string problem);

    [LoggerMessage(1006, LogLevel.Error, "{Target}: {Key} could not be planned; its last state stays in place", EventName = "planFailed")]
    internal static partial void PlanFailed(ILogger logger, Exception exception, string target, string key);

    [LoggerMessage(1007, LogLevel.Warning, "{Target}: {Pieces} pieces were not as Kn left them and were repaired", EventName = "driftRepaired")]
    internal static partial void DriftRepaired(ILogger logger, string target, int pieces);

    [LoggerMessage(1008, LogLevel.Warning, "{Target}: watching for foreign changes failed; reading everything again", EventName = "driftWatchFailed")]
    internal static partial void DriftWatchFailed(ILogger logger, Exception exception, string target);

    [LoggerMessage(1009, LogLevel.Debug, "{Target}: {Changes} changes applied for {Keys} keys", EventName = "applied")]
    internal static partial void Applied(ILogger logger, string target, int changes, int keys);
}
