using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Kn.Dns.Wire;

/// <summary>Names in the form that they have on the wire, uncompressed: labels, each behind its length, and the root's zero at the end.</summary>
/// <remarks>RFC 1035 §3.1: <c>3 w w w 7 e x a m p l e 0</c>. A label has 1 to 63 bytes, a name at most 255, all of any value. Letters match
/// whatever their case (RFC 4343), and keep the case in which they were written: a client may use it to know its answer (0x20).</remarks>
internal static class DnsName
{
    /// <summary>The longest name, in bytes.</summary>
    public const int MaxLength = 255;

    /// <summary>The longest label, without its length.</summary>
    public const int MaxLabel = 63;

    private const ulong EachByte = 0x0101_0101_0101_0101;

    /// <summary>Odd and without pattern: the fraction of the golden ratio.</summary>
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Another at each start: nobody can make names of one hash, and by them a slow table, without knowing it.</summary>
    private static readonly ulong Seed = BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>The root's name.</summary>
    public static ReadOnlySpan<byte> Root => [0];

    /// <summary>Length of the uncompressed name at the start of the bytes; 0 when there is none: it is cut, too long, or has a label that
    /// is none (a compression pointer among them).</summary>
    public static int Measure(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        while (position < bytes.Length && position < MaxLength)
        {
            int label = bytes[position++];
            if (label == 0)
            {
                return position;
            }

            if (label > MaxLabel)
            {
                return 0;
            }

            position += label;
        }

        return 0;
    }

    /// <summary>A hash that is the same for names that match.</summary>
    /// <remarks>Eight bytes at a time, with capital letters made small and nothing else: were the bit that tells them apart simply set, names
    /// that differ in it elsewhere would share a hash, and whoever asks for many of them would make a cache slow.</remarks>
    public static ulong Hash(ReadOnlySpan<byte> name)
    {
        var hash = Seed ^ (ulong)name.Length;
        while (name.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ LowerEight(BinaryPrimitives.ReadUInt64LittleEndian(name)));
            name = name[sizeof(ulong)..];
        }

        ulong rest = 0;
        foreach (var octet in name)
        {
            rest = (rest << 8) | octet;
        }

        return Fold(hash ^ LowerEight(rest));
    }

    /// <summary>A hash of bytes that are not a name.</summary>
    public static ulong HashBytes(ReadOnlySpan<byte> bytes)
    {
        var hash = Seed ^ (ulong)bytes.Length;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        ulong rest = 0;
        foreach (var octet in bytes)
        {
            rest = (rest << 8) | octet;
        }

        return Fold(hash ^ rest);
    }

    /// <summary>True when the two are the same name, whatever the case of their letters.</summary>
    public static bool Matches(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) =>
        name.SequenceEqual(other) || (name.Length == other.Length && MatchesLetterByLetter(name, other));

    /// <summary>True when the name is the zone's apex or below it.</summary>
    public static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> zone)
    {
        var position = 0;
        while (name.Length - position > zone.Length)
        {
            position += name[position] + 1;
        }

        return name.Length - position == zone.Length && Matches(name[position..], zone);
    }

    /// <summary>The name without its first label; the root's own is the root.</summary>
    public static ReadOnlySpan<byte> Parent(ReadOnlySpan<byte> name) => name[0] == 0 ? name : name[(name[0] + 1)..];

    /// <summary>The bytes of the first label; empty for the root.</summary>
    public static ReadOnlySpan<byte> FirstLabel(ReadOnlySpan<byte> name) => name.Slice(1, name[0]);

    /// <summary>How many labels, without the root's.</summary>
    public static int CountLabels(ReadOnlySpan<byte> name)
    {
        var count = 0;
        for (var position = 0; name[position] != 0; position += name[position] + 1)
        {
            count++;
        }

        return count;
    }

    /// <summary>Writes the name with small letters.</summary>
    public static void CopyLower(ReadOnlySpan<byte> name, Span<byte> destination)
    {
        for (var i = 0; i < name.Length; i++)
        {
            destination[i] = Lower(name[i]);
        }
    }

    /// <summary>Reads a name as people write it, such as <c>cluster.local</c> or <c>cluster.local.</c>; '.' is the root. Escapes are not
    /// understood: configurations and Kubernetes objects have none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, Span<byte> destination, out int length)
    {
        length = 0;
        text = text.EndsWith(".", StringComparison.Ordinal) ? text[..^1] : text;
        while (!text.IsEmpty)
        {
            var dot = text.IndexOf('.');
            var label = dot < 0 ? text : text[..dot];
            text = dot < 0 ? [] : text[(dot + 1)..];
            if (label.Length is 0 or > MaxLabel || length + label.Length + 2 > Math.Min(destination.Length, MaxLength) || (dot >= 0 && text.IsEmpty))
            {
                return false;
            }

            destination[length++] = (byte)label.Length;
            foreach (var letter in label)
            {
                if (letter is <= ' ' or >= (char)0x7F or '\\')
                {
                    return false;
                }

                destination[length++] = (byte)letter;
            }
        }

        if (destination.IsEmpty)
        {
            return false;
        }

        destination[length++] = 0;
        return true;
    }

    /// <summary>Reads a name as people write it.</summary>
    /// <exception cref="FormatException">It is none; see <see cref="TryParse"/>.</exception>
    public static byte[] Parse(ReadOnlySpan<char> text)
    {
        Span<byte> wire = stackalloc byte[MaxLength];
        return TryParse(text, wire, out var length) ? wire[..length].ToArray() : throw new FormatException($"'{text}' is not a DNS name");
    }

    /// <summary>The name as <c>dig</c> prints it, with a dot at the end and escapes (RFC 4343 §2.1).</summary>
    public static string ToText(ReadOnlySpan<byte> name)
    {
        if (name.Length <= 1)
        {
            return ".";
        }

        var text = new StringBuilder(name.Length);
        for (var position = 0; name[position] != 0; position += name[position] + 1)
        {
            foreach (var octet in name.Slice(position + 1, name[position]))
            {
                AppendEscaped(text, octet);
            }

            text.Append('.');
        }

        return text.ToString();
    }

    private static void AppendEscaped(StringBuilder text, byte octet)
    {
        if (octet is <= (byte)' ' or >= 0x7F)
        {
            text.Append('\\').Append(octet.ToString("D3", CultureInfo.InvariantCulture));
            return;
        }

        if (octet is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)';' or (byte)'(' or (byte)')' or (byte)'@' or (byte)'$')
        {
            text.Append('\\');
        }

        text.Append((char)octet);
    }

    private static bool MatchesLetterByLetter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (Lower(name[i]) != Lower(other[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static byte Lower(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;

    /// <summary>Eight bytes with those from 'A' to 'Z' made small: sums without carries tell in each byte's highest bit which they are.</summary>
    private static ulong LowerEight(ulong bytes)
    {
        const ulong Highest = EachByte * 0x80;
        var low = bytes & ~Highest;
        var fromA = low + (EachByte * (0x80 - 'A'));
        var afterZ = low + (EachByte * (0x7F - 'Z'));
        return bytes | ((fromA & ~afterZ & ~bytes & Highest) >> 2);
    }

    private static ulong Fold(ulong value)
    {
        var high = Math.BigMul(value, Multiplier, out var low);
        return high ^ low;
    }
}
