using System.Buffers;

namespace Kn.Ingress.Http;

/// <summary>The host of a request: <c>uri-host [ ":" port ]</c> (RFC 9110 §7.2).</summary>
internal static class HostName
{
    /// <summary>Longest name that there is in DNS.</summary>
    public const int MaxLength = 255;

    private static readonly SearchValues<byte> s_address = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    /// <summary>Where the host ends and its port begins; false for what is no host. An empty one is good: it is nobody's.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> authority, out int length)
    {
        length = authority.Length;
        if (authority.IsEmpty)
        {
            return true;
        }

        if (authority.Length > MaxLength + ":65535".Length)
        {
            return false;
        }

        if (authority[0] == '[')
        {
            length = authority.IndexOf((byte)']') + 1;
            return length > 2 && IsPort(authority[length..]) && !authority[1..(length - 1)].ContainsAnyExcept(s_address);
        }

        var colon = authority.IndexOf((byte)':');
        length = colon < 0 ? authority.Length : colon;
        return length is > 0 and <= MaxLength && IsPort(authority[length..]) && IsName(authority[..length]);
    }

    /// <summary>Writes a host in lower case and without a dot at its end; a host is the same in every case.</summary>
    /// <returns>How long it is.</returns>
    public static int Normalize(ReadOnlySpan<byte> host, Span<byte> destination)
    {
        if (host.Length > 1 && host[^1] == '.')
        {
            host = host[..^1];
        }

        for (var index = 0; index < host.Length; index++)
        {
            var value = host[index];
            destination[index] = value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
        }

        return host.Length;
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var value in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)value) && value is not ((byte)'-' or (byte)'.' or (byte)'_'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPort(ReadOnlySpan<byte> text) =>
        text.IsEmpty || (text[0] == ':' && text.Length <= 6 && !text[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));
}
