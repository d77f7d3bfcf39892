using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

internal static partial class NodeLog
{
    [LoggerMessage(9200, LogLevel.Information, "{Node}: agent started, process {Pid}")]
    public static partial void AgentStarted(ILogger logger, string node, int pid);

    [LoggerMessage(9201, LogLevel.Warning, "{Node}: agent {Pid} ended with {ExitCode}")]
    public static partial void AgentEnded(ILogger logger, string node, int pid, int exitCode);

    [LoggerMessage(9202, LogLevel.Debug, "{Node}: the API server did not take the heartbeat: {Trouble}")]
    public static partial void HeartbeatFailed(ILogger logger, string node, string trouble);

    [LoggerMessage(9203, LogLevel.Information, "{Node}: ready is now {Ready}")]
    public static partial void ReadyChanged(ILogger logger, string node, bool ready);
}
