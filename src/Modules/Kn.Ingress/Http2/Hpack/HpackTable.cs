namespace Kn.Ingress.Http2.Hpack;

/// <summary>The dynamic table of one direction of a connection (RFC 7541 §2.3.2): the fields that were sent last, newest first. Takes no memory before
/// its first field.</summary>
/// <remarks>Octets are appended, and moved to the front when the end is reached: an entry is always in one piece.</remarks>
internal sealed class HpackTable
{
    /// <summary>Largest size that Kn uses, and HTTP/2's default (RFC 9113 §6.5.2).</summary>
    public const int MaxSize = 4096;

    /// <summary>What an entry counts for beside its octets (RFC 7541 §4.1).</summary>
    public const int EntryOverhead = 32;

    private const int MaxEntries = MaxSize / EntryOverhead;
    private byte[] _bytes = [];
    private Entry[] _entries = [];
    private int _newest;
    private int _end;
    private int _size;
    private int _limit = MaxSize;

    /// <summary>How many entries.</summary>
    public int Count { get; private set; }

    /// <summary>The size that entries must fit into.</summary>
    public int Limit
    {
        get => _limit;
        set
        {
            _limit = value;
            Evict(0);
        }
    }

    /// <summary>The size of the entries (RFC 7541 §4.1).</summary>
    public int Size => _size;

    /// <summary>An entry; 0 is the newest. The spans hold until the next <see cref="Add"/>.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryGet(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        if ((uint)index >= (uint)Count)
        {
            return false;
        }

        ref readonly var entry = ref _entries[Place(index)];
        name = _bytes.AsSpan(entry.Start, entry.NameLength);
        value = _bytes.AsSpan(entry.Start + entry.NameLength, entry.ValueLength);
        return true;
    }

    /// <summary>Adds a field as the newest; older ones make room. One that is larger than the limit leaves the table empty (RFC 7541 §4.4).</summary>
    /// <param name="name">The name; not of this table.</param>
    /// <param name="value">The value; not of this table.</param>
    /// <param name="hash">What it can be found by.</param>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, uint hash = 0)
    {
        var length = name.Length + value.Length;
        Evict(length + EntryOverhead);
        if (length + EntryOverhead > _limit)
        {
            return;
        }

        if (_bytes.Length == 0)
        {
            _bytes = GC.AllocateUninitializedArray<byte>(2 * MaxSize);
            _entries = new Entry[MaxEntries];
        }

        if (_end + length > _bytes.Length)
        {
            Compact();
        }

        _newest = (_newest + 1) % MaxEntries;
        _entries[_newest] = new Entry(_end, name.Length, value.Length, hash);
        name.CopyTo(_bytes.AsSpan(_end));
        value.CopyTo(_bytes.AsSpan(_end + name.Length));
        _end += length;
        _size += length + EntryOverhead;
        Count++;
    }

    /// <summary>Where a field is; -1 for nowhere.</summary>
    public int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, uint hash)
    {
        for (var index = 0; index < Count; index++)
        {
            if (_entries[Place(index)].Hash == hash && TryGet(index, out var itsName, out var itsValue) && itsName.SequenceEqual(name) && itsValue.SequenceEqual(value))
            {
                return index;
            }
        }

        return -1;
    }

    private int Place(int index) => (_newest - index + MaxEntries) % MaxEntries;

    private void Evict(int room)
    {
        while (Count > 0 && _size + room > _limit)
        {
            ref readonly var oldest = ref _entries[Place(Count - 1)];
            _size -= oldest.NameLength + oldest.ValueLength + EntryOverhead;
            Count--;
        }
    }

    private void Compact()
    {
        var start = Count == 0 ? _end : _entries[Place(Count - 1)].Start;
        _bytes.AsSpan(start, _end - start).CopyTo(_bytes);
        for (var index = 0; index < Count; index++)
        {
            _entries[Place(index)].Start -= start;
        }

        _end -= start;
    }

    private record struct Entry(int Start, int NameLength, int ValueLength, uint Hash);
}
