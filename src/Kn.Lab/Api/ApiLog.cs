using Microsoft.Extensions.Logging;

namespace Kn.Lab.Api;

internal static partial class ApiLog
{
    [LoggerMessage(20200, LogLevel.Debug, "watch of {Resource} starts over: {Trouble}", EventName = "informerTrouble")]
    public static partial void InformerTrouble(ILogger logger, string resource, string trouble);
}
