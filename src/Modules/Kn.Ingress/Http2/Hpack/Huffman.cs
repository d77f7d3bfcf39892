namespace Kn.Ingress.Http2.Hpack;

/// <summary>The Huffman code of HPACK (RFC 7541 appendix B). It is canonical: codes ascend by length and then by symbol, so that the lengths are all there
/// is to know of it.</summary>
/// <remarks>Only read: what is written is short, and literal octets cost the reader less.</remarks>
internal static class Huffman
{
    private const int EndOfString = 256;
    private const int LongestCode = 30;
    private const int FastBits = 9;

    /// <summary>Code lengths in bits, by symbol; the last is that of the end of the string.</summary>
    private static readonly byte[] s_lengths =
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    /// <summary>All symbols in the order of their codes.</summary>
    private static readonly ushort[] s_symbols = SortSymbols();

    /// <summary>By length: the first code of the next length up, aligned to 32 bits; a code below it is of this length at most.</summary>
    private static readonly uint[] s_limits = new uint[LongestCode + 1];

    /// <summary>By length: what leads from a code of this length to its place among the symbols.</summary>
    private static readonly int[] s_offsets = new int[LongestCode + 1];

    /// <summary>By the first bits of a code: its symbol and length where it is as short as that; else 0.</summary>
    private static readonly ushort[] s_fast = MakeTables();

    /// <summary>Reads a string.</summary>
    /// <param name="source">The string in code.</param>
    /// <param name="destination">Gets it in octets; one and three fifths of the source is always enough.</param>
    /// <param name="length">How many octets it has.</param>
    /// <returns>False when it is no code, is padded by anything but the first bits of the end of the string, or does not fit.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> destination, out int length)
    {
        ulong window = 0;
        var bits = 0;
        var at = 0;
        length = 0;
        while (true)
        {
            while (bits <= 56 && at < source.Length)
            {
                window |= (ulong)source[at++] << (56 - bits);
                bits += 8;
            }

            var (symbol, size) = Next(window);
            if (size > bits)
            {
                // What is left is padding: less than an octet, of ones alone.
                return bits < 8 && window == (bits == 0 ? 0 : ulong.MaxValue << (64 - bits));
            }

            if (symbol == EndOfString || length == destination.Length)
            {
                return false;
            }

            destination[length++] = (byte)symbol;
            window <<= size;
            bits -= size;
        }
    }

    private static (int Symbol, int Size) Next(ulong window)
    {
        var fast = s_fast[window >> (64 - FastBits)];
        if (fast != 0)
        {
            return (fast >> 4, fast & 0xF);
        }

        var code = (uint)(window >> 32);
        for (var size = FastBits + 1; size < LongestCode; size++)
        {
            if (code < s_limits[size])
            {
                return (s_symbols[(int)(code >> (32 - size)) - s_offsets[size]], size);
            }
        }

        return (s_symbols[(int)(code >> (32 - LongestCode)) - s_offsets[LongestCode]], LongestCode);
    }

    private static ushort[] SortSymbols()
    {
        var symbols = new ushort[s_lengths.Length];
        var count = 0;
        for (var size = 1; size <= LongestCode; size++)
        {
            for (var symbol = 0; symbol < s_lengths.Length; symbol++)
            {
                if (s_lengths[symbol] == size)
                {
                    symbols[count++] = (ushort)symbol;
                }
            }
        }

        return symbols;
    }

    private static ushort[] MakeTables()
    {
        var fast = new ushort[1 << FastBits];
        uint code = 0;
        var place = 0;
        for (var size = 1; size <= LongestCode; size++)
        {
            code <<= 1;
            s_offsets[size] = (int)code - place;
            for (; place < s_symbols.Length && s_lengths[s_symbols[place]] == size; place++, code++)
            {
                for (var rest = 0; size <= FastBits && rest < 1 << (FastBits - size); rest++)
                {
                    fast[(code << (FastBits - size)) + (uint)rest] = (ushort)((s_symbols[place] << 4) | size);
                }
            }

            s_limits[size] = size == LongestCode ? uint.MaxValue : code << (32 - size);
        }

        return fast;
    }
}
