using Microsoft.Extensions.Logging;

namespace Kn.Lab;

internal static partial class LabLog
{
    [LoggerMessage(20000, LogLevel.Information, "lab {Lab}: {Nodes} nodes, API server {Url}", EventName = "up")]
    public static partial void Up(ILogger logger, string lab, int nodes, Uri url);

    [LoggerMessage(20001, LogLevel.Information, "lab {Lab}: stopping", EventName = "stopping")]
    public static partial void Stopping(ILogger logger, string lab);

    [LoggerMessage(20002, LogLevel.Error, "lab {Lab}: a daemon runs already", EventName = "alreadyUp")]
    public static partial void AlreadyUp(ILogger logger, string lab);

    [LoggerMessage(20003, LogLevel.Error, "lab {Lab}: broken", EventName = "broken")]
    public static partial void Broken(ILogger logger, Exception trouble, string lab);
}
