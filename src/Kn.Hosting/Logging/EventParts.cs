using System.Globalization;
using Serilog.Events;

namespace Kn.Hosting.Logging;

/// <summary>What Microsoft.Extensions.Logging puts into the properties of an event and is not an argument of the message.</summary>
internal static class EventParts
{
    internal static string Logger(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue("SourceContext", out var value) && value is ScalarValue { Value: string name } ? name : "";

    /// <summary>The id and name of the [LoggerMessage].</summary>
    internal static (int Id, string Name) Event(LogEvent logEvent)
    {
        if (!logEvent.Properties.TryGetValue("EventId", out var value) || value is not StructureValue structure)
        {
            return (0, "");
        }

        var id = 0;
        var name = "";
        foreach (var property in structure.Properties)
        {
            if (property.Value is ScalarValue { Value: int number })
            {
                id = number;
            }
            else if (property.Value is ScalarValue { Value: string text })
            {
                name = text;
            }
        }

        return (id, name);
    }

    /// <summary>The message's arguments.</summary>
    internal static IEnumerable<KeyValuePair<string, LogEventPropertyValue>> Arguments(LogEvent logEvent) =>
        logEvent.Properties.Where(static property => property.Key is not ("SourceContext" or "EventId" or "Scope"));

    /// <summary>The message with its arguments, text without quotes.</summary>
    internal static string Message(LogEvent logEvent)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            if (token is Serilog.Parsing.PropertyToken property
                && logEvent.Properties.TryGetValue(property.PropertyName, out var value)
                && value is ScalarValue { Value: string text })
            {
                writer.Write(text);
            }
            else
            {
                token.Render(logEvent.Properties, writer, CultureInfo.InvariantCulture);
            }
        }

        return writer.ToString();
    }
}
