namespace Kn.Primitives.Tests;

/// <summary>Our operators do what System.Linq's do, called by their full names, on sequences of any length.</summary>
public sealed class SequenceExtensionsTests
{
    public static TheoryData<int[]> Sequences => [[], [1], [3, 1, 2, 3, 1], [.. Enumerable.Range(0, 20)]];

    [Theory, MemberData(nameof(Sequences))]
    public void Operators_AreAsTheirNamesakes(int[] items)
    {
        Assert.Equal(Enumerable.Select(items, static item => item * 2), SequenceExtensions.Select(items, static item => item * 2));
        Assert.Equal(Enumerable.Select(items, static (item, index) => (item, index)), SequenceExtensions.Select(items, static (item, index) => (item, index)));
        Assert.Equal(Enumerable.SelectMany(items, static item => Enumerable.Repeat(item, item)), SequenceExtensions.SelectMany(items, static item => Enumerable.Repeat(item, item)));
        Assert.Equal(Enumerable.Where(items, static item => item > 1), SequenceExtensions.Where(items, static item => item > 1));
        Assert.Equal(Enumerable.Concat(items, [7, 8]), SequenceExtensions.Concat(items, [7, 8]));
        Assert.Equal(Enumerable.Append(items, 7), SequenceExtensions.Append(items, 7));
        Assert.Equal(Enumerable.Prepend(items, 7), SequenceExtensions.Prepend(items, 7));
        Assert.Equal(Enumerable.Distinct(items), SequenceExtensions.Distinct(items));
        Assert.Equal(Enumerable.Reverse(items), SequenceExtensions.Reverse(items));
        Assert.Equal(Enumerable.DefaultIfEmpty(items), SequenceExtensions.DefaultIfEmpty(items));
        Assert.Equal(Enumerable.DefaultIfEmpty(items, 9), SequenceExtensions.DefaultIfEmpty(items, 9));
        Assert.Equal(Enumerable.OfType<string>((object?[])["a", 1, null, "b"]), SequenceExtensions.OfType<string>((object?[])["a", 1, null, "b"]));
        foreach (var count in (int[])[-1, 0, 1, 3, 100])
        {
            Assert.Equal(Enumerable.Take(items, count), SequenceExtensions.Take(items, count));
            Assert.Equal(Enumerable.Skip(items, count), SequenceExtensions.Skip(items, count));
        }
    }

    [Theory, MemberData(nameof(Sequences))]
    public void Orders_AreAsTheirNamesakes_AndKeepEqualElementsAsTheyCame(int[] items)
    {
        var pairs = Enumerable.ToList(Enumerable.Select(items, static (item, index) => (Key: item % 3, Other: item % 2, Place: index)));
        Assert.Equal(Enumerable.Order(items), SequenceExtensions.Order(items));
        Assert.Equal(Enumerable.OrderBy(pairs, static pair => pair.Key), SequenceExtensions.OrderBy(pairs, static pair => pair.Key));
        Assert.Equal(Enumerable.OrderByDescending(pairs, static pair => pair.Key), SequenceExtensions.OrderByDescending(pairs, static pair => pair.Key));
        Assert.Equal(
            Enumerable.ThenBy(Enumerable.OrderBy(pairs, static pair => pair.Key), static pair => pair.Other),
            SequenceExtensions.ThenBy(SequenceExtensions.OrderBy(pairs, static pair => pair.Key), static pair => pair.Other));
        Assert.Equal(
            Enumerable.ThenByDescending(Enumerable.OrderByDescending(pairs, static pair => pair.Key), static pair => pair.Other),
            SequenceExtensions.ThenByDescending(SequenceExtensions.OrderByDescending(pairs, static pair => pair.Key), static pair => pair.Other));
        Assert.Equal(Enumerable.DistinctBy(pairs, static pair => pair.Key), SequenceExtensions.DistinctBy(pairs, static pair => pair.Key));
        Assert.Equal(Enumerable.Except(items, [1, 3]), SequenceExtensions.Except(items, [1, 3]));
    }

    [Fact]
    public void Order_GoesByTheComparerThatItIsGiven() =>
        Assert.Equal(["B", "a"], SequenceExtensions.Order(["a", "B"], StringComparer.Ordinal));

    [Fact]
    public void Take_AsksForNoMoreThanItGives()
    {
        var asked = 0;
        Assert.Equal([1, 2], SequenceExtensions.Take(Count(), 2));
        Assert.Equal(2, asked);

        IEnumerable<int> Count()
        {
            while (true)
            {
                yield return ++asked;
            }
        }
    }
}
