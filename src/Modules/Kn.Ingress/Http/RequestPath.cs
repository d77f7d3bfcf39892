namespace Kn.Ingress.Http;

/// <summary>The path of a request: what is refused, and by which of its spellings rules are found. What goes to the backend is what came.</summary>
/// <remarks>
/// <para>A path with an element <c>..</c> or <c>.</c>, spelt in any way, is refused: the rule that it is found by and the resource that the
/// backend makes of it would be two things. Clients resolve them themselves (RFC 3986 §5.2.4).</para>
/// <para>For rules, percent-encoded letters, digits, '-', '.', '_' and '~' count as what they stand for, for the URIs are equivalent
/// (RFC 3986 §6.2.2.2); others stay as they are but for the case of their digits, so %2F is no slash.</para>
/// </remarks>
internal static class RequestPath
{
    /// <summary>Whether a target, which begins with a slash, has visible ASCII only, whole percent-encodings in its path, and no element that climbs.</summary>
    public static bool IsSound(ReadOnlySpan<byte> target)
    {
        // Anything above ASCII should have been encoded; browsers of old send it raw, and backends understand it.
        if (target.ContainsAnyInRange((byte)0, (byte)0x20) || target.ContainsAny((byte)0x7F, (byte)'#'))
        {
            return false;
        }

        var query = target.IndexOf((byte)'?');
        var path = query < 0 ? target : target[..query];
        return !path.Contains((byte)'\\') && (!path.ContainsAny((byte)'%', (byte)'.') || AreElementsSound(path));
    }

    /// <summary>Whether the path has another spelling that rules are found by.</summary>
    public static bool NeedsNormalizing(ReadOnlySpan<byte> path) => path.Contains((byte)'%');

    /// <summary>Writes the spelling that rules are found by, which is never longer.</summary>
    /// <returns>How long it is.</returns>
    public static int Normalize(ReadOnlySpan<byte> path, Span<byte> destination)
    {
        var length = 0;
        for (var index = 0; index < path.Length; index++)
        {
            if (path[index] != '%' || !TryDecode(path[index..], out var value))
            {
                destination[length++] = path[index];
                continue;
            }

            if (IsUnreserved(value))
            {
                destination[length++] = value;
            }
            else
            {
                destination[length++] = (byte)'%';
                destination[length++] = Upper(path[index + 1]);
                destination[length++] = Upper(path[index + 2]);
            }

            index += 2;
        }

        return length;
    }

    private static bool AreElementsSound(ReadOnlySpan<byte> path)
    {
        // How many dots the element consists of so far; less than zero when it has something else.
        var dots = 0;
        for (var index = 0; index < path.Length; index++)
        {
            var value = path[index];
            if (value == '%')
            {
                if (!TryDecode(path[index..], out value) || value == 0)
                {
                    return false;
                }

                index += 2;

                // An encoded slash ends an element in the eyes of backends that decode first.
                value = value is (byte)'/' or (byte)'\\' ? (byte)'/' : value;
            }

            if (value == '/')
            {
                if (dots is 1 or 2)
                {
                    return false;
                }

                dots = 0;
            }
            else if (value == ';' && dots is (1 or 2))
            {
                // "..;" is ".." to servers that cut parameters off.
                return false;
            }
            else
            {
                dots = value == '.' && dots >= 0 ? dots + 1 : -1;
            }
        }

        return dots is not (1 or 2);
    }

    private static bool TryDecode(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 3 || !char.IsAsciiHexDigit((char)text[1]) || !char.IsAsciiHexDigit((char)text[2]))
        {
            return false;
        }

        value = (byte)((Digit(text[1]) << 4) | Digit(text[2]));
        return true;
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;

    private static byte Upper(byte hex) => hex is >= (byte)'a' and <= (byte)'f' ? (byte)(hex - 0x20) : hex;

    private static bool IsUnreserved(byte value) => char.IsAsciiLetterOrDigit((char)value) || value is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';
}
