using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>An Ethernet address of six bytes; the default value is 00:00:00:00:00:00.</summary>
public readonly record struct MacAddress
{
    /// <summary>Bytes of an address.</summary>
    public const int ByteCount = 6;

    private readonly Octets _octets;

    /// <summary>From six bytes, in the order in which they are sent.</summary>
    /// <exception cref="WireFormatException">Any other length.</exception>
    public MacAddress(ReadOnlySpan<byte> octets)
    {
        if (octets.Length != ByteCount)
        {
            throw new WireFormatException($"an Ethernet address has {ByteCount} bytes, not {octets.Length}");
        }

        octets.CopyTo(_octets);
    }

    /// <summary>True for 00:00:00:00:00:00, in a VXLAN's FDB the entry for frames that no other matches.</summary>
    public bool IsZero => Number == 0;

    /// <summary>True for group addresses, broadcast among them.</summary>
    public bool IsMulticast => (_octets[0] & 1) != 0;

    /// <summary>The address as a number below 2^48; the first byte is the highest.</summary>
    public ulong Number
    {
        get
        {
            ulong number = 0;
            foreach (var octet in _octets)
            {
                number = (number << 8) | octet;
            }

            return number;
        }
    }

    /// <summary>The low 48 bits of a number, the first byte the highest.</summary>
    public static MacAddress FromNumber(ulong number)
    {
        Span<byte> octets = stackalloc byte[ByteCount];
        for (var i = 0; i < ByteCount; i++)
        {
            octets[i] = (byte)(number >> (8 * (ByteCount - 1 - i)));
        }

        return new MacAddress(octets);
    }

    /// <summary>Parses six pairs of hexadecimal digits between colons.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static MacAddress Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an Ethernet address such as 02:00:0a:f4:00:05");

    /// <summary>Parses six pairs of hexadecimal digits between colons.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out MacAddress address)
    {
        address = default;
        Span<byte> octets = stackalloc byte[ByteCount];
        if (text.Length != (ByteCount * 3) - 1)
        {
            return false;
        }

        for (var i = 0; i < ByteCount; i++)
        {
            var start = i * 3;
            if ((i > 0 && text[start - 1] != ':')
                || !byte.TryParse(text.Slice(start, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octets[i]))
            {
                return false;
            }
        }

        address = new MacAddress(octets);
        return true;
    }

    /// <summary>Writes the six bytes.</summary>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public void WriteBytes(Span<byte> destination) => ((ReadOnlySpan<byte>)_octets).CopyTo(destination);

    /// <inheritdoc/>
    public bool Equals(MacAddress other) => Number == other.Number;

    /// <inheritdoc/>
    public override int GetHashCode() => Number.GetHashCode();

    /// <summary>As ip(8) prints it: 02:00:0a:f4:00:05.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_octets[0]:x2}:{_octets[1]:x2}:{_octets[2]:x2}:{_octets[3]:x2}:{_octets[4]:x2}:{_octets[5]:x2}");

    [InlineArray(ByteCount)]
    private struct Octets
    {
        private byte _first;
    }
}
