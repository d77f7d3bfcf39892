using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serilog.Events;
using Serilog.Formatting;

namespace Kn.Hosting.Logging;

/// <summary>One JSON object a line: ts, level, event, id, logger, message, the message's arguments in camelCase, exception.</summary>
internal sealed class JsonLineFormatter : ITextFormatter
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal) { "ts", "level", "event", "id", "logger", "message", "exception" };

    public void Format(LogEvent logEvent, TextWriter output)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, logEvent);
        }

        output.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
        output.Write('\n');
    }

    private static void Write(Utf8JsonWriter writer, LogEvent logEvent)
    {
        var (id, name) = EventParts.Event(logEvent);
        writer.WriteStartObject();
        writer.WriteString("ts", logEvent.Timestamp.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        writer.WriteString("level", LevelName(logEvent.Level));
        if (name.Length > 0)
        {
            writer.WriteString("event", name);
            writer.WriteNumber("id", id);
        }

        writer.WriteString("logger", EventParts.Logger(logEvent));
        writer.WriteString("message", EventParts.Message(logEvent));
        foreach (var (key, value) in EventParts.Arguments(logEvent))
        {
            var camel = JsonNamingPolicy.CamelCase.ConvertName(key);
            writer.WritePropertyName(Reserved.Contains(camel) ? "_" + camel : camel);
            WriteValue(writer, value);
        }

        if (logEvent.Exception is not null)
        {
            writer.WriteString("exception", logEvent.Exception.ToString());
        }

        writer.WriteEndObject();
    }

    private static string LevelName(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "information",
        LogEventLevel.Warning => "warning",
        LogEventLevel.Error => "error",
        _ => "critical",
    };

    private static void WriteValue(Utf8JsonWriter writer, LogEventPropertyValue value)
    {
        switch ((value as ScalarValue)?.Value)
        {
            case null when value is ScalarValue:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case int or long or short or byte or uint or ushort:
                writer.WriteNumberValue(Convert.ToInt64(((ScalarValue)value).Value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case { } other:
                writer.WriteStringValue(Convert.ToString(other, CultureInfo.InvariantCulture));
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }
}
