using Microsoft.Extensions.Logging;

namespace Kn.Lab;

internal static partial class LabLog
{
    [LoggerMessage(9300, LogLevel.Information, "lab {Lab}: {Nodes} nodes, API server {Url}")]
    public static partial void Up(ILogger logger, string lab, int nodes, Uri url);

    [LoggerMessage(9301, LogLevel.Information, "lab {Lab}: stopping")]
    public static partial void Stopping(ILogger logger, string lab);

    [LoggerMessage(9302, LogLevel.Error, "lab {Lab}: a daemon runs already")]
    public static partial void AlreadyUp(ILogger logger, string lab);

    [LoggerMessage(9303, LogLevel.Error, "lab {Lab}: broken")]
    public static partial void Broken(ILogger logger, Exception trouble, string lab);
}
