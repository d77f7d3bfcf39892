using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;

namespace Kn.Hosting.Logging;

/// <summary>A line for people: local time, level, logger, message; an exception below it, indented.</summary>
/// <remarks>Control characters of the message are escaped: what a peer, an object or the kernel says can neither begin a line of its own nor
/// speak to the terminal.</remarks>
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
        WriteEscaped(output, EventParts.Message(logEvent));
        output.Write('\n');
        if (logEvent.Exception is not null)
        {
            foreach (var line in logEvent.Exception.ToString().Split('\n'))
            {
                output.Write("    ");
                WriteEscaped(output, line.TrimEnd('\r'));
                output.Write('\n');
            }
        }
    }

    private static void WriteEscaped(TextWriter output, string text)
    {
        foreach (var character in text)
        {
            switch (character)
            {
                case '\n':
                    output.Write("\\n");
                    break;
                case '\r':
                    output.Write("\\r");
                    break;
                case '\t':
                    output.Write("\\t");
                    break;
                case var other when char.IsControl(other) || other is '\u2028' or '\u2029':
                    output.Write($"\\u{(int)other:x4}");
                    break;
                default:
                    output.Write(character);
                    break;
            }
        }
    }
}
