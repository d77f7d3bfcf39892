using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>A prefix of either family in 24 bytes, left-aligned, so that both families share the code; which family it is, its table knows.</summary>
/// <param name="High">The first 64 bits of the address; an IPv4 address fills the upper half.</param>
/// <param name="Low">The other 64 bits.</param>
/// <param name="Length">Length of the mask in bits.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PrefixKey(ulong High, ulong Low, byte Length)
{
    /// <summary>How many bytes it takes in a message.</summary>
    internal int WireBytes => 1 + ((Length + 7) / 8);

    internal static PrefixKey Of(IpPrefix prefix)
    {
        var number = prefix.Address.Number;
        return prefix.Family == IpFamily.V4
            ? new PrefixKey((ulong)number << 32, 0, prefix.Length)
            : new PrefixKey((ulong)(number >> 64), (ulong)number, prefix.Length);
    }

    /// <summary>Reads the bytes of a prefix, of which there are as many as the length asks for; bits behind the length are cleared.</summary>
    internal static PrefixKey Read(ReadOnlySpan<byte> bytes, int length)
    {
        Span<byte> padded = stackalloc byte[16];
        padded.Clear();
        bytes.CopyTo(padded);
        var high = BinaryPrimitives.ReadUInt64BigEndian(padded);
        var low = BinaryPrimitives.ReadUInt64BigEndian(padded[8..]);
        return new PrefixKey(high & Mask(length), low & Mask(length - 64), (byte)length);
    }

    internal IpPrefix ToPrefix(IpFamily family) => new(
        family == IpFamily.V4 ? IpAddress.FromV4((uint)(High >> 32)) : IpAddress.FromNumber(IpFamily.V6, new UInt128(High, Low)),
        Length);

    /// <summary>Writes it as it stands in a message; the span has room for <see cref="WireBytes"/>.</summary>
    internal void Write(Span<byte> destination)
    {
        Span<byte> padded = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(padded, High);
        BinaryPrimitives.WriteUInt64BigEndian(padded[8..], Low);
        destination[0] = Length;
        padded[..(WireBytes - 1)].CopyTo(destination[1..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Hash()
    {
        // Multiplicative, by odd constants without a pattern: neighbours in the address space spread over all buckets.
        var mixed = ((High ^ Length) * 0x9E37_79B9_7F4A_7C15UL) ^ (Low * 0xC2B2_AE3D_27D4_EB4FUL);
        return (uint)(mixed >> 32) ^ (uint)(mixed >> 7);
    }

    private static ulong Mask(int length) => length <= 0 ? 0 : length >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - length);
}
