using System.Buffers.Binary;
using System.Text;
using Kn.Primitives;

namespace Kn.Ingress.Proxying;

/// <summary>What a proxy says of its client before the client's first byte (PROXY protocol, versions 1 and 2).</summary>
/// <remarks>
/// <para>haproxy's doc/proxy-protocol.txt. Version 1 is a line, of 107 bytes at most:
/// <code>PROXY TCP4 192.0.2.7 192.0.2.1 41234 443\r\n</code></para>
/// <para>Version 2:
/// <code>
///  0      12 13  14    16
/// +---------+--+--+-----+-----------------------------+----------------+
/// |signature|VC|FP| len | source, target, their ports | TLVs (skipped) |
/// +---------+--+--+-----+-----------------------------+----------------+
/// VC: version 2, command 0 LOCAL or 1 PROXY; FP: family 1 IPv4, 2 IPv6, 3 unix, protocol 1 stream
/// </code></para>
/// <para>What is not exactly that is refused: a client behind the proxy must not be able to have its own words taken for the proxy's.</para>
/// </remarks>
internal readonly record struct ProxyHeader(ProxyVerdict Verdict, int Length, bool HasClient, IpAddress Address, ushort Port)
{
    /// <summary>Longest header that is taken: TLVs are few.</summary>
    public const int MaxLength = 2048;

    private const int MaxLine = 107;
    private const int FixedPart = 16;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <summary>Reads what there is of one.</summary>
    public static ProxyHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (IsBeginOf(bytes, Signature))
        {
            return bytes.Length < FixedPart ? default : ReadBinary(bytes);
        }

        return !IsBeginOf(bytes, Word) ? Refused : bytes.Length <= Word.Length ? default : ReadLine(bytes);
    }

    private static ProxyHeader Refused => new(ProxyVerdict.Refused, 0, false, default, 0);

    private static bool IsBeginOf(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> expected)
    {
        var length = Math.Min(bytes.Length, expected.Length);
        return bytes[..length].SequenceEqual(expected[..length]);
    }

    private static ProxyHeader ReadBinary(ReadOnlySpan<byte> bytes)
    {
        const int Version2 = 0x20;
        const int Local = 0;
        const int Proxy = 1;
        var command = bytes[12] & 0x0F;
        var length = FixedPart + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if ((bytes[12] & 0xF0) != Version2 || command > Proxy || length > MaxLength)
        {
            return Refused;
        }

        if (bytes.Length < length)
        {
            return default;
        }

        if (command == Local)
        {
            return Whole(length);
        }

        return bytes[13] switch
        {
            0x11 => WithClient(bytes[FixedPart..length], 4, length),
            0x21 => WithClient(bytes[FixedPart..length], 16, length),

            // No address, or one that is none of the network's.
            0x00 or 0x31 => Whole(length),
            _ => Refused,
        };
    }

    private static ProxyHeader WithClient(ReadOnlySpan<byte> addresses, int size, int length) => addresses.Length < (2 * size) + 4
        ? Refused
        : new(ProxyVerdict.Whole, length, true, IpAddress.FromBytes(addresses[..size]), BinaryPrimitives.ReadUInt16BigEndian(addresses[((2 * size) + 2)..]));

    private static ProxyHeader ReadLine(ReadOnlySpan<byte> bytes)
    {
        var end = bytes[..Math.Min(bytes.Length, MaxLine)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < MaxLine ? default : Refused;
        }

        var line = bytes[Word.Length..end];
        var length = end + 2;
        if (line.SequenceEqual("UNKNOWN"u8) || line.StartsWith("UNKNOWN "u8))
        {
            return Whole(length);
        }

        var text = Encoding.Latin1.GetString(line).Split(' ');
        var family = text[0] switch { "TCP4" => IpFamily.V4, "TCP6" => IpFamily.V6, _ => default(IpFamily?) };
        return text.Length == 5 && family is not null
            && TryRead(text[1], family.Value, out var source) && TryRead(text[2], family.Value, out _) && TryRead(text[3], out _) && TryRead(text[4], out var port)
            ? new ProxyHeader(ProxyVerdict.Whole, length, true, source, port)
            : Refused;
    }

    private static ProxyHeader Whole(int length) => new(ProxyVerdict.Whole, length, false, default, 0);

    private static bool TryRead(string text, IpFamily family, out IpAddress address) =>
        IpAddress.TryParse(text, out address) && address.Family == family && !text.Contains('%', StringComparison.Ordinal);

    private static bool TryRead(string text, out ushort port)
    {
        port = 0;
        return text.Length is > 0 and <= 5 && (text.Length == 1 || text[0] != '0') && text.All(char.IsAsciiDigit)
            && ushort.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out port);
    }
}

/// <summary>What there is of a header.</summary>
internal enum ProxyVerdict : byte
{
    /// <summary>More has to come.</summary>
    Incomplete,

    /// <summary>All of it.</summary>
    Whole,

    /// <summary>Something else.</summary>
    Refused,
}
