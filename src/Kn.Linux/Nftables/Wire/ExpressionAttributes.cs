using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>The attributes of one expression, by number: what a Read method picks from.</summary>
/// <remarks>The numbers of all expressions fit into 16; an attribute beyond that, or one that comes twice, makes the expression unknown.</remarks>
internal readonly ref struct ExpressionAttributes
{
    private readonly ReadOnlySpan<byte> _data;
    private readonly Slots _slots;
    private readonly uint _present;

    internal ExpressionAttributes(string expression, ReadOnlySpan<byte> data)
    {
        Expression = expression;
        _data = data;
        var reader = new AttributeReader(data);
        while (reader.MoveNext())
        {
            if (reader.Type >= Slots.Count || (_present & (1u << reader.Type)) != 0)
            {
                HasForeign = true;
                continue;
            }

            _present |= 1u << reader.Type;
            data.Overlaps(reader.Value, out var start);
            _slots[reader.Type] = (start, reader.Value.Length);
        }
    }

    /// <summary>Name of the expression, for messages.</summary>
    internal string Expression { get; }

    private bool HasForeign { get; }

    /// <summary>True when there is no attribute but these.</summary>
    internal bool Only(params ReadOnlySpan<ushort> types)
    {
        uint allowed = 0;
        foreach (var type in types)
        {
            allowed |= 1u << type;
        }

        return !HasForeign && (_present & ~allowed) == 0;
    }

    internal bool Has(ushort type) => (_present & (1u << type)) != 0;

    /// <exception cref="WireFormatException">There is none.</exception>
    internal ReadOnlySpan<byte> Bytes(ushort type)
    {
        if (!Has(type))
        {
            throw new WireFormatException($"nftables {Expression}: attribute {type} is missing");
        }

        var (start, length) = _slots[type];
        return _data.Slice(start, length);
    }

    internal uint UInt32(ushort type) => BinaryPrimitives.ReadUInt32BigEndian(Exactly(type, sizeof(uint)));

    internal uint UInt32(ushort type, uint otherwise) => Has(type) ? UInt32(type) : otherwise;

    internal ulong UInt64(ushort type) => BinaryPrimitives.ReadUInt64BigEndian(Exactly(type, sizeof(ulong)));

    internal ulong UInt64(ushort type, ulong otherwise) => Has(type) ? UInt64(type) : otherwise;

    internal ushort UInt16(ushort type) => BinaryPrimitives.ReadUInt16BigEndian(Exactly(type, sizeof(ushort)));

    internal byte UInt8(ushort type) => Exactly(type, sizeof(byte))[0];

    internal NftRegister Register(ushort type) => NftRegister.FromNumber(UInt32(type));

    internal NftRegister? OptionalRegister(ushort type) => Has(type) ? Register(type) : null;

    internal TimeSpan Milliseconds(ushort type) => NftTime.FromMilliseconds(UInt64(type, 0));

    internal NftValue Value(ushort type)
    {
        var data = DataCodec.Read(Bytes(type));
        return data.Verdict is null ? data.Value : throw new WireFormatException($"nftables {Expression}: attribute {type} is a verdict");
    }

    internal string Text(ushort type)
    {
        var bytes = Bytes(type);
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private ReadOnlySpan<byte> Exactly(ushort type, int count)
    {
        var bytes = Bytes(type);
        return bytes.Length == count
            ? bytes
            : throw new WireFormatException($"nftables {Expression}: attribute {type} has {bytes.Length} bytes, expected {count}");
    }

    [InlineArray(Count)]
    private struct Slots
    {
        internal const int Count = 16;
        private (int Start, int Length) _first;
    }
}
