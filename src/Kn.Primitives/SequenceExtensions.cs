namespace Kn;

/// <summary>Select, Where and the like for all code below the namespace Kn, which finds them before System.Linq's. Each does what its namesake does,
/// when it is asked for an element.</summary>
/// <remarks>The framework's fuse chains by a virtual generic method of their iterators. Native AOT must compile that for every iterator
/// and each pair of value types that any two selectors could make: 12 MB of code here, half the binary. These are iterators and no
/// more; see docs/adr/0001-select-of-our-own.md and docs/adr/0004-more-operators-of-our-own.md.</remarks>
public static class SequenceExtensions
{
    /// <summary>Projects each element.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
    {
        foreach (var item in source)
        {
            yield return selector(item);
        }
    }

    /// <summary>Projects each element and its position, from 0.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)
    {
        var index = 0;
        foreach (var item in source)
        {
            yield return selector(item, index++);
        }
    }

    /// <summary>The elements of what each element becomes, one after the other.</summary>
    public static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)
    {
        foreach (var item in source)
        {
            foreach (var part in selector(item))
            {
                yield return part;
            }
        }
    }

    /// <summary>What each element makes with each element of what it becomes, one after the other.</summary>
    public static IEnumerable<TResult> SelectMany<TSource, TPart, TResult>(
        this IEnumerable<TSource> source, Func<TSource, IEnumerable<TPart>> selector, Func<TSource, TPart, TResult> result)
    {
        foreach (var item in source)
        {
            foreach (var part in selector(item))
            {
                yield return result(item, part);
            }
        }
    }

    /// <summary>The same, as a sequence and nothing else.</summary>
    public static IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source) => source;

    /// <summary>The elements that satisfy a condition.</summary>
    public static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                yield return item;
            }
        }
    }

    /// <summary>One sequence, then the other.</summary>
    public static IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
    {
        foreach (var item in first)
        {
            yield return item;
        }

        foreach (var item in second)
        {
            yield return item;
        }
    }

    /// <summary>The sequence, then one more element.</summary>
    public static IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)
    {
        foreach (var item in source)
        {
            yield return item;
        }

        yield return element;
    }

    /// <summary>One element, then the sequence.</summary>
    public static IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)
    {
        yield return element;
        foreach (var item in source)
        {
            yield return item;
        }
    }

    /// <summary>The first elements, as many as there are up to <paramref name="count"/>.</summary>
    public static IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)
    {
        if (count <= 0)
        {
            yield break;
        }

        foreach (var item in source)
        {
            yield return item;
            if (--count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>All elements but the first <paramref name="count"/>.</summary>
    public static IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)
    {
        foreach (var item in source)
        {
            if (count-- <= 0)
            {
                yield return item;
            }
        }
    }

    /// <summary>The elements before the first that does not satisfy a condition.</summary>
    public static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (!predicate(item))
            {
                yield break;
            }

            yield return item;
        }
    }

    /// <summary>The first element that does not satisfy a condition, and all that follow it.</summary>
    public static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        var skipping = true;
        foreach (var item in source)
        {
            skipping = skipping && predicate(item);
            if (!skipping)
            {
                yield return item;
            }
        }
    }

    /// <summary>The elements of both, side by side, as far as the shorter goes.</summary>
    public static IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)
    {
        using var others = second.GetEnumerator();
        foreach (var item in first)
        {
            if (!others.MoveNext())
            {
                yield break;
            }

            yield return (item, others.Current);
        }
    }

    /// <summary>Each element the first time that it comes.</summary>
    public static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source)
    {
        var seen = new HashSet<TSource>();
        foreach (var item in source)
        {
            if (seen.Add(item))
            {
                yield return item;
            }
        }
    }

    /// <summary>Each element whose key comes for the first time.</summary>
    public static IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IEqualityComparer<TKey>? comparer = null)
    {
        var seen = new HashSet<TKey>(comparer);
        foreach (var item in source)
        {
            if (seen.Add(key(item)))
            {
                yield return item;
            }
        }
    }

    /// <summary>Each element that the other sequence does not have, once.</summary>
    public static IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> source, IEnumerable<TSource> other)
    {
        var seen = new HashSet<TSource>(other);
        foreach (var item in source)
        {
            if (seen.Add(item))
            {
                yield return item;
            }
        }
    }

    /// <summary>The elements of a type; those of others, and nulls, are left out.</summary>
    public static IEnumerable<TResult> OfType<TResult>(this System.Collections.IEnumerable source)
    {
        foreach (var item in source)
        {
            if (item is TResult wanted)
            {
                yield return wanted;
            }
        }
    }

    /// <summary>The last element first.</summary>
    public static IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)
    {
        var items = source.ToArray();
        for (var i = items.Length - 1; i >= 0; i--)
        {
            yield return items[i];
        }
    }

    /// <summary>The elements, or the type's default value when there are none.</summary>
    public static IEnumerable<TSource?> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source) => DefaultIfEmpty<TSource?>(source, default);

    /// <summary>The elements, or one when there are none.</summary>
    public static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource element)
    {
        var any = false;
        foreach (var item in source)
        {
            any = true;
            yield return item;
        }

        if (!any)
        {
            yield return element;
        }
    }

    /// <summary>The elements in their own order.</summary>
    public static OrderedSequence<TSource> Order<TSource>(this IEnumerable<TSource> source, IComparer<TSource>? comparer = null) =>
        new(source, (comparer ?? Comparer<TSource>.Default).Compare);

    /// <summary>The elements in the order of their keys.</summary>
    public static OrderedSequence<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        new(source, ByKey(key, comparer));

    /// <summary>The elements in the reverse order of their keys.</summary>
    public static OrderedSequence<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        new(source, Reversed(ByKey(key, comparer)));

    /// <summary>Elements of equal keys by another key.</summary>
    public static OrderedSequence<TSource> ThenBy<TSource, TKey>(this OrderedSequence<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        source.Then(ByKey(key, comparer));

    /// <summary>Elements of equal keys by another key, the highest first.</summary>
    public static OrderedSequence<TSource> ThenByDescending<TSource, TKey>(this OrderedSequence<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        source.Then(Reversed(ByKey(key, comparer)));

    private static Comparison<TSource> ByKey<TSource, TKey>(Func<TSource, TKey> key, IComparer<TKey>? comparer)
    {
        var keys = comparer ?? Comparer<TKey>.Default;
        return (left, right) => keys.Compare(key(left), key(right));
    }

    private static Comparison<TSource> Reversed<TSource>(Comparison<TSource> compare) => (left, right) => compare(right, left);
}
