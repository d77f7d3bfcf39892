using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Kn.Lab.Commands;

/// <summary>Logs to standard output, a line an event; <c>KN_LAB_LOG=debug</c> says more.</summary>
internal static class ConsoleLog
{
    /// <summary>Makes the loggers.</summary>
    public static ILoggerFactory Make() => LoggerFactory.Create(static logging => logging
        .SetMinimumLevel(Environment.GetEnvironmentVariable("KN_LAB_LOG") == "debug" ? LogLevel.Debug : LogLevel.Information)
        .AddSimpleConsole(static format =>
        {
            format.SingleLine = true;
            format.TimestampFormat = "HH:mm:ss.fff ";
            format.ColorBehavior = LoggerColorBehavior.Disabled;
        }));
}
