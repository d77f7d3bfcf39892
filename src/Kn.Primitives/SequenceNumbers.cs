using System.Numerics;

namespace Kn;

/// <summary>Count, Sum, Min and Max for all code below the namespace Kn, as their namesakes in System.Linq.</summary>
public static class SequenceNumbers
{
    private const string NoElements = "Sequence contains no elements";

    /// <summary>How many elements there are.</summary>
    public static int Count<TSource>(this IEnumerable<TSource> source)
    {
        if (source is ICollection<TSource> collection)
        {
            return collection.Count;
        }

        var count = 0;
        foreach (var _ in source)
        {
            count = checked(count + 1);
        }

        return count;
    }

    /// <summary>How many elements satisfy a condition.</summary>
    public static int Count<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        var count = 0;
        foreach (var item in source)
        {
            if (predicate(item))
            {
                count = checked(count + 1);
            }
        }

        return count;
    }

    /// <summary>The sum of all elements.</summary>
    /// <exception cref="OverflowException">It is more than the type holds.</exception>
    public static TSource Sum<TSource>(this IEnumerable<TSource> source)
        where TSource : struct, INumberBase<TSource>
    {
        var sum = TSource.Zero;
        foreach (var item in source)
        {
            sum = checked(sum + item);
        }

        return sum;
    }

    /// <summary>The sum of what the elements become.</summary>
    /// <exception cref="OverflowException">It is more than the type holds.</exception>
    public static TResult Sum<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
        where TResult : struct, INumberBase<TResult>
    {
        var sum = TResult.Zero;
        foreach (var item in source)
        {
            sum = checked(sum + selector(item));
        }

        return sum;
    }

    /// <summary>The lowest element.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource Min<TSource>(this IEnumerable<TSource> source)
        where TSource : struct, IComparable<TSource> => Best(source, -1);

    /// <summary>The lowest element that is not null; null when there is none.</summary>
    public static TSource? Min<TSource>(this IEnumerable<TSource?> source)
        where TSource : struct, IComparable<TSource>
    {
        TSource? lowest = null;
        foreach (var item in source)
        {
            if (item is { } value && (lowest is not { } best || value.CompareTo(best) < 0))
            {
                lowest = value;
            }
        }

        return lowest;
    }

    /// <summary>The lowest of what the elements become.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TResult Min<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
        where TResult : struct, IComparable<TResult> => Best(source.Select(selector), -1);

    /// <summary>The highest element.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource Max<TSource>(this IEnumerable<TSource> source)
        where TSource : struct, IComparable<TSource> => Best(source, 1);

    /// <summary>The highest of what the elements become.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TResult Max<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
        where TResult : struct, IComparable<TResult> => Best(source.Select(selector), 1);

    /// <summary>The first element with the highest key.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource MaxBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key)
        where TKey : struct, IComparable<TKey>
    {
        using var items = source.GetEnumerator();
        if (!items.MoveNext())
        {
            throw new InvalidOperationException(NoElements);
        }

        var best = items.Current;
        var bestKey = key(best);
        while (items.MoveNext())
        {
            if (key(items.Current) is var next && next.CompareTo(bestKey) > 0)
            {
                (best, bestKey) = (items.Current, next);
            }
        }

        return best;
    }

    /// <param name="source">What to choose from.</param>
    /// <param name="sign">1 for the highest, -1 for the lowest.</param>
    private static TSource Best<TSource>(IEnumerable<TSource> source, int sign)
        where TSource : struct, IComparable<TSource>
    {
        using var items = source.GetEnumerator();
        if (!items.MoveNext())
        {
            throw new InvalidOperationException(NoElements);
        }

        var best = items.Current;
        while (items.MoveNext())
        {
            if (Math.Sign(items.Current.CompareTo(best)) == sign)
            {
                best = items.Current;
            }
        }

        return best;
    }
}
