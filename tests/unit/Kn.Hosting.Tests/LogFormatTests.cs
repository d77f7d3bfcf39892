using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kn.Hosting.Logging;
using Kn.Hosting.Options;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Tests;

public sealed partial class LogFormatTests
{
    private const string Nasty = "a\nb\t\"c\" \\ \u001b[31m \u2028 é + <&>";

    [Fact]
    public void Json_IsGolden() => Assert.Equal(
        """{"ts":"T","level":"warning","event":"poolLow","id":4711,"logger":"cni","message":"pool 10.0.0.0/24 has 3 left, 0.5 of it, on: True","pool":"10.0.0.0/24","left":3,"share":0.5,"isOn":true}""" + "\n",
        Masked(Write(LogFormat.Json, static logger => Events.PoolLow(logger, "10.0.0.0/24", 3, 0.5, true))));

    [Fact]
    public void Json_ArgumentThatIsNamedAsAField_GetsAnUnderscore()
    {
        using var line = JsonDocument.Parse(Write(LogFormat.Json, static logger => Events.Reserved(logger, "one", "two")));
        Assert.Equal(("one", "two", "reserved"), (Text(line, "_level"), Text(line, "_id"), Text(line, "event")));
        Assert.Equal("information", Text(line, "level"));
    }

    [Fact]
    public void Json_WithNastyTextAndAnException_IsOneLine_AndReadsBack()
    {
        var text = Write(LogFormat.Json, static logger => Events.Failed(logger, Thrown(), Nasty));
        Assert.Equal(1, text.Count(static character => character == '\n'));
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain("\\u002B", text, StringComparison.Ordinal);
        using var line = JsonDocument.Parse(text);
        Assert.Equal((Nasty, $"failed: {Nasty}"), (Text(line, "what"), Text(line, "message")));
        Assert.StartsWith("System.IO.InvalidDataException: first\nsecond", Text(line, "exception"), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_IsGolden() => Assert.Equal(
        "T WARN  cni: pool 10.0.0.0/24 has 3 left, 0.5 of it, on: True\n",
        Masked(Write(LogFormat.Text, static logger => Events.PoolLow(logger, "10.0.0.0/24", 3, 0.5, true))));

    [Fact]
    public void Text_EscapesControls_AndIndentsTheException()
    {
        var lines = Masked(Write(LogFormat.Text, static logger => Events.Failed(logger, Thrown(), Nasty))).TrimEnd('\n').Split('\n');
        Assert.Equal("T ERROR cni: failed: a\\nb\\t\"c\" \\ \\u001b[31m \\u2028 é + <&>", lines[0]);
        Assert.Equal(["    System.IO.InvalidDataException: first", "    second"], lines[1..3]);
        Assert.All(lines[1..], static line => Assert.StartsWith("    ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Text_OnATerminal_IsColoured() =>
        Assert.Equal("T \e[33mWARN \e[0m cni: pool p has 0 left, 0 of it, on: False\n", Masked(Write(
            LogFormat.Auto, static logger => Events.PoolLow(logger, "p", 0, 0, false), isRedirected: false)));

    [Theory]
    [InlineData(LogFormat.Auto, false, false, false)]
    [InlineData(LogFormat.Auto, true, false, true)]
    [InlineData(LogFormat.Auto, false, true, true)]
    [InlineData(LogFormat.Text, true, true, false)]
    [InlineData(LogFormat.Json, false, false, true)]
    public void Format_FollowsTheOutput(LogFormat format, bool isRedirected, bool isJournal, bool isJson)
    {
        var text = Write(format, static logger => Events.Reserved(logger, "a", "b"), isRedirected, isJournal);
        Assert.Equal(isJson, text.Contains("\"event\":\"reserved\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(LogLevel.Trace, 7)]
    [InlineData(LogLevel.Debug, 7)]
    [InlineData(LogLevel.Information, 6)]
    [InlineData(LogLevel.Warning, 4)]
    [InlineData(LogLevel.Error, 3)]
    [InlineData(LogLevel.Critical, 2)]
    public void Journal_IsToldThePriority(LogLevel level, int priority) =>
        Assert.StartsWith($"<{priority}>{{", Write(LogFormat.Json, logger => Events.At(logger, level), isRedirected: true, isJournal: true), StringComparison.Ordinal);

    [Fact]
    public void Level_HidesWhatIsBelow()
    {
        Assert.Empty(Write(LogFormat.Text, static logger => Events.At(logger, LogLevel.Information), level: LogLevel.Warning));
        Assert.NotEmpty(Write(LogFormat.Text, static logger => Events.At(logger, LogLevel.Warning), level: LogLevel.Warning));
    }

    [Fact]
    public async Task LinesOfManyThreads_DoNotMix()
    {
        using var output = new MemoryStream();
        using (var loggers = AgentLogging.Create(new LogOptions { Format = LogFormat.Json }, output, isRedirected: true, isJournal: false))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
            {
                for (var i = 0; i < 200; i++)
                {
                    Events.Reserved(loggers.CreateLogger("cni"), new string('x', thread * 50), "b");
                }
            })));
        }

        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1600, lines.Length);
        Assert.All(lines, static line => JsonDocument.Parse(line).Dispose());
    }

    private static string Write(LogFormat format, Action<ILogger> write, bool isRedirected = true, bool isJournal = false, LogLevel level = LogLevel.Trace)
    {
        using var output = new MemoryStream();
        using (var loggers = AgentLogging.Create(new LogOptions { Format = format, Level = level }, output, isRedirected, isJournal))
        {
            write(loggers.CreateLogger("cni"));
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static string? Text(JsonDocument line, string member) => line.RootElement.GetProperty(member).GetString();

    private static string Masked(string text) => Timestamp().Replace(text, "T", 1);

    private static InvalidDataException Thrown()
    {
        try
        {
            throw new InvalidDataException("first\nsecond");
        }
        catch (InvalidDataException exception)
        {
            return exception;
        }
    }

    [GeneratedRegex(@"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ|\d\d:\d\d:\d\d\.\d\d\d")]
    private static partial Regex Timestamp();

    private static partial class Events
    {
        [LoggerMessage(4711, LogLevel.Warning, "pool {Pool} has {Left} left, {Share} of it, on: {IsOn}", EventName = "poolLow")]
        internal static partial void PoolLow(ILogger logger, string pool, int left, double share, bool isOn);

        [LoggerMessage(4712, LogLevel.Information, "{Level} and {Id}", EventName = "reserved")]
        internal static partial void Reserved(ILogger logger, string level, string id);

        [LoggerMessage(4713, LogLevel.Error, "failed: {What}", EventName = "failed")]
        internal static partial void Failed(ILogger logger, Exception exception, string what);

        [LoggerMessage(EventId = 4714, Message = "something", EventName = "at")]
        internal static partial void At(ILogger logger, LogLevel level);
    }
}
