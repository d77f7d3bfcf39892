namespace Kn.Bgp.Ribs;

/// <summary>What a peer was told of one family, and which prefixes are to be looked at again: four bytes and a bit a prefix.</summary>
internal sealed class RibOut
{
    /// <summary>Told, and to be told again whatever it was.</summary>
    internal const int Again = -1;

    private int[] _told = [];
    private ulong[] _isPending = [];
    private List<int> _pending = [];

    /// <summary>How many prefixes it was told.</summary>
    internal int Count { get; private set; }

    /// <summary>True when rows are to be looked at.</summary>
    internal bool HasPending => _pending.Count > 0;

    /// <summary>The attributes that it was told; 0: nothing.</summary>
    internal int Told(int row) => row < _told.Length ? _told[row] : 0;

    /// <summary>Notes what it is told; returns what that replaces.</summary>
    internal int Tell(RibTable table, int row, int attributes)
    {
        if (row >= _told.Length)
        {
            Array.Resize(ref _told, Math.Max(row + 1, Math.Max(64, Math.Min(table.HighestRow + 1, _told.Length * 2))));
        }

        var before = _told[row];
        _told[row] = attributes;
        var change = (attributes != 0 ? 1 : 0) - (before != 0 ? 1 : 0);
        Count += change;
        table.Row(row).Users = (ushort)(table.Row(row).Users + change);
        return before;
    }

    internal void MarkPending(RibTable table, int row)
    {
        var word = row >> 6;
        if (word >= _isPending.Length)
        {
            Array.Resize(ref _isPending, Math.Max(word + 1, _isPending.Length * 2));
        }

        if ((_isPending[word] >> row & 1) == 0)
        {
            _isPending[word] |= 1UL << row;
            _pending.Add(row);
            table.Row(row).Users++;
        }
    }

    /// <summary>Takes rows that are to be looked at, at most so many.</summary>
    internal int[] TakePending(RibTable table, int most)
    {
        var count = Math.Min(most, _pending.Count);
        var taken = _pending.GetRange(_pending.Count - count, count).ToArray();
        _pending.RemoveRange(_pending.Count - count, count);
        if (_pending.Count == 0 && _pending.Capacity > 1024)
        {
            _pending = [];
        }

        foreach (var row in taken)
        {
            _isPending[row >> 6] &= ~(1UL << row);
            table.Row(row).Users--;
        }

        return taken;
    }

    /// <summary>Everything is told again, also what has not changed (RFC 2918 §4).</summary>
    internal void TellAgain(RibTable table, AttributeTable attributes)
    {
        for (var row = 1; row < _told.Length; row++)
        {
            if (_told[row] > 0)
            {
                attributes.Release(_told[row]);
                _told[row] = Again;
                MarkPending(table, row);
            }
        }
    }

    /// <summary>Forgets all: the session is gone.</summary>
    internal void Clear(RibTable table, AttributeTable attributes)
    {
        foreach (var row in TakePending(table, int.MaxValue))
        {
            table.RemoveIfUnused(row);
        }

        for (var row = 1; row < _told.Length; row++)
        {
            var told = _told[row];
            if (told != 0)
            {
                Tell(table, row, 0);
                attributes.Release(Math.Max(told, 0));
                table.RemoveIfUnused(row);
            }
        }

        _told = [];
        _isPending = [];
    }
}
