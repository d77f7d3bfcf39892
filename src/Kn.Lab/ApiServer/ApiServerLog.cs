using Microsoft.Extensions.Logging;

namespace Kn.Lab.ApiServer;

internal static partial class ApiServerLog
{
    [LoggerMessage(9200, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception defect);
}
