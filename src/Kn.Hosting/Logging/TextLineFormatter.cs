using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;

namespace Kn.Hosting.Logging;

/// <summary>A line for people: local time, level, logger, message; an exception below it.</summary>
internal sealed class TextLineFormatter(bool withColour) : ITextFormatter
{
    public void Format(LogEvent logEvent, TextWriter output)
    {
        var (word, colour) = logEvent.Level switch
        {
            LogEventLevel.Verbose => ("TRACE", "\e[90m"),
            LogEventLevel.Debug => ("DEBUG", "\e[90m"),
            LogEventLevel.Information => ("INFO ", ""),
            LogEventLevel.Warning => ("WARN ", "\e[33m"),
            _ => ("ERROR", "\e[31m"),
        };
        var coloured = withColour && colour.Length > 0;
        output.Write(logEvent.Timestamp.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture));
        output.Write(' ');
        output.Write(coloured ? colour + word + "\e[0m" : word);
        output.Write(' ');
        output.Write(EventParts.Logger(logEvent));
        output.Write(": ");
        output.Write(EventParts.Message(logEvent));
        output.Write('\n');
        if (logEvent.Exception is not null)
        {
            output.Write(logEvent.Exception.ToString());
            output.Write('\n');
        }
    }
}
