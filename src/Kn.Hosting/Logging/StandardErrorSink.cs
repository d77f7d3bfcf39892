using System.Globalization;
using System.Text;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace Kn.Hosting.Logging;

/// <summary>Writes each event to standard error in one write, so that lines of several threads do not mix.</summary>
/// <param name="output">Standard error.</param>
/// <param name="formatter">Writes one event, with its line end.</param>
/// <param name="withPriority">Whether lines begin with the &lt;N&gt; by which journald tells their priority (sd-daemon(3)).</param>
internal sealed class StandardErrorSink(Stream output, ITextFormatter formatter, bool withPriority) : ILogEventSink
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    public void Emit(LogEvent logEvent)
    {
        lock (_lock)
        {
            _text.Clear();
            if (withPriority)
            {
                _text.Append('<').Append(Priority(logEvent.Level)).Append('>');
            }

            using var line = new StringWriter(_text, CultureInfo.InvariantCulture);
            formatter.Format(logEvent, line);
            output.Write(Encoding.UTF8.GetBytes(_text.ToString()));
        }
    }

    /// <summary>syslog(3)'s numbers.</summary>
    private static int Priority(LogEventLevel level) => level switch
    {
        LogEventLevel.Fatal => 2,
        LogEventLevel.Error => 3,
        LogEventLevel.Warning => 4,
        LogEventLevel.Information => 6,
        _ => 7,
    };
}
