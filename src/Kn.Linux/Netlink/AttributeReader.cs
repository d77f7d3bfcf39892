using System.Buffers.Binary;
using System.Text;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>Walks netlink attributes; every length is checked before its bytes are touched.</summary>
/// <remarks>struct nlattr, uapi/linux/netlink.h: length u16 (with this header, without padding), type u16 (top bit: nested, next: big-endian),
/// payload, padding to 4. Integers are in host order unless the method says otherwise.</remarks>
public ref struct AttributeReader
{
    private const int AttributeHeaderBytes = 4;
    private const ushort NLA_TYPE_MASK = 0x3FFF;
    private const ushort NLA_F_NESTED = 0x8000;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads attributes from the bytes behind a message's fixed header, or inside a nest.</summary>
    public AttributeReader(ReadOnlySpan<byte> attributes) => _rest = attributes;

    /// <summary>Type of the current attribute, without the flag bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>True when the current attribute says that it holds attributes; older parts of rtnetlink leave this out.</summary>
    public bool IsNested { get; private set; }

    /// <summary>Payload of the current attribute, without padding.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next attribute; false at the end.</summary>
    /// <exception cref="WireFormatException">A length that is shorter than the header or leaves the message.</exception>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < AttributeHeaderBytes)
        {
            throw new WireFormatException($"netlink attribute: {_rest.Length} bytes left, its header has {AttributeHeaderBytes}");
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        var type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]);
        if (length < AttributeHeaderBytes || length > _rest.Length)
        {
            throw new WireFormatException($"netlink attribute {type & NLA_TYPE_MASK}: length {length}, {_rest.Length} bytes left");
        }

        Type = (ushort)(type & NLA_TYPE_MASK);
        IsNested = (type & NLA_F_NESTED) != 0;
        Value = _rest[AttributeHeaderBytes..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>Reads the attributes inside the current one.</summary>
    public readonly AttributeReader Nested() => new(Value);

    /// <summary>The payload as one byte.</summary>
    public readonly byte ReadUInt8() => Exactly(1)[0];

    /// <summary>The payload as two bytes in host order.</summary>
    public readonly ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Exactly(2));

    /// <summary>The payload as two bytes in network order.</summary>
    public readonly ushort ReadUInt16BigEndian() => BinaryPrimitives.ReadUInt16BigEndian(Exactly(2));

    /// <summary>The payload as four bytes in host order.</summary>
    public readonly uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Exactly(4));

    /// <summary>The payload as four bytes in network order.</summary>
    public readonly uint ReadUInt32BigEndian() => BinaryPrimitives.ReadUInt32BigEndian(Exactly(4));

    /// <summary>The payload as four signed bytes in host order.</summary>
    public readonly int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Exactly(4));

    /// <summary>The payload as eight bytes in host order.</summary>
    public readonly ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Exactly(8));

    /// <summary>The payload as eight bytes in network order.</summary>
    public readonly ulong ReadUInt64BigEndian() => BinaryPrimitives.ReadUInt64BigEndian(Exactly(8));

    /// <summary>The payload as text up to its terminating zero, which may be missing.</summary>
    public readonly string ReadString() => Encoding.UTF8.GetString(ReadStringBytes());

    /// <summary>The bytes of the text, without its terminating zero.</summary>
    public readonly ReadOnlySpan<byte> ReadStringBytes()
    {
        var end = Value.IndexOf((byte)0);
        return end < 0 ? Value : Value[..end];
    }

    /// <summary>The payload as an address of 4 or 16 bytes.</summary>
    public readonly IpAddress ReadAddress() => IpAddress.FromBytes(Value);

    private readonly ReadOnlySpan<byte> Exactly(int count) => Value.Length == count
        ? Value
        : throw new WireFormatException($"netlink attribute {Type}: {Value.Length} bytes, expected {count}");
}
