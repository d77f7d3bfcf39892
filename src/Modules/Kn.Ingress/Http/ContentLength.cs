using System.Buffers.Text;

namespace Kn.Ingress.Http;

/// <summary>Content-Length (RFC 9110 §8.6): digits and nothing else, no sign, no list.</summary>
internal static class ContentLength
{
    /// <summary>Longest that fits without a look at overflow: an exabyte.</summary>
    private const int MaxDigits = 18;

    /// <summary>Reads it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out long length)
    {
        length = 0;
        return value.Length is > 0 and <= MaxDigits && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(value, out length, out var used) && used == value.Length;
    }
}
