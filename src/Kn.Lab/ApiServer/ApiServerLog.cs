using Microsoft.Extensions.Logging;

namespace Kn.Lab.ApiServer;

internal static partial class ApiServerLog
{
    [LoggerMessage(20100, LogLevel.Error, "{Method} {Path} failed", EventName = "requestFailed")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception defect);
}
