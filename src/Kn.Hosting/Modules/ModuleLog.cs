using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Modules;

/// <summary>Events 1030–1039.</summary>
internal static partial class ModuleLog
{
    [LoggerMessage(1030, LogLevel.Error, "{Module} failed and starts again in {WaitSeconds:0.0} s", EventName = "moduleFailed")]
    internal static partial void Failed(ILogger logger, Exception exception, string module, double waitSeconds);

    [LoggerMessage(1031, LogLevel.Warning, "{Module} did not stop in time", EventName = "moduleSlowStop")]
    internal static partial void SlowStop(ILogger logger, string module);

    [LoggerMessage(1032, LogLevel.Information, "{Module} is switched off; what it had left on the node is removed", EventName = "moduleCleaned")]
    internal static partial void Cleaned(ILogger logger, string module);

    [LoggerMessage(1033, LogLevel.Error, "{Module} is switched off, but what it left on the node could not be removed", EventName = "moduleCleanupFailed")]
    internal static partial void CleanupFailed(ILogger logger, Exception exception, string module);
}
