namespace Kn.Early;

/// <summary>Bytes outside of the garbage collector's heap, appended at the end. Nobody frees them: the process ends.</summary>
internal unsafe struct NativeBuffer
{
    private const int FirstCapacity = 8192;
    private byte* _start;
    private int _capacity;

    /// <summary>What was appended.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes; valid until the next is appended.</summary>
    public readonly ReadOnlySpan<byte> Bytes => new(_start, Length);

    /// <summary>The first byte; valid until the next is appended.</summary>
    public readonly byte* Start => _start;

    /// <summary>Makes room behind the end.</summary>
    /// <returns>False: there is no memory.</returns>
    public bool TryReserve(int count)
    {
        if (_capacity - Length >= count)
        {
            return true;
        }

        var capacity = _capacity == 0 ? FirstCapacity : _capacity;
        while (capacity - Length < count)
        {
            capacity *= 2;
        }

        var start = EarlyLibc.Reallocate(_start, capacity);
        if (start == null)
        {
            return false;
        }

        _start = start;
        _capacity = capacity;
        return true;
    }

    /// <summary>Where the next byte goes.</summary>
    public readonly byte* End => _start + Length;

    /// <summary>Says that bytes were written behind the end.</summary>
    public void Advance(int count) => Length += count;

    /// <summary>Appends bytes; false when there is no memory.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (!TryReserve(bytes.Length))
        {
            return false;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            _start[Length + i] = bytes[i];
        }

        Length += bytes.Length;
        return true;
    }

    /// <summary>Appends two bytes, little-endian.</summary>
    public bool TryAppendUInt16(int value) => TryAppendByte(value) && TryAppendByte(value >> 8);

    /// <summary>Appends four bytes, little-endian.</summary>
    public bool TryAppendUInt32(int value) => TryAppendUInt16(value) && TryAppendUInt16(value >> 16);

    /// <summary>Overwrites four bytes, little-endian.</summary>
    public readonly void WriteUInt32(int offset, int value)
    {
        for (var i = 0; i < sizeof(uint); i++)
        {
            _start[offset + i] = (byte)(value >> (8 * i));
        }
    }

    /// <summary>Appends the lowest byte of a number.</summary>
    public bool TryAppendByte(int value)
    {
        if (!TryReserve(1))
        {
            return false;
        }

        _start[Length++] = (byte)value;
        return true;
    }
}
