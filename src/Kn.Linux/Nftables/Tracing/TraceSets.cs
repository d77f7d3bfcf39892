namespace Kn.Linux.Nftables.Tracing;

/// <summary>The elements of a table's sets, as look-ups see them.</summary>
internal sealed class TraceSets
{
    private readonly Dictionary<string, NftSet> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<NftValue, NftElement>> _exact = new(StringComparer.Ordinal);

    internal TraceSets(NftTable table)
    {
        foreach (var set in table.Sets)
        {
            _sets.Add(set.Name, set);
            _exact.Add(set.Name, set.Elements.Where(static element => !element.IsCatchAll && element.KeyEnd.IsEmpty).ToDictionary(static element => element.Key));
        }
    }

    internal NftSet Find(string name) => _sets.TryGetValue(name, out var set) ? set : throw new InvalidOperationException($"the table has no set {name}");

    internal NftElement? LookUp(NftSet set, NftValue key)
    {
        if (_exact[set.Name].TryGetValue(key, out var exact))
        {
            return exact;
        }

        foreach (var element in set.Elements)
        {
            if (!element.KeyEnd.IsEmpty && IsInside(set.Key, element, key))
            {
                return element;
            }
        }

        return set.Elements.FirstOrDefault(static element => element.IsCatchAll);
    }

    internal void Put(NftSet set, NftElement element) => _exact[set.Name][element.Key] = element;

    internal bool Remove(NftSet set, NftValue key) => _exact[set.Name].Remove(key);

    /// <summary>Every field of a concatenation has a range of its own.</summary>
    private static bool IsInside(NftKey fields, NftElement range, NftValue key)
    {
        var start = 0;
        foreach (var field in fields.Fields)
        {
            var length = fields.IsConcatenation ? field.Type.Words * 4 : field.Type.LengthBytes;
            var value = key.Bytes.Slice(start, length);
            if (value.SequenceCompareTo(range.Key.Bytes.Slice(start, length)) < 0 || value.SequenceCompareTo(range.KeyEnd.Bytes.Slice(start, length)) > 0)
            {
                return false;
            }

            start += length;
        }

        return true;
    }
}
