using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Kn.Primitives;

/// <summary>An immutable map that is equal to another when they hold the same keys with equal values; the empty map is the default value.</summary>
/// <remarks>Small maps (labels, annotations) are an array that is searched in order, which is smaller and faster than a hash table;
/// larger ones are hashed.</remarks>
public readonly struct ValueMap<TKey, TValue> : IReadOnlyDictionary<TKey, TValue>, IEquatable<ValueMap<TKey, TValue>>
    where TKey : notnull
{
    private const int HashedFrom = 9;
    private readonly KeyValuePair<TKey, TValue>[]? _pairs;
    private readonly Dictionary<TKey, TValue>? _hashed;

    internal ValueMap(Dictionary<TKey, TValue> items)
    {
        if (items.Count >= HashedFrom)
        {
            _hashed = items;
        }
        else if (items.Count > 0)
        {
            _pairs = [.. items];
        }
    }

    /// <summary>The map without entries.</summary>
    public static ValueMap<TKey, TValue> Empty => default;

    /// <inheritdoc/>
    public int Count => _hashed?.Count ?? _pairs?.Length ?? 0;

    /// <inheritdoc/>
    public IEnumerable<TKey> Keys => Pairs().Select(static pair => pair.Key);

    /// <inheritdoc/>
    public IEnumerable<TValue> Values => Pairs().Select(static pair => pair.Value);

    /// <inheritdoc/>
    public TValue this[TKey key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"no '{key}'");

    /// <inheritdoc/>
    public bool ContainsKey(TKey key) => TryGetValue(key, out _);

    /// <inheritdoc/>
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_hashed is not null)
        {
            return _hashed.TryGetValue(key, out value);
        }

        foreach (var pair in _pairs.AsSpan())
        {
            if (EqualityComparer<TKey>.Default.Equals(pair.Key, key))
            {
                value = pair.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The value of a key, or the default where the key is absent.</summary>
    public TValue? Find(TKey key) => TryGetValue(key, out var value) ? value : default;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator() => Pairs().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(ValueMap<TKey, TValue> other)
    {
        if (Count != other.Count)
        {
            return false;
        }

        foreach (var (key, value) in Pairs())
        {
            if (!other.TryGetValue(key, out var others) || !EqualityComparer<TValue>.Default.Equals(value, others))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ValueMap<TKey, TValue> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var sum = 0;
        foreach (var (key, value) in Pairs())
        {
            sum += HashCode.Combine(key, value);
        }

        return sum;
    }

    /// <summary>The entries in braces.</summary>
    public override string ToString() => $"{{{string.Join(", ", Pairs().Select(static pair => $"{pair.Key}: {pair.Value}"))}}}";

    /// <summary>The same keys with equal values.</summary>
    public static bool operator ==(ValueMap<TKey, TValue> left, ValueMap<TKey, TValue> right) => left.Equals(right);

    /// <summary>Different keys or values.</summary>
    public static bool operator !=(ValueMap<TKey, TValue> left, ValueMap<TKey, TValue> right) => !left.Equals(right);

    private IEnumerable<KeyValuePair<TKey, TValue>> Pairs() => (IEnumerable<KeyValuePair<TKey, TValue>>?)_hashed ?? _pairs ?? [];
}

/// <summary>Makes value maps.</summary>
public static class ValueMap
{
    /// <summary>A map of these entries; a key that occurs twice keeps its last value.</summary>
    public static ValueMap<TKey, TValue> ToValueMap<TKey, TValue>(this IEnumerable<KeyValuePair<TKey, TValue>> items)
        where TKey : notnull
    {
        var copy = new Dictionary<TKey, TValue>();
        foreach (var (key, value) in items)
        {
            copy[key] = value;
        }

        return new ValueMap<TKey, TValue>(copy);
    }

    /// <summary>A map of these entries.</summary>
    public static ValueMap<TKey, TValue> Of<TKey, TValue>(params ReadOnlySpan<(TKey Key, TValue Value)> items)
        where TKey : notnull
    {
        var copy = new Dictionary<TKey, TValue>(items.Length);
        foreach (var (key, value) in items)
        {
            copy[key] = value;
        }

        return new ValueMap<TKey, TValue>(copy);
    }
}
