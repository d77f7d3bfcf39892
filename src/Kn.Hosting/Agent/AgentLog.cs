using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>Events 1040–1059.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1040, LogLevel.Information, "Kn {Version} on node {Node}: starting {Modules}", EventName = "starting")]
    internal static partial void Starting(ILogger logger, string version, string node, string modules);

    [LoggerMessage(1041, LogLevel.Information, "everything is in place {Seconds:0.000} s after the start of the process", EventName = "started")]
    internal static partial void Started(ILogger logger, double seconds);

    [LoggerMessage(1042, LogLevel.Information, "stopping; what is in the kernel stays and goes on working", EventName = "stopping")]
    internal static partial void Stopping(ILogger logger);

    [LoggerMessage(1043, LogLevel.Information, "stopped", EventName = "stopped")]
    internal static partial void Stopped(ILogger logger);

    [LoggerMessage(1044, LogLevel.Error, "another agent is at work in {Directory}", EventName = "alreadyRunning")]
    internal static partial void AlreadyRunning(ILogger logger, string directory);

    [LoggerMessage(1045, LogLevel.Error, "cannot serve metrics and health on {Address}", EventName = "httpFailed")]
    internal static partial void HttpFailed(ILogger logger, Exception exception, string address);

    [LoggerMessage(1046, LogLevel.Critical, "the agent cannot go on", EventName = "agentFailed")]
    internal static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(1048, LogLevel.Error, "the API server cannot be asked until the kubeconfig is good: {Problem}", EventName = "kubeconfigBad")]
    internal static partial void KubeconfigBad(ILogger logger, string problem);

    [LoggerMessage(1049, LogLevel.Information, "kubeconfig {File} is good now: the API server is {Server}", EventName = "kubeconfigGood")]
    internal static partial void KubeconfigGood(ILogger logger, string file, string server);

    [LoggerMessage(1050, LogLevel.Information, "sockets that the last process stored and nobody wants are closed: {Names}", EventName = "socketsUnwanted")]
    internal static partial void SocketsUnwanted(ILogger logger, string names);

    [LoggerMessage(1047, LogLevel.Debug, "metrics and health are served on {Address}", EventName = "httpListening")]
    internal static partial void HttpListening(ILogger logger, string address);
}
