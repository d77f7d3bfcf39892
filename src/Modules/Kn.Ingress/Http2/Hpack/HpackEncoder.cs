namespace Kn.Ingress.Http2.Hpack;

/// <summary>What is kept from one header block to the next that is written to the same peer.</summary>
internal sealed class HpackEncoder
{
    private int _lowest = HpackTable.MaxSize;
    private int _limit = HpackTable.MaxSize;
    private bool _hasChanged;

    /// <summary>The peer's dynamic table, as far as what was written has made it.</summary>
    public HpackTable Table { get; } = new();

    /// <summary>The peer will keep a table of so many octets at most (SETTINGS_HEADER_TABLE_SIZE).</summary>
    public void Restrict(uint size)
    {
        _limit = (int)Math.Min(size, HpackTable.MaxSize);
        _lowest = Math.Min(_lowest, _limit);
        _hasChanged |= _limit != Table.Limit || _lowest != Table.Limit;
    }

    /// <summary>Begins a block: says what the table's size is, where that has changed. The lowest that it was meanwhile has to be said too (RFC 7541 §4.2).</summary>
    /// <returns>How many octets are written.</returns>
    public int Begin(Span<byte> destination)
    {
        if (!_hasChanged)
        {
            return 0;
        }

        _hasChanged = false;
        var length = 0;
        if (_lowest < _limit)
        {
            Table.Limit = _lowest;
            length = HpackInteger.Write(destination, 0x20, 5, _lowest);
        }

        _lowest = Table.Limit = _limit;
        return length + HpackInteger.Write(destination[length..], 0x20, 5, _limit);
    }
}
