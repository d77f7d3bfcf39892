using Kn.Bgp.Attributes;

namespace Kn.Bgp.Ribs;

/// <summary>Path attributes, each content once, known by numbers from 1 and kept while they are used.</summary>
internal sealed class AttributeTable
{
    private readonly Dictionary<PathAttributes, int> _numbers = [];
    private readonly Slab<Entry> _entries = new();

    /// <summary>How many different ones.</summary>
    internal int Count => _numbers.Count;

    internal PathAttributes this[int number] => _entries[number].Attributes;

    /// <summary>The number of these, with one use more.</summary>
    internal int Take(PathAttributes attributes)
    {
        if (!_numbers.TryGetValue(attributes, out var number))
        {
            number = _entries.Rent();
            _entries[number] = new Entry { Attributes = attributes };
            _numbers.Add(attributes, number);
        }

        _entries[number].Uses++;
        return number;
    }

    /// <summary>One use more.</summary>
    internal void Take(int number) => _entries[number].Uses++;

    /// <summary>One use less; 0 is nothing.</summary>
    internal void Release(int number)
    {
        if (number != 0 && --_entries[number].Uses == 0)
        {
            _numbers.Remove(_entries[number].Attributes);
            _entries.Return(number);
        }
    }

    private struct Entry
    {
        internal PathAttributes Attributes;
        internal int Uses;
    }
}
