namespace Kn;

/// <summary>First, Any, ToArray and the like, what a chain of operators ends in, for all code below the namespace Kn. Each does what its namesake
/// in System.Linq does.</summary>
/// <remarks>The framework's ask first whether a sequence is one of its own iterators, so whoever calls one of them for a type gets the iterators
/// of that type as well, with all that they can be fused to, and a pool of arrays of it; see docs/adr/0006-what-the-binary-is-made-of.md.</remarks>
public static class SequenceResults
{
    private const string NoElements = "Sequence contains no elements";
    private const string NoMatch = "Sequence contains no matching element";
    private const string ManyElements = "Sequence contains more than one element";

    /// <summary>All elements, in an array of their own.</summary>
    public static TSource[] ToArray<TSource>(this IEnumerable<TSource> source)
    {
        if (source is not ICollection<TSource> collection)
        {
            return new List<TSource>(source).ToArray();
        }

        if (collection.Count == 0)
        {
            return [];
        }

        var items = new TSource[collection.Count];
        collection.CopyTo(items, 0);
        return items;
    }

    /// <summary>All elements, in a list of their own.</summary>
    public static List<TSource> ToList<TSource>(this IEnumerable<TSource> source) => new(source);

    /// <summary>All elements, each once.</summary>
    public static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource>? comparer = null) => new(source, comparer);

    /// <summary>The elements by their keys.</summary>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public static Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull
    {
        var result = new Dictionary<TKey, TSource>(comparer);
        foreach (var item in source)
        {
            result.Add(key(item), item);
        }

        return result;
    }

    /// <summary>What the elements become, by their keys.</summary>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public static Dictionary<TKey, TValue> ToDictionary<TSource, TKey, TValue>(
        this IEnumerable<TSource> source, Func<TSource, TKey> key, Func<TSource, TValue> value, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull
    {
        var result = new Dictionary<TKey, TValue>(comparer);
        foreach (var item in source)
        {
            result.Add(key(item), value(item));
        }

        return result;
    }

    /// <summary>The pairs, as a dictionary.</summary>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public static Dictionary<TKey, TValue> ToDictionary<TKey, TValue>(this IEnumerable<KeyValuePair<TKey, TValue>> source, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull => new(source, comparer);

    /// <summary>The elements of each key, read at once; keys and elements in the order in which they come.</summary>
    public static Lookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull
    {
        var result = new Lookup<TKey, TSource>(comparer);
        foreach (var item in source)
        {
            result.Add(key(item), item);
        }

        return result;
    }

    /// <summary>What the elements of each key become, read at once; keys and elements in the order in which they come.</summary>
    public static Lookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(
        this IEnumerable<TSource> source, Func<TSource, TKey> key, Func<TSource, TElement> element, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull
    {
        var result = new Lookup<TKey, TElement>(comparer);
        foreach (var item in source)
        {
            result.Add(key(item), element(item));
        }

        return result;
    }

    /// <summary>As <see cref="ToLookup{TSource, TKey}"/>.</summary>
    public static Lookup<TKey, TSource> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull => source.ToLookup(key, comparer);

    /// <summary>As <see cref="ToLookup{TSource, TKey, TElement}"/>.</summary>
    public static Lookup<TKey, TElement> GroupBy<TSource, TKey, TElement>(
        this IEnumerable<TSource> source, Func<TSource, TKey> key, Func<TSource, TElement> element, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull => source.ToLookup(key, element, comparer);

    /// <summary>The first element.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource First<TSource>(this IEnumerable<TSource> source)
    {
        foreach (var item in source)
        {
            return item;
        }

        throw new InvalidOperationException(NoElements);
    }

    /// <summary>The first element that satisfies a condition.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource First<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                return item;
            }
        }

        throw new InvalidOperationException(NoMatch);
    }

    /// <summary>The first element, or the type's default value when there is none.</summary>
    public static TSource? FirstOrDefault<TSource>(this IEnumerable<TSource> source)
    {
        foreach (var item in source)
        {
            return item;
        }

        return default;
    }

    /// <summary>The first element that satisfies a condition, or the type's default value when there is none.</summary>
    public static TSource? FirstOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                return item;
            }
        }

        return default;
    }

    /// <summary>The only element.</summary>
    /// <exception cref="InvalidOperationException">There is none, or more than one.</exception>
    public static TSource Single<TSource>(this IEnumerable<TSource> source)
    {
        using var items = source.GetEnumerator();
        if (!items.MoveNext())
        {
            throw new InvalidOperationException(NoElements);
        }

        var only = items.Current;
        return items.MoveNext() ? throw new InvalidOperationException(ManyElements) : only;
    }

    /// <summary>Whether there is an element.</summary>
    public static bool Any<TSource>(this IEnumerable<TSource> source)
    {
        using var items = source.GetEnumerator();
        return items.MoveNext();
    }

    /// <summary>Whether an element satisfies a condition.</summary>
    public static bool Any<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (predicate(item))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether every element satisfies a condition.</summary>
    public static bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var item in source)
        {
            if (!predicate(item))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether an element is there; a collection is asked in its own way.</summary>
    public static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)
    {
        if (source is ICollection<TSource> collection)
        {
            return collection.Contains(value);
        }

        foreach (var item in source)
        {
            if (EqualityComparer<TSource>.Default.Equals(item, value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether an element is there that equals <paramref name="value"/> as the comparer has it.</summary>
    public static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)
    {
        foreach (var item in source)
        {
            if (comparer.Equals(item, value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether both have equal elements in the same order.</summary>
    public static bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource>? comparer = null)
    {
        comparer ??= EqualityComparer<TSource>.Default;
        using var others = second.GetEnumerator();
        foreach (var item in first)
        {
            if (!others.MoveNext() || !comparer.Equals(item, others.Current))
            {
                return false;
            }
        }

        return !others.MoveNext();
    }

    /// <summary>Folds all elements into one value.</summary>
    public static TResult Aggregate<TSource, TResult>(this IEnumerable<TSource> source, TResult seed, Func<TResult, TSource, TResult> fold)
    {
        foreach (var item in source)
        {
            seed = fold(seed, item);
        }

        return seed;
    }
}
