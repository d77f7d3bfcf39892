using System.Collections;

namespace Kn;

/// <summary>Elements by a key that several may have; keys in the order in which they came.</summary>
public sealed class Lookup<TKey, TElement> : IReadOnlyCollection<Group<TKey, TElement>>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Group<TKey, TElement>> _byKey;
    private readonly List<Group<TKey, TElement>> _groups = [];

    internal Lookup(IEqualityComparer<TKey>? comparer) => _byKey = new Dictionary<TKey, Group<TKey, TElement>>(comparer);

    /// <summary>How many keys there are.</summary>
    public int Count => _groups.Count;

    /// <summary>The elements of a key; none for one that never came.</summary>
    public IReadOnlyList<TElement> this[TKey key] => _byKey.TryGetValue(key, out var group) ? group : [];

    /// <summary>Whether the key came.</summary>
    public bool Contains(TKey key) => _byKey.ContainsKey(key);

    /// <inheritdoc/>
    public IEnumerator<Group<TKey, TElement>> GetEnumerator() => _groups.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(TKey key, TElement element)
    {
        if (!_byKey.TryGetValue(key, out var group))
        {
            group = new Group<TKey, TElement>(key);
            _byKey.Add(key, group);
            _groups.Add(group);
        }

        group.Add(element);
    }
}

/// <summary>The elements of one key, in the order in which they came.</summary>
public sealed class Group<TKey, TElement> : IReadOnlyList<TElement>
{
    private readonly List<TElement> _elements = [];

    internal Group(TKey key) => Key = key;

    /// <summary>What they have in common.</summary>
    public TKey Key { get; }

    /// <inheritdoc/>
    public int Count => _elements.Count;

    /// <inheritdoc/>
    public TElement this[int index] => _elements[index];

    /// <inheritdoc/>
    public IEnumerator<TElement> GetEnumerator() => _elements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(TElement element) => _elements.Add(element);
}
