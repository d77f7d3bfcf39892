namespace Kn.Ingress.Http2.Hpack;

/// <summary>Integers of HPACK (RFC 7541 §5.1): the low bits of an octet, and more octets of seven bits each where those are all ones.</summary>
internal static class HpackInteger
{
    /// <summary>Longest that is read: nothing in a header block is longer than 2^28, and zeros could be prepended without end.</summary>
    public const int MaxLength = 5;

    /// <summary>Reads one.</summary>
    /// <param name="bytes">From its first octet on.</param>
    /// <param name="prefixBits">How many bits of that octet are the integer's.</param>
    /// <param name="value">The integer.</param>
    /// <param name="length">How many octets it takes.</param>
    /// <returns>False when it does not end in these bytes, or is too large.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int prefixBits, out int value, out int length)
    {
        var mask = (1 << prefixBits) - 1;
        (value, length) = (0, 1);
        if (bytes.IsEmpty)
        {
            return false;
        }

        value = bytes[0] & mask;
        if (value < mask)
        {
            return true;
        }

        for (var shift = 0; length < bytes.Length && length < MaxLength; shift += 7)
        {
            var next = bytes[length++];
            value += (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes one.</summary>
    /// <param name="destination">Of <see cref="MaxLength"/> octets at least.</param>
    /// <param name="pattern">The bits before the prefix.</param>
    /// <param name="prefixBits">How many bits of the first octet are the integer's.</param>
    /// <param name="value">The integer, up to 2^28.</param>
    /// <returns>How many octets it takes.</returns>
    public static int Write(Span<byte> destination, byte pattern, int prefixBits, int value)
    {
        var mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            destination[0] = (byte)(pattern | value);
            return 1;
        }

        destination[0] = (byte)(pattern | mask);
        value -= mask;
        var length = 1;
        while (value >= 0x80)
        {
            destination[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[length++] = (byte)value;
        return length;
    }
}
