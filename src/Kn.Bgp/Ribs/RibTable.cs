using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>The prefixes of one family: a hash table whose rows and paths are structs in chunks, 60 bytes for a prefix with one path.</summary>
internal sealed class RibTable(IpFamily family)
{
    private const int FirstBuckets = 64;

    private readonly Slab<RibRow> _rows = new();
    private readonly Slab<RibPath> _paths = new();
    private int[] _buckets = new int[FirstBuckets];

    internal IpFamily Family { get; } = family;

    /// <summary>How many prefixes.</summary>
    internal int Count { get; private set; }

    /// <summary>Rows have numbers from 1 to this; some may be free.</summary>
    internal int HighestRow => _rows.Highest;

    /// <summary>Rows whose paths changed.</summary>
    internal List<int> Dirty { get; } = [];

    internal ref RibRow Row(int row) => ref _rows[row];

    internal ref RibPath Path(int path) => ref _paths[path];

    internal bool IsInUse(int row) => (_rows[row].Flags & RowFlags.InUse) != 0;

    /// <summary>The row of a prefix; 0 when there is none.</summary>
    internal int Find(in PrefixKey key)
    {
        var row = _buckets[key.Hash() & (_buckets.Length - 1)];
        while (row != 0 && _rows[row].Key != key)
        {
            row = _rows[row].NextInBucket;
        }

        return row;
    }

    internal int FindOrAdd(in PrefixKey key)
    {
        var found = Find(key);
        if (found != 0)
        {
            return found;
        }

        if (Count >= _buckets.Length)
        {
            Grow();
        }

        var row = _rows.Rent();
        ref var bucket = ref _buckets[key.Hash() & (_buckets.Length - 1)];
        _rows[row] = new RibRow { Key = key, NextInBucket = bucket, Flags = RowFlags.InUse };
        bucket = row;
        Count++;
        return row;
    }

    /// <summary>The path of a peer; 0 when it told none.</summary>
    internal int FindPath(int row, ushort peer)
    {
        var path = _rows[row].FirstPath;
        while (path != 0 && _paths[path].Peer != peer)
        {
            path = _paths[path].Next;
        }

        return path;
    }

    internal int AddPath(int row, ushort peer)
    {
        var path = _paths.Rent();
        _paths[path] = new RibPath { Peer = peer, Next = _rows[row].FirstPath };
        _rows[row].FirstPath = path;
        return path;
    }

    internal void RemovePath(int row, int path)
    {
        ref var link = ref _rows[row].FirstPath;
        while (link != path)
        {
            link = ref _paths[link].Next;
        }

        link = _paths[path].Next;
        _paths.Return(path);
    }

    internal void MarkDirty(int row, PathFlags touched)
    {
        ref var flags = ref _rows[row].Flags;
        if ((flags & RowFlags.Dirty) == 0)
        {
            Dirty.Add(row);
        }

        flags |= RowFlags.Dirty
            | ((touched & PathFlags.Best) != 0 ? RowFlags.BestTouched : 0)
            | ((touched & PathFlags.InUse) != 0 ? RowFlags.SetTouched : 0);
    }

    /// <summary>Frees the row when nobody has a use for it.</summary>
    internal void RemoveIfUnused(int row)
    {
        ref var gone = ref _rows[row];
        if (gone.FirstPath != 0 || gone.Users != 0 || (gone.Flags & RowFlags.Dirty) != 0)
        {
            return;
        }

        ref var link = ref _buckets[gone.Key.Hash() & (_buckets.Length - 1)];
        while (link != row)
        {
            link = ref _rows[link].NextInBucket;
        }

        link = gone.NextInBucket;
        _rows.Return(row);
        Count--;
    }

    private void Grow()
    {
        var buckets = new int[_buckets.Length * 2];
        for (var row = 1; row <= _rows.Highest; row++)
        {
            if (IsInUse(row))
            {
                ref var bucket = ref buckets[_rows[row].Key.Hash() & (buckets.Length - 1)];
                _rows[row].NextInBucket = bucket;
                bucket = row;
            }
        }

        _buckets = buckets;
    }
}
