namespace Kn.Primitives.Tests;

/// <summary>What ends a chain does what System.Linq's does, called by their full names, on arrays, lists, sets and plain sequences of any length.</summary>
public sealed class SequenceResultsTests
{
    private static readonly int[][] Items = [[], [1], [3, 1, 2, 3, 1], [.. Enumerable.Range(0, 20)]];

    public static TheoryData<string, IEnumerable<int>> Sequences
    {
        get
        {
            var data = new TheoryData<string, IEnumerable<int>>();
            foreach (var items in Items)
            {
                data.Add("array", items);
                data.Add("list", new List<int>(items));
                data.Add("set", new HashSet<int>(items));
                data.Add("value list", items.ToValueList());
                data.Add("sequence", Plain(items));
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Collections_AreAsTheirNamesakes(string kind, IEnumerable<int> items)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(Enumerable.ToArray(items), SequenceResults.ToArray(items));
        Assert.NotSame(items, SequenceResults.ToArray(items).Length > 0 ? SequenceResults.ToArray(items) : null);
        Assert.Equal(Enumerable.ToList(items), SequenceResults.ToList(items));
        Assert.Equal(Enumerable.ToHashSet(items), SequenceResults.ToHashSet(items));
        var distinct = Enumerable.ToList(Enumerable.Distinct(items));
        Assert.Equal(Enumerable.ToDictionary(distinct, static item => item), SequenceResults.ToDictionary(distinct, static item => item));
        Assert.Equal(
            Enumerable.ToDictionary(distinct, static item => item, static item => -item), SequenceResults.ToDictionary(distinct, static item => item, static item => -item));
        Assert.Equal(Enumerable.SequenceEqual(items, distinct), SequenceResults.SequenceEqual(items, distinct));
        Assert.True(SequenceResults.SequenceEqual(items, SequenceResults.ToList(items)));
        Assert.False(SequenceResults.SequenceEqual(items, [.. items, 1]));
        Assert.False(SequenceResults.SequenceEqual([.. items, 1], items));
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Elements_AreAsTheirNamesakes(string kind, IEnumerable<int> items)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(Outcome(() => Enumerable.First(items)), Outcome(() => SequenceResults.First(items)));
        Assert.Equal(Outcome(() => Enumerable.First(items, static item => item > 1)), Outcome(() => SequenceResults.First(items, static item => item > 1)));
        Assert.Equal(Enumerable.FirstOrDefault(items), SequenceResults.FirstOrDefault(items));
        Assert.Equal(Enumerable.FirstOrDefault(items, static item => item > 1), SequenceResults.FirstOrDefault(items, static item => item > 1));
        Assert.Equal(Outcome(() => Enumerable.Single(items)), Outcome(() => SequenceResults.Single(items)));
        Assert.Equal(Enumerable.Any(items), SequenceResults.Any(items));
        Assert.Equal(Enumerable.Any(items, static item => item > 2), SequenceResults.Any(items, static item => item > 2));
        Assert.Equal(Enumerable.All(items, static item => item > 0), SequenceResults.All(items, static item => item > 0));
        Assert.Equal(Enumerable.Contains(items, 2), SequenceResults.Contains(items, 2));
        Assert.Equal(Enumerable.Contains(items, 2, EqualityComparer<int>.Default), SequenceResults.Contains(items, 2, EqualityComparer<int>.Default));
        Assert.Equal(Enumerable.Aggregate(items, "", static (text, item) => text + item), SequenceResults.Aggregate(items, "", static (text, item) => text + item));
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Numbers_AreAsTheirNamesakes(string kind, IEnumerable<int> items)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(Enumerable.Count(items), SequenceNumbers.Count(items));
        Assert.Equal(Enumerable.Count(items, static item => item > 1), SequenceNumbers.Count(items, static item => item > 1));
        Assert.Equal(Enumerable.Sum(items), SequenceNumbers.Sum(items));
        Assert.Equal(Enumerable.Sum(items, static item => item * 2L), SequenceNumbers.Sum(items, static item => item * 2L));
        Assert.Equal(Outcome(() => Enumerable.Min(items)), Outcome(() => SequenceNumbers.Min(items)));
        Assert.Equal(Outcome(() => Enumerable.Max(items)), Outcome(() => SequenceNumbers.Max(items)));
        Assert.Equal(Outcome(() => Enumerable.Min(items, static item => -item)), Outcome(() => SequenceNumbers.Min(items, static item => -item)));
        Assert.Equal(Outcome(() => Enumerable.Max(items, static item => -item)), Outcome(() => SequenceNumbers.Max(items, static item => -item)));
        Assert.Equal(Outcome(() => Enumerable.MaxBy(items, static item => item % 3)), Outcome(() => SequenceNumbers.MaxBy(items, static item => item % 3)));
        Assert.Equal(
            Enumerable.Min(Enumerable.Select(items, static item => item > 1 ? item : (int?)null)), SequenceNumbers.Min(items.Select(static item => item > 1 ? item : (int?)null)));
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Groups_AreAsTheirNamesakes(string kind, IEnumerable<int> items)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(Texts(Enumerable.GroupBy(items, static item => item % 3)), Texts(SequenceResults.GroupBy(items, static item => item % 3)));
        var lookup = SequenceResults.ToLookup(items, static item => item % 3, static item => -item);
        var namesake = Enumerable.ToLookup(items, static item => item % 3, static item => -item);
        Assert.Equal(namesake.Count, lookup.Count);
        for (var key = 0; key < 4; key++)
        {
            Assert.Equal(namesake[key], lookup[key]);
            Assert.Equal(namesake.Contains(key), lookup.Contains(key));
        }
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Parts_AreAsTheirNamesakes(string kind, IEnumerable<int> items)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(Enumerable.TakeWhile(items, static item => item != 2), SequenceExtensions.TakeWhile(items, static item => item != 2));
        Assert.Equal(Enumerable.SkipWhile(items, static item => item != 2), SequenceExtensions.SkipWhile(items, static item => item != 2));
        Assert.Equal(Enumerable.Zip(items, (int[])[5, 6]), SequenceExtensions.Zip(items, (int[])[5, 6]));
        Assert.Equal(Enumerable.Zip((int[])[5, 6], items), SequenceExtensions.Zip((int[])[5, 6], items));
        Assert.Equal(
            Enumerable.SelectMany(items, static item => Enumerable.Repeat(item, item), static (item, part) => (item, part)),
            SequenceExtensions.SelectMany(items, static item => Enumerable.Repeat(item, item), static (item, part) => (item, part)));
        Assert.Equal(Enumerable.Range(3, 4), Sequence.Range(3, 4));
    }

    [Fact]
    public void Comparers_AreUsed()
    {
        string[] words = ["a", "A", "b"];
        Assert.Equal(2, SequenceResults.ToHashSet(words, StringComparer.OrdinalIgnoreCase).Count);
        Assert.Equal(2, SequenceResults.GroupBy(words, static word => word, StringComparer.OrdinalIgnoreCase).Count);
        Assert.Equal(["a", "A"], SequenceResults.ToLookup(words, static word => word, StringComparer.OrdinalIgnoreCase)["A"]);
        Assert.True(SequenceResults.Contains(words, "B", StringComparer.OrdinalIgnoreCase));
        Assert.Throws<ArgumentException>(() => SequenceResults.ToDictionary(words, static word => word, StringComparer.OrdinalIgnoreCase));
        Assert.Equal(["a", "b"], SequenceExtensions.DistinctBy(words, static word => word, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Sum_ThatOverflows_Throws() => Assert.Throws<OverflowException>(() => SequenceNumbers.Sum([int.MaxValue, 1]));

    private static IEnumerable<int> Plain(int[] items)
    {
        foreach (var item in items)
        {
            yield return item;
        }
    }

    /// <summary>The value, or the kind of exception.</summary>
    private static string Outcome<T>(Func<T> read)
    {
        try
        {
            return $"{read()}";
        }
        catch (InvalidOperationException)
        {
            return nameof(InvalidOperationException);
        }
    }

    private static IEnumerable<string> Texts(IEnumerable<IGrouping<int, int>> groups) =>
        Enumerable.Select(groups, static group => $"{group.Key}: {string.Join(",", group)}");

    private static IEnumerable<string> Texts(IEnumerable<Group<int, int>> groups) =>
        Enumerable.Select(groups, static group => $"{group.Key}: {string.Join(",", group)}");
}
