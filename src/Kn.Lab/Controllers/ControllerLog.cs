using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

internal static partial class ControllerLog
{
    [LoggerMessage(20300, LogLevel.Debug, "{Controller}: {Key} is tried again: {Trouble}", EventName = "retrying")]
    public static partial void Retrying(ILogger logger, string controller, string key, string trouble);
}
