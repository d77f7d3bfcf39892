using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>Writes netlink messages and their attributes, one behind another, into a span that grows when it must.</summary>
/// <remarks>
/// struct nlmsghdr and struct nlattr, uapi/linux/netlink.h; integers are in host order (little-endian on every machine Kn is built for) unless the method says otherwise.
/// <code>
/// message:   length u32 | type u16 | flags u16 | sequence u32 | port id u32 | payload, padded to 4
/// attribute: length u16 | type u16 | payload, padded to 4          (length counts the header, not the padding)
/// </code>
/// Sequence and port id stay 0: <see cref="NetlinkSocket"/> fills them in. Use as <c>using var writer</c>, or Dispose, to give
/// a grown buffer back; spans handed out are invalid after the next Put.
/// </remarks>
public ref struct NetlinkWriter
{
    /// <summary>Bytes of struct nlmsghdr.</summary>
    public const int HeaderBytes = 16;

    private const int AttributeHeaderBytes = 4;
    private const ushort NLA_F_NESTED = 0x8000;

    private Span<byte> _buffer;
    private byte[]? _rented;
    private int _length;

    /// <summary>Writes into <paramref name="buffer"/>, often on the stack, and moves to the pool when that is full.</summary>
    public NetlinkWriter(Span<byte> buffer) => _buffer = buffer;

    /// <summary>Everything written until now.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>The same bytes, for the socket to stamp sequence numbers into.</summary>
    internal readonly Span<byte> Messages => _buffer[.._length];

    /// <summary>How many bytes are written.</summary>
    public readonly int Length => _length;

    /// <summary>Starts a message; end it by <see cref="EndMessage"/> with the returned token.</summary>
    public MessageToken BeginMessage(ushort type, NetlinkFlags flags)
    {
        var start = _length;
        var header = Append(HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)flags);
        return new MessageToken(start);
    }

    /// <summary>Fills in the length of the message.</summary>
    public readonly void EndMessage(MessageToken token) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[token.Start..], (uint)(_length - token.Start));

    /// <summary>Adds zeroed bytes, padded to 4, for a family's fixed header; write into the returned span at once.</summary>
    public Span<byte> Append(int count)
    {
        var start = _length;
        var padded = (count + 3) & ~3;
        if (start + padded > _buffer.Length)
        {
            Grow(start + padded);
        }

        _length = start + padded;
        var added = _buffer.Slice(start, padded);
        added.Clear();
        return added[..count];
    }

    /// <summary>Starts an attribute that holds attributes; end it by <see cref="EndNest"/> with the returned token.</summary>
    public NestToken BeginNest(ushort type) => BeginAttribute((ushort)(type | NLA_F_NESTED));

    /// <summary>Starts a nest without NLA_F_NESTED, as some old rtnetlink parsers want it, or an attribute with a payload put by <see cref="Append"/>.</summary>
    public NestToken BeginAttribute(ushort type)
    {
        var start = _length;
        var header = Append(AttributeHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], type);
        return new NestToken(start);
    }

    /// <summary>Fills in the length of the nest.</summary>
    /// <exception cref="InvalidOperationException">It does not fit the 16-bit length: split what is inside.</exception>
    public readonly void EndNest(NestToken token)
    {
        var length = _length - token.Start;
        if (length > ushort.MaxValue)
        {
            throw new InvalidOperationException($"a netlink attribute of {length} bytes does not fit its 16-bit length");
        }

        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[token.Start..], (ushort)length);
    }

    /// <summary>Takes back what was written from the token on: a nest that turned out empty or too long.</summary>
    public void Rewind(NestToken token) => _length = token.Start;

    /// <summary>An attribute without payload: its presence is the value.</summary>
    public void PutFlag(ushort type) => Attribute(type, 0);

    /// <summary>One byte.</summary>
    public void PutUInt8(ushort type, byte value) => Attribute(type, 1)[0] = value;

    /// <summary>Two bytes in host order.</summary>
    public void PutUInt16(ushort type, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Attribute(type, 2), value);

    /// <summary>Two bytes in network order.</summary>
    public void PutUInt16BigEndian(ushort type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Attribute(type, 2), value);

    /// <summary>Four bytes in host order.</summary>
    public void PutUInt32(ushort type, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Attribute(type, 4), value);

    /// <summary>Four bytes in network order.</summary>
    public void PutUInt32BigEndian(ushort type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Attribute(type, 4), value);

    /// <summary>Four bytes in host order, signed: link indexes, file descriptors.</summary>
    public void PutInt32(ushort type, int value) => BinaryPrimitives.WriteInt32LittleEndian(Attribute(type, 4), value);

    /// <summary>Eight bytes in host order.</summary>
    public void PutUInt64(ushort type, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Attribute(type, 8), value);

    /// <summary>Eight bytes in network order.</summary>
    public void PutUInt64BigEndian(ushort type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Attribute(type, 8), value);

    /// <summary>Raw bytes.</summary>
    public void PutBytes(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Attribute(type, value.Length));

    /// <summary>UTF-8 with the terminating zero that the kernel's string attributes have.</summary>
    public void PutString(ushort type, string value)
    {
        var destination = Attribute(type, Encoding.UTF8.GetByteCount(value) + 1);
        Encoding.UTF8.GetBytes(value, destination);
    }

    /// <summary>UTF-8 with the terminating zero added.</summary>
    public void PutString(ushort type, scoped ReadOnlySpan<byte> utf8) => utf8.CopyTo(Attribute(type, utf8.Length + 1));

    /// <summary>Four or sixteen bytes in network order.</summary>
    public void PutAddress(ushort type, IpAddress address) => address.WriteBytes(Attribute(type, address.ByteCount));

    /// <summary>Forgets everything written, keeps the buffer.</summary>
    public void Clear() => _length = 0;

    /// <summary>Gives a grown buffer back to the pool.</summary>
    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }

        _buffer = default;
        _length = 0;
    }

    private Span<byte> Attribute(ushort type, int payloadBytes)
    {
        var length = AttributeHeaderBytes + payloadBytes;
        if (length > ushort.MaxValue)
        {
            throw new InvalidOperationException($"a netlink attribute of {length} bytes does not fit its 16-bit length");
        }

        var attribute = Append(length);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], type);
        return attribute[AttributeHeaderBytes..];
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
        Written.CopyTo(larger);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        _buffer = _rented = larger;
    }
}

/// <summary>Where a message began; given back to <see cref="NetlinkWriter.EndMessage"/>.</summary>
public readonly record struct MessageToken(int Start);

/// <summary>Where a nest began; given back to <see cref="NetlinkWriter.EndNest"/>.</summary>
public readonly record struct NestToken(int Start);
