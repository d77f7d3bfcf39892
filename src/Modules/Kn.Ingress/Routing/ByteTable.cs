using System.Numerics;

namespace Kn.Ingress.Routing;

/// <summary>A table by bytes, for look-ups that allocate nothing; never changed once it is made.</summary>
/// <remarks>Open addressing with linear probing, at most half full.</remarks>
internal sealed class ByteTable<T>
    where T : class
{
    private const uint FnvOffset = 2166136261;
    private const uint FnvPrime = 16777619;
    private readonly Entry[] _entries;
    private readonly int _mask;

    /// <summary>A table of these, whose keys differ.</summary>
    public ByteTable(IReadOnlyCollection<KeyValuePair<byte[], T>> items)
    {
        _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, items.Count * 2))];
        _mask = _entries.Length - 1;
        Count = items.Count;
        foreach (var (key, value) in items)
        {
            _entries[Place(key, Hash(key))] = new Entry(key, value);
        }
    }

    private ByteTable(Entry[] entries, int count)
    {
        _entries = entries;
        _mask = entries.Length - 1;
        Count = count;
    }

    /// <summary>How many.</summary>
    public int Count { get; }

    /// <summary>The hash of no bytes, to be gone on with.</summary>
    public static uint Seed => FnvOffset;

    /// <summary>Goes on with a hash by one byte (FNV-1a).</summary>
    public static uint Step(uint hash, byte value) => (hash ^ value) * FnvPrime;

    /// <summary>The hash of a key.</summary>
    public static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = Seed;
        foreach (var value in key)
        {
            hash = Step(hash, value);
        }

        return hash;
    }

    /// <summary>What is there by that key, or null.</summary>
    public T? Find(ReadOnlySpan<byte> key) => Find(key, Hash(key));

    /// <summary>What is there by that key, whose hash is known, or null.</summary>
    public T? Find(ReadOnlySpan<byte> key, uint hash) => _entries[Place(key, hash)].Value;

    /// <summary>A table with one entry more, or changed; with one less where the value is null.</summary>
    public ByteTable<T> With(byte[] key, T? value)
    {
        var place = Place(key, Hash(key));
        var isThere = _entries[place].Value is not null;
        if (value is not null && (isThere || (Count + 1) * 2 <= _entries.Length))
        {
            var entries = (Entry[])_entries.Clone();
            entries[place] = new Entry(key, value);
            return new ByteTable<T>(entries, isThere ? Count : Count + 1);
        }

        if (value is null && !isThere)
        {
            return this;
        }

        var items = new List<KeyValuePair<byte[], T>>(Count + 1);
        foreach (var entry in _entries)
        {
            if (entry.Value is not null && !entry.Key.AsSpan().SequenceEqual(key))
            {
                items.Add(new(entry.Key, entry.Value));
            }
        }

        if (value is not null)
        {
            items.Add(new(key, value));
        }

        return new ByteTable<T>(items);
    }

    private int Place(ReadOnlySpan<byte> key, uint hash)
    {
        // FNV's low bits are good; the high ones get in as well.
        var place = (int)(hash ^ (hash >> 15)) & _mask;
        while (_entries[place].Value is not null && !key.SequenceEqual(_entries[place].Key))
        {
            place = (place + 1) & _mask;
        }

        return place;
    }

    private readonly record struct Entry(byte[] Key, T? Value);
}
