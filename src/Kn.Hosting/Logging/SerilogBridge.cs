using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace Kn.Hosting.Logging;

/// <summary>Loggers for [LoggerMessage] methods that write to Serilog.</summary>
/// <remarks>In the place of Serilog.Extensions.Logging and of the framework's LoggerFactory. What those do for a message is compiled for each
/// combination of argument types, 0.2 MB of machine code; here that is a few instructions, and the rest is there once.</remarks>
/// <param name="serilog">Disposed with this.</param>
/// <param name="level">The least level that is written.</param>
/// <param name="time">For the time of each message.</param>
internal sealed class SerilogBridge(Logger serilog, LogLevel level, TimeProvider time) : ILoggerFactory
{
    /// <summary>The property of a message's state that holds its template.</summary>
    private const string TemplateKey = "{OriginalFormat}";

    // As many as there are [LoggerMessage] methods.
    private readonly ConcurrentDictionary<string, MessageTemplate> _templates = new(StringComparer.Ordinal);

    private LogLevel Level => level;

    public ILogger CreateLogger(string categoryName) => new Bridge(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("there is one log");

    public void Dispose() => serilog.Dispose();

    internal static LogEventLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        _ => LogEventLevel.Fatal,
    };

    private void Write(LogLevel messageLevel, IReadOnlyList<KeyValuePair<string, object?>> state, Exception? exception, List<LogEventProperty> properties)
    {
        var template = MessageTemplate.Empty;
        for (var i = 0; i < state.Count; i++)
        {
            var (key, value) = state[i];
            if (key == TemplateKey && value is string text)
            {
                template = _templates.GetOrAdd(text, static text => new MessageTemplateParser().Parse(text));
            }
            else if (serilog.BindProperty(key, value, destructureObjects: false, out var property))
            {
                properties.Add(property);
            }
        }

        serilog.Write(new LogEvent(time.GetLocalNow(), LevelOf(messageLevel), exception, template, properties));
    }

    private sealed class Bridge(SerilogBridge owner, string name) : ILogger
    {
        private readonly LogEventProperty _name = new("SourceContext", new ScalarValue(name));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Level && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Write(logLevel, eventId, state as IReadOnlyList<KeyValuePair<string, object?>> ?? Plain(formatter(state, exception)), exception);
            }
        }

        /// <summary>What somebody logs that is no [LoggerMessage].</summary>
        private static KeyValuePair<string, object?>[] Plain(string message) => [new("Text", message), new(TemplateKey, "{Text}")];

        private void Write(LogLevel logLevel, EventId id, IReadOnlyList<KeyValuePair<string, object?>> state, Exception? exception)
        {
            var number = new LogEventProperty("Id", new ScalarValue(id.Id));
            var word = new LogEventProperty("Name", new ScalarValue(id.Name));
            owner.Write(logLevel, state, exception, [_name, new LogEventProperty("EventId", new StructureValue([number, word]))]);
        }
    }
}
