using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>Writes fields into a caller's span, in network order.</summary>
/// <remarks>Nothing is written beyond the span: <see cref="IsFull"/> tells that something did not fit, and then what was written is worth
/// nothing.</remarks>
internal ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>How many bytes were written.</summary>
    public int Length { get; private set; }

    /// <summary>True when something did not fit.</summary>
    public bool IsFull { get; private set; }

    /// <summary>How many bytes still fit.</summary>
    public readonly int Room => _destination.Length - Length;

    public void Byte(byte value) => Take(1).Fill(value);

    public void UInt16(ushort value)
    {
        if (Take(2) is { IsEmpty: false } field)
        {
            BinaryPrimitives.WriteUInt16BigEndian(field, value);
        }
    }

    public void UInt32(uint value)
    {
        if (Take(4) is { IsEmpty: false } field)
        {
            BinaryPrimitives.WriteUInt32BigEndian(field, value);
        }
    }

    public void UInt64(ulong value)
    {
        if (Take(8) is { IsEmpty: false } field)
        {
            BinaryPrimitives.WriteUInt64BigEndian(field, value);
        }
    }

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        if (Take(value.Length) is { IsEmpty: false } field)
        {
            value.CopyTo(field);
        }
    }

    public void Address(IpAddress address)
    {
        if (Take(address.ByteCount) is { IsEmpty: false } field)
        {
            address.WriteBytes(field);
        }
    }

    /// <summary>Leaves room for a length of one byte that <see cref="EndByte"/> fills in.</summary>
    public int BeginByte()
    {
        Byte(0);
        return Length;
    }

    public readonly void EndByte(int start)
    {
        if (!IsFull)
        {
            _destination[start - 1] = checked((byte)(Length - start));
        }
    }

    /// <summary>Leaves room for a length of two bytes that <see cref="EndUInt16"/> fills in.</summary>
    public int BeginUInt16()
    {
        UInt16(0);
        return Length;
    }

    public readonly void EndUInt16(int start)
    {
        if (!IsFull)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_destination[(start - 2)..], checked((ushort)(Length - start)));
        }
    }

    /// <summary>Skips bytes that somebody else writes.</summary>
    public Span<byte> Take(int count)
    {
        if (IsFull || Room < count)
        {
            IsFull = true;
            return default;
        }

        Length += count;
        return _destination.Slice(Length - count, count);
    }
}
