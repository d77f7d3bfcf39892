using Microsoft.Extensions.Logging;

namespace Kn.Lab.Api;

internal static partial class ApiLog
{
    [LoggerMessage(9000, LogLevel.Debug, "watch of {Resource} starts over: {Trouble}")]
    public static partial void InformerTrouble(ILogger logger, string resource, string trouble);
}
