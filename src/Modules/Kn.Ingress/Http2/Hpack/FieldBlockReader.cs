namespace Kn.Ingress.Http2.Hpack;

/// <summary>Reads a header block, which is whole, field by field (RFC 7541 §3, §6).</summary>
/// <remarks>
/// <code>
/// 1 index(7)                                    a field of a table
/// 0 1 index(6) [name] value                     a field, and into the dynamic table
/// 0 0 0 x index(4) [name] value                 a field alone; x: it is never to be indexed
/// 0 0 1 size(5)                                 the dynamic table's size, before all fields
/// string = H length(7) octets                   H: in Huffman's code
/// </code>
/// A block has to be read to its end even where nobody wants its fields: the tables of both ends would differ.
/// </remarks>
/// <param name="table">The dynamic table.</param>
/// <param name="block">The block.</param>
/// <param name="scratch">Where strings are decoded: 8/5 of the block, and <see cref="HpackTable.MaxSize"/>, are always enough.</param>
internal ref struct FieldBlockReader(HpackTable table, ReadOnlySpan<byte> block, Span<byte> scratch)
{
    private const byte IndexedBit = 0x80;
    private const byte IncrementalBit = 0x40;
    private const byte SizeBit = 0x20;
    private readonly ReadOnlySpan<byte> _block = block;
    private readonly Span<byte> _scratch = scratch;
    private int _at;
    private int _used;
    private bool _hasField;

    /// <summary>Whether the block is none; the connection cannot go on (COMPRESSION_ERROR).</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The field's name; holds until the next one.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The field's value; holds until the next one.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Reads the next field.</summary>
    /// <returns>False when there is none, or <see cref="IsBroken"/>.</returns>
    public bool Next()
    {
        while (_at < _block.Length && !IsBroken)
        {
            var first = _block[_at];
            if ((first & IndexedBit) != 0)
            {
                _hasField = true;
                return ReadIndexed() || Break();
            }

            if ((first & (IncrementalBit | SizeBit)) != SizeBit)
            {
                _hasField = true;
                return ReadLiteral(isKept: (first & IncrementalBit) != 0) || Break();
            }

            if (_hasField || !ReadInteger(5, out var size) || size > HpackTable.MaxSize)
            {
                return Break();
            }

            table.Limit = size;
        }

        return false;
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }

    private bool ReadIndexed()
    {
        if (!ReadInteger(7, out var index) || !Find(index, out var name, out var value))
        {
            return false;
        }

        Name = name;
        Value = value;
        return true;
    }

    private bool ReadLiteral(bool isKept)
    {
        _used = 0;
        if (!ReadInteger(isKept ? 6 : 4, out var index))
        {
            return false;
        }

        ReadOnlySpan<byte> name;
        if (index == 0)
        {
            if (!ReadString(out name))
            {
                return false;
            }
        }
        else if (!Find(index, out name, out _))
        {
            return false;
        }
        else if (index > StaticTable.Count)
        {
            // The entry that it is of may have to go when this one comes (RFC 7541 §4.4).
            name.CopyTo(_scratch);
            _used = name.Length;
            name = _scratch[.._used];
        }

        if (!ReadString(out var value))
        {
            return false;
        }

        if (isKept)
        {
            table.Add(name, value);
        }

        Name = name;
        Value = value;
        return true;
    }

    private readonly bool Find(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        if (index > StaticTable.Count)
        {
            return table.TryGet(index - StaticTable.Count - 1, out name, out value);
        }

        name = value = default;
        if (index == 0)
        {
            return false;
        }

        StaticTable.Get(index, out name, out value);
        return true;
    }

    private bool ReadString(out ReadOnlySpan<byte> text)
    {
        text = default;
        var isHuffman = _at < _block.Length && (_block[_at] & 0x80) != 0;
        if (!ReadInteger(7, out var length) || length > _block.Length - _at)
        {
            return false;
        }

        text = _block.Slice(_at, length);
        _at += length;
        if (!isHuffman)
        {
            return true;
        }

        if (!Huffman.TryDecode(text, _scratch[_used..], out var decoded))
        {
            return false;
        }

        text = _scratch.Slice(_used, decoded);
        _used += decoded;
        return true;
    }

    private bool ReadInteger(int prefixBits, out int value)
    {
        var isRead = HpackInteger.TryRead(_block[_at..], prefixBits, out value, out var length);
        _at += length;
        return isRead;
    }
}
