using System.Globalization;
using System.Text.RegularExpressions;

namespace Kn.Conventions.Tests;

/// <summary>Events have stable numbers and names, and docs/log-events.md tells them all.</summary>
public sealed partial class LogEventTests
{
    private const string Document = "docs/log-events.md";

    private static readonly IReadOnlyList<LogEvent> Events = [.. Repository.Files("src", "*.cs").SelectMany(ReadEvents)];

    [Fact]
    public void EveryLoggerMessage_HasNumberLevelTextAndName()
    {
        var declared = Repository.Files("src", "*.cs").Sum(static path => Regex.Count(Repository.Read(path), @"\[LoggerMessage\("));
        Assert.True(declared > 50, "no log events were found: the search is broken");
        Assert.Equal(declared, Events.Count);
    }

    [Fact]
    public void Number_IsUsedOnce() =>
        Assert.Empty(Events.GroupBy(static item => item.Id).Where(static group => group.Count() > 1).Select(static group => string.Join(" and ", group)));

    [Fact]
    public void Name_IsUsedOnceInItsProject_AndIsCamelCase()
    {
        Assert.Empty(Events.GroupBy(static item => (item.Project, item.Name)).Where(static group => group.Count() > 1).Select(static group => string.Join(" and ", group)));
        Assert.DoesNotContain(Events, static item => !char.IsAsciiLetterLower(item.Name[0]));
    }

    [Fact]
    public void Number_IsOfItsProjectsBlock()
    {
        var blocks = BlockRow().Matches(Repository.Read(Document))
            .ToDictionary(static match => match.Groups["project"].Value, static match => (First: Number(match, "first"), Last: Number(match, "last")), StringComparer.Ordinal);
        Assert.NotEmpty(blocks);
        Assert.DoesNotContain(Events, item => !blocks.TryGetValue(item.Project, out var block) || item.Id < block.First || item.Id > block.Last);
    }

    [Fact]
    public void Document_TellsEveryEvent_AndNoOther()
    {
        var documented = EventRow().Matches(Repository.Read(Document)).Select(static match => $"{match.Groups["id"]} {match.Groups["level"]} {match.Groups["name"]} {match.Groups["text"]}");
        var declared = Events.Select(static item => $"{item.Id} {item.Level} {item.Name} {item.Text.Replace("|", "\\|", StringComparison.Ordinal)}").Order(StringComparer.Ordinal);
        Assert.Equal(declared, documented.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<LogEvent> ReadEvents(string path)
    {
        var project = path.Split('/').First(static part => part.StartsWith("Kn", StringComparison.Ordinal));
        return Declaration().Matches(Repository.Read(path)).Select(match => new LogEvent(
            project,
            Number(match, "id"),
            match.Groups["level"].Value.ToLowerInvariant(),
            match.Groups["name"].Value,
            match.Groups["text"].Value));
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("""\[LoggerMessage\((?<id>\d+), LogLevel\.(?<level>\w+), "(?<text>(?:[^"\\]|\\.)*)", EventName = "(?<name>\w+)"\)\]""")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\| (?<first>\d+)–(?<last>\d+) \| (?<project>[\w.]+) \|$", RegexOptions.Multiline)]
    private static partial Regex BlockRow();

    [GeneratedRegex(@"^\| (?<id>\d+) \| (?<level>\w+) \| (?<name>\w+) \| (?<text>.*) \|$", RegexOptions.Multiline)]
    private static partial Regex EventRow();

    private sealed record LogEvent(string Project, int Id, string Level, string Name, string Text);
}
