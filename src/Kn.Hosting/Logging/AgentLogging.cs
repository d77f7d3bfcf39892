using Kn.Hosting.Options;
using Microsoft.Extensions.Logging;
using Serilog;

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
            .MinimumLevel.Is(SerilogBridge.LevelOf(options.Level))
            .WriteTo.Sink(sink)
            .CreateLogger();
        return new SerilogBridge(serilog, options.Level, TimeProvider.System);
    }
}
