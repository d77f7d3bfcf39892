using System.Runtime.InteropServices;
using System.Text;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Bytes as they stand in registers, element keys and element data; equal by content, empty by default.</summary>
/// <remarks>Packet fields (addresses, ports) are in network order; what the kernel counts itself (mark, priority, interface
/// numbers, connection states, generated numbers) is in the byte order of the host. Fields of a concatenation are padded to
/// 4 bytes each, <see cref="NftValueWriter"/> does that.</remarks>
public readonly struct NftValue : IEquatable<NftValue>, IComparable<NftValue>
{
    private const int InterfaceNameBytes = 16;
    private readonly byte[]? _bytes;

    private NftValue(byte[] bytes) => _bytes = bytes.Length == 0 ? null : bytes;

    /// <summary>How many bytes.</summary>
    public int Length => _bytes?.Length ?? 0;

    /// <summary>True where there is no value.</summary>
    public bool IsEmpty => _bytes is null;

    /// <summary>The bytes, without a copy.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A copy of these bytes.</summary>
    public static NftValue Of(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());

    /// <summary>An address in network order.</summary>
    public static NftValue Of(IpAddress address) => new(address.ToBytes());

    /// <summary>One byte.</summary>
    public static NftValue Of(byte value) => new([value]);

    /// <summary>A protocol number.</summary>
    public static NftValue Of(IpProtocol protocol) => new([(byte)protocol]);

    /// <summary>A number of 32 bits in host order: mark, priority, interface, list number, state bits.</summary>
    public static NftValue Of(uint hostOrder)
    {
        var bytes = new byte[4];
        MemoryMarshal.Write(bytes, hostOrder);
        return new NftValue(bytes);
    }

    /// <summary>A port, or another 16-bit packet field, in network order.</summary>
    public static NftValue OfPort(ushort port) => new([(byte)(port >> 8), (byte)port]);

    /// <summary>An interface name, 16 bytes with zeros at the end.</summary>
    /// <exception cref="ArgumentException">Longer than 15 bytes.</exception>
    public static NftValue OfInterfaceName(string name)
    {
        var bytes = new byte[InterfaceNameBytes];
        if (!Encoding.UTF8.TryGetBytes(name, bytes.AsSpan(0, InterfaceNameBytes - 1), out _))
        {
            throw new ArgumentException($"'{name}' is longer than an interface name may be", nameof(name));
        }

        return new NftValue(bytes);
    }

    /// <summary>A concatenation: each value padded to a multiple of 4 bytes. For many values use <see cref="NftValueWriter"/>.</summary>
    public static NftValue Concat(params ReadOnlySpan<NftValue> fields)
    {
        var writer = new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]);
        foreach (var field in fields)
        {
            writer = writer.Add(field.Bytes);
        }

        return writer.ToValue();
    }

    /// <summary>The value as a host-order number.</summary>
    /// <exception cref="WireFormatException">It does not have 4 bytes.</exception>
    public uint ToUInt32() => Length == 4
        ? MemoryMarshal.Read<uint>(Bytes)
        : throw new WireFormatException($"a value of {Length} bytes is not a 32-bit number");

    /// <inheritdoc/>
    public bool Equals(NftValue other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NftValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>By bytes from the first, as the kernel compares interval keys.</summary>
    public int CompareTo(NftValue other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>Hexadecimal bytes, first to last.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(NftValue left, NftValue right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(NftValue left, NftValue right) => !left.Equals(right);

    /// <summary>Order of bytes.</summary>
    public static bool operator <(NftValue left, NftValue right) => left.CompareTo(right) < 0;

    /// <summary>Order of bytes.</summary>
    public static bool operator >(NftValue left, NftValue right) => left.CompareTo(right) > 0;

    /// <summary>Order of bytes.</summary>
    public static bool operator <=(NftValue left, NftValue right) => left.CompareTo(right) <= 0;

    /// <summary>Order of bytes.</summary>
    public static bool operator >=(NftValue left, NftValue right) => left.CompareTo(right) >= 0;
}
