using System.Runtime.InteropServices;
using System.Text;

namespace Kn.Linux.Nftables;

/// <summary>Writes user data, where nft keeps comments and typeof: type u8, length u8, bytes, without padding.</summary>
/// <remarks>NFT_USERDATA_MAXLEN: 256 bytes in all.</remarks>
internal ref struct UserDataWriter(Span<byte> buffer)
{
    /// <summary>The most that an object may carry.</summary>
    internal const int MaxBytes = 256;

    private readonly Span<byte> _buffer = buffer;
    private int _length;

    internal readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    internal void PutUInt32(byte type, uint hostOrder)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, hostOrder);
        Put(type, bytes);
    }

    /// <summary>Text and its terminating zero.</summary>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    internal void PutString(byte type, string text)
    {
        Span<byte> bytes = stackalloc byte[byte.MaxValue];
        if (!Encoding.UTF8.TryGetBytes(text, bytes[..^1], out var count))
        {
            throw new ArgumentException($"'{text}' is too long for a comment of nftables", nameof(text));
        }

        bytes[count] = 0;
        Put(type, bytes[..(count + 1)]);
    }

    internal int BeginNest(byte type)
    {
        Put(type, default);
        return _length;
    }

    internal readonly void EndNest(int start) => _buffer[start - 1] = checked((byte)(_length - start));

    internal void PutRaw(scoped ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _buffer.Length)
        {
            throw new ArgumentException($"user data of nftables has at most {MaxBytes} bytes");
        }

        bytes.CopyTo(_buffer[_length..]);
        _length += bytes.Length;
    }

    private void Put(byte type, scoped ReadOnlySpan<byte> value)
    {
        PutRaw([type, checked((byte)value.Length)]);
        PutRaw(value);
    }
}
