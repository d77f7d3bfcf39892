using System.Runtime.InteropServices;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Writes the fields of a concatenation into a caller's buffer, each padded to 4 bytes, and makes one value of them.</summary>
/// <remarks><c>new NftValueWriter(stackalloc byte[NftValueWriter.MaxBytes]).Add(vip).Add(IpProtocol.Tcp).AddPort(80).ToValue()</c>
/// allocates the value and nothing else. Each call returns the writer that goes on; the one before must not be used again.</remarks>
public readonly ref struct NftValueWriter
{
    /// <summary>The longest value: all 16 registers of 4 bytes.</summary>
    public const int MaxBytes = 64;

    private readonly Span<byte> _buffer;
    private readonly int _length;

    /// <summary>Starts at the beginning of a buffer.</summary>
    public NftValueWriter(Span<byte> buffer)
        : this(buffer, 0)
    {
    }

    private NftValueWriter(Span<byte> buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>An address, 4 or 16 bytes.</summary>
    public NftValueWriter Add(IpAddress address)
    {
        var written = address.WriteBytes(_buffer[_length..]);
        return new NftValueWriter(_buffer, _length + written);
    }

    /// <summary>A protocol number and three zeros.</summary>
    public NftValueWriter Add(IpProtocol protocol) => Add([(byte)protocol]);

    /// <summary>A host-order number of 32 bits.</summary>
    public NftValueWriter Add(uint hostOrder)
    {
        MemoryMarshal.Write(_buffer[_length..], hostOrder);
        return new NftValueWriter(_buffer, _length + 4);
    }

    /// <summary>A port in network order and two zeros.</summary>
    public NftValueWriter AddPort(ushort port) => Add([(byte)(port >> 8), (byte)port]);

    /// <summary>An interface name, 16 bytes.</summary>
    public NftValueWriter AddInterfaceName(string name) => Add(NftValue.OfInterfaceName(name).Bytes);

    /// <summary>Any field, padded with zeros to a multiple of 4 bytes.</summary>
    /// <exception cref="ArgumentException">The buffer is full.</exception>
    public NftValueWriter Add(scoped ReadOnlySpan<byte> field)
    {
        var padded = (field.Length + 3) & ~3;
        if (_length + padded > _buffer.Length)
        {
            throw new ArgumentException($"a value has at most {_buffer.Length} bytes", nameof(field));
        }

        var target = _buffer.Slice(_length, padded);
        target.Clear();
        field.CopyTo(target);
        return new NftValueWriter(_buffer, _length + padded);
    }

    /// <summary>The value; the buffer may be used again afterwards.</summary>
    public NftValue ToValue() => NftValue.Of(Written);
}
