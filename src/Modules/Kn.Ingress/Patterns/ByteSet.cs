namespace Kn.Ingress.Patterns;

/// <summary>A set of bytes. Immutable.</summary>
internal readonly record struct ByteSet(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    /// <summary>\d.</summary>
    public static ByteSet Digits { get; } = Between('0', '9');

    /// <summary>\w.</summary>
    public static ByteSet Word { get; } = Digits | Between('a', 'z') | Between('A', 'Z') | Of('_');

    /// <summary>\s.</summary>
    public static ByteSet Space { get; } = Of(' ') | Between('\t', '\r');

    /// <summary>The dot: all but the end of a line.</summary>
    public static ByteSet NoLineEnd { get; } = ~Of('\n');

    /// <summary>One byte.</summary>
    public static ByteSet Of(int value) => Between(value, value);

    /// <summary>From one to another, with both.</summary>
    public static ByteSet Between(int from, int to)
    {
        var words = (Span<ulong>)stackalloc ulong[4];
        for (var value = from; value <= to; value++)
        {
            words[value >> 6] |= 1UL << (value & 63);
        }

        return new ByteSet(words[0], words[1], words[2], words[3]);
    }

    /// <summary>Whether it is in the set.</summary>
    public bool Has(byte value) => ((value >> 6) switch { 0 => First, 1 => Second, 2 => Third, _ => Fourth } >> (value & 63) & 1) != 0;

    /// <summary>The only member; null where there is not exactly one.</summary>
    public byte? Single
    {
        get
        {
            byte? found = null;
            for (var value = 0; value < 256; value++)
            {
                if (Has((byte)value))
                {
                    if (found is not null)
                    {
                        return null;
                    }

                    found = (byte)value;
                }
            }

            return found;
        }
    }

    /// <summary>The set with letters of both cases wherever it has one of them.</summary>
    public ByteSet WithBothCases()
    {
        var result = this;
        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            var upper = (byte)(letter - 0x20);
            result = Has((byte)letter) || Has(upper) ? result | Of(letter) | Of(upper) : result;
        }

        return result;
    }

    /// <summary>Members of either.</summary>
    public static ByteSet operator |(ByteSet left, ByteSet right) =>
        new(left.First | right.First, left.Second | right.Second, left.Third | right.Third, left.Fourth | right.Fourth);

    /// <summary>All others.</summary>
    public static ByteSet operator ~(ByteSet set) => new(~set.First, ~set.Second, ~set.Third, ~set.Fourth);
}
