using Kn.Hosting.Options;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace Kn.Hosting.Logging;

/// <summary>Makes the process's loggers, to standard error: text on a terminal, JSON lines elsewhere.</summary>
public static class AgentLogging
{
    /// <summary>A factory; disposing it flushes.</summary>
    /// <param name="options">Section <c>log</c>.</param>
    public static ILoggerFactory Create(LogOptions options) =>
        Create(options, Console.OpenStandardError(), Console.IsErrorRedirected, Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 });

    internal static ILoggerFactory Create(LogOptions options, Stream output, bool isRedirected, bool isJournal)
    {
        var json = options.Format == LogFormat.Json || (options.Format == LogFormat.Auto && (isRedirected || isJournal));
        var sink = new StandardErrorSink(output, json ? new JsonLineFormatter() : new TextLineFormatter(!isRedirected), isJournal);
        var serilog = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(new LoggingLevelSwitch(Level(options.Level)))
            .WriteTo.Sink(sink)
            .CreateLogger();
        return new LoggerFactory([new SerilogLoggerProvider(serilog, dispose: true)], new LoggerFilterOptions { MinLevel = options.Level });
    }

    private static LogEventLevel Level(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        _ => LogEventLevel.Fatal,
    };
}
