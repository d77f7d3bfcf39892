using System.Text;
using System.Text.RegularExpressions;
using Kn.Ingress.Patterns;

namespace Kn.Ingress.Tests.Patterns;

public sealed class PatternTests
{
    private static readonly PatternScratch s_scratch = new();

    [Theory]
    [InlineData("/foo(/|$)(.*)", "/foo/bar", "/", "bar")]
    [InlineData("/foo(/|$)(.*)", "/FOO", "", "")]
    [InlineData("/api/v(\\d+)/(?:x|y)/(.+)", "/api/v12/y/rest", "12", "rest")]
    [InlineData("/(?<name>[a-z]{2,3})-(.*?)/", "/abc-de/f/", "abc", "de")]
    [InlineData("/caf\u00e9/(.*)", "/caf\u00e9/x", "x")]
    [InlineData("/[^/]+/([A-F0-9]{8})$", "/x/deadbeef", "deadbeef")]
    [InlineData("/a\\.b/(\\w*)", "/a.b/c_1-", "c_1")]
    [InlineData("^/x(y)?(z)", "/xz", null, "z")]
    public void Path_Matches_AndItsPartsAreRemembered(string pattern, string path, params string?[] captures)
    {
        Assert.Equal(captures, Match(Pattern.ForStart(pattern, ignoresCase: true), path));
    }

    [Theory]
    [InlineData("/foo(/|$)(.*)", "/foobar")]
    [InlineData("/foo", "/fo")]
    [InlineData("/x/[A-F0-9]{8}$", "/x/deadbee")]
    [InlineData("/a.c", "/ab")]
    [InlineData("b", "/b")]
    public void Path_DoesNotMatch(string pattern, string path) => Assert.Null(Match(Pattern.ForStart(pattern, ignoresCase: true), path));

    [Theory]
    [InlineData("/(?!admin).*", "looking around")]
    [InlineData("(a)\\1", "'\\1'")]
    [InlineData("(a", "without its ')'")]
    [InlineData("a)", "without its '('")]
    [InlineData("[a", "without its ']'")]
    [InlineData("a**", "double")]
    [InlineData("*a", "repeats nothing")]
    [InlineData("a{2,1}", "count")]
    [InlineData("(((a{60}){60}){60})", "too large")]
    [InlineData("[z-a]", "range")]
    [InlineData("a\\", "at the end")]
    public void WhatCannotBeMatchedInLinearTime_IsRefused_AndSaysWhy(string pattern, string expected) =>
        Assert.Contains(expected, Assert.Throws<PatternException>(() => Pattern.ForStart(pattern, ignoresCase: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void PatternThatTiresOthers_TakesNoLonger()
    {
        // Backtracking would take 2^64 steps.
        var pattern = Pattern.ForStart("/(a*)*(a*)*(a|a)*b", ignoresCase: true);
        Assert.Null(Match(pattern, "/" + new string('a', 5000)));
    }

    [Fact]
    public void RandomPatterns_AgreeWithTheRuntimesOwn()
    {
        var random = new Random(7);
        var compared = 0;
        for (var round = 0; round < 1000; round++)
        {
            var text = RandomPattern(random, 3);
            var path = new string([.. Enumerable.Range(0, random.Next(9)).Select(_ => "ab/c"[random.Next(4)])]);
            var expected = Regex.Match(path, "^(?:" + text + ")", RegexOptions.NonBacktracking);
            var actual = Match(Pattern.ForStart(text, ignoresCase: false), path);
            Assert.True(expected.Success == actual is not null, $"{text} on '{path}': {expected.Success}");
            if (actual is not null)
            {
                compared++;
                Assert.True(expected.Length == LengthOf(Pattern.ForStart(text, ignoresCase: false), path), $"{text} on '{path}': {expected.Value}");
            }
        }

        Assert.True(compared > 200, $"only {compared} of the patterns matched");
    }

    private static string?[]? Match(Pattern pattern, string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var places = new int[pattern.Places];
        return pattern.IsMatch(bytes, s_scratch, places)
            ? [.. Enumerable.Range(1, pattern.Captures).Select(number => places[number * 2] < 0 ? null : Encoding.UTF8.GetString(bytes[places[number * 2]..places[(number * 2) + 1]]))]
            : null;
    }

    private static int LengthOf(Pattern pattern, string path)
    {
        var places = new int[pattern.Places];
        Assert.True(pattern.IsMatch(Encoding.UTF8.GetBytes(path), s_scratch, places));
        return places[1];
    }

    private static string RandomPattern(Random random, int depth) => random.Next(depth == 0 ? 3 : 9) switch
    {
        0 => "a",
        1 => "b",
        2 => random.Next(3) switch { 0 => ".", 1 => "[ab]", _ => "[^a/]" },
        3 => $"({RandomPattern(random, depth - 1)})",
        4 => $"(?:{RandomPattern(random, depth - 1)}|{RandomPattern(random, depth - 1)})",

        // What repeats is never empty: Perl and automata end such loops differently.
        5 => $"(?:[ab]{RandomPattern(random, depth - 1)}){"*+?"[random.Next(3)]}{(random.Next(3) == 0 ? "?" : "")}",
        6 => $"(?:[ab]{RandomPattern(random, depth - 1)}){{{random.Next(2)},{random.Next(2, 4)}}}",
        _ => RandomPattern(random, depth - 1) + RandomPattern(random, depth - 1),
    };
}
