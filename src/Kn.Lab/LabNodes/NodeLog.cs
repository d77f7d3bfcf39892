using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

internal static partial class NodeLog
{
    [LoggerMessage(20400, LogLevel.Information, "{Node}: agent started, process {Pid}", EventName = "agentStarted")]
    public static partial void AgentStarted(ILogger logger, string node, int pid);

    [LoggerMessage(20401, LogLevel.Warning, "{Node}: agent {Pid} ended with {ExitCode}", EventName = "agentEnded")]
    public static partial void AgentEnded(ILogger logger, string node, int pid, int exitCode);

    [LoggerMessage(20402, LogLevel.Debug, "{Node}: the API server did not take the heartbeat: {Trouble}", EventName = "heartbeatFailed")]
    public static partial void HeartbeatFailed(ILogger logger, string node, string trouble);

    [LoggerMessage(20403, LogLevel.Information, "{Node}: ready is now {Ready}", EventName = "readyChanged")]
    public static partial void ReadyChanged(ILogger logger, string node, bool ready);
}
