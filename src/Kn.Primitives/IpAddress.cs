using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Serialization;

namespace Kn.Primitives;

/// <summary>An IPv4 or IPv6 address as a value: no allocation, comparable, without a scope.</summary>
/// <remarks>The default value is 0.0.0.0. Sorting is by family, then by number. An IPv4-mapped IPv6 address
/// (::ffff:0:0/96) stays IPv6 where it was written so.</remarks>
[JsonConverter(typeof(IpAddressConverter))]
public readonly struct IpAddress : IEquatable<IpAddress>, IComparable<IpAddress>
{
    private readonly UInt128 _value;
    private readonly bool _isV6;

    private IpAddress(UInt128 value, bool isV6)
    {
        _value = value;
        _isV6 = isV6;
    }

    /// <summary>0.0.0.0 or ::.</summary>
    public static IpAddress Any(IpFamily family) => new(UInt128.Zero, family == IpFamily.V6);

    /// <summary>127.0.0.1 or ::1.</summary>
    public static IpAddress Loopback(IpFamily family) => family == IpFamily.V6 ? new(UInt128.One, true) : FromV4(0x7F00_0001);

    /// <summary>The family of this address.</summary>
    public IpFamily Family => _isV6 ? IpFamily.V6 : IpFamily.V4;

    /// <summary>4 or 16.</summary>
    public int ByteCount => _isV6 ? 16 : 4;

    /// <summary>32 or 128.</summary>
    public int BitCount => ByteCount * 8;

    /// <summary>The address as a number; an IPv4 address fills the low 32 bits.</summary>
    public UInt128 Number => _value;

    /// <summary>True for 0.0.0.0 and ::.</summary>
    public bool IsAny => _value == UInt128.Zero;

    /// <summary>True for 127.0.0.0/8 and ::1.</summary>
    public bool IsLoopback => _isV6 ? _value == UInt128.One : (uint)_value >> 24 == 127;

    /// <summary>True for 169.254.0.0/16 and fe80::/10.</summary>
    public bool IsLinkLocal => _isV6 ? (uint)(_value >> 118) == 0x3FA : (uint)_value >> 16 == 0xA9FE;

    /// <summary>An IPv4 address from its number in host order.</summary>
    public static IpAddress FromV4(uint hostOrder) => new(hostOrder, false);

    /// <summary>An address from its number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An IPv4 number of more than 32 bits.</exception>
    public static IpAddress FromNumber(IpFamily family, UInt128 number)
    {
        if (family == IpFamily.V4 && number > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(number), "an IPv4 address has 32 bits");
        }

        return new IpAddress(number, family == IpFamily.V6);
    }

    /// <summary>Reads 4 or 16 bytes in network order.</summary>
    /// <exception cref="WireFormatException">Any other length.</exception>
    public static IpAddress FromBytes(ReadOnlySpan<byte> networkOrder) => networkOrder.Length switch
    {
        4 => FromV4(BinaryPrimitives.ReadUInt32BigEndian(networkOrder)),
        16 => new IpAddress(BinaryPrimitives.ReadUInt128BigEndian(networkOrder), true),
        _ => throw new WireFormatException($"an address has 4 or 16 bytes, not {networkOrder.Length}"),
    };

    /// <summary>Converts from the framework's type; a scope is dropped.</summary>
    public static IpAddress FromIPAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        return FromBytes(bytes[..count]);
    }

    /// <summary>Parses dotted-quad or RFC 4291 text.</summary>
    /// <exception cref="FormatException">Not an address; see <see cref="TryParse"/> for what is refused.</exception>
    public static IpAddress Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>Parses as Kubernetes does: IPv4 needs four decimal parts without leading zeros, IPv6 has no scope and no brackets.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpAddress address)
    {
        if (text.Contains(':'))
        {
            address = default;
            if (text.ContainsAny('%', '[', ']') || !IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            address = FromIPAddress(parsed);
            return true;
        }

        return TryParseV4(text, out address);
    }

    /// <summary>The next address, or the one <paramref name="offset"/> further; wraps silently at the end of the family's space.</summary>
    public IpAddress Add(UInt128 offset) => _isV6 ? new(_value + offset, true) : FromV4((uint)(_value + offset));

    /// <summary>Writes 4 or 16 bytes in network order and returns how many.</summary>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public int WriteBytes(Span<byte> destination)
    {
        if (_isV6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, _value);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_value);
        return 4;
    }

    /// <summary>The 4 or 16 bytes in network order.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[ByteCount];
        WriteBytes(bytes);
        return bytes;
    }

    /// <summary>The framework's type.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..WriteBytes(bytes)]);
    }

    /// <inheritdoc/>
    public bool Equals(IpAddress other) => _value == other._value && _isV6 == other._isV6;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is IpAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_value, _isV6);

    /// <inheritdoc/>
    public int CompareTo(IpAddress other) => _isV6 == other._isV6 ? _value.CompareTo(other._value) : _isV6.CompareTo(other._isV6);

    /// <summary>Dotted quad, or RFC 5952 text.</summary>
    public override string ToString()
    {
        if (!_isV6)
        {
            var number = (uint)_value;
            return string.Create(CultureInfo.InvariantCulture, $"{number >> 24}.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}");
        }

        return ToIPAddress().ToString();
    }

    /// <summary>Equality by family and number.</summary>
    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    /// <summary>Inequality by family or number.</summary>
    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);

    /// <summary>Order by family, then number.</summary>
    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    /// <summary>Order by family, then number.</summary>
    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    /// <summary>Order by family, then number.</summary>
    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Order by family, then number.</summary>
    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;

    private static bool TryParseV4(ReadOnlySpan<char> text, out IpAddress address)
    {
        address = default;
        uint number = 0;
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || ++parts > 4
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var octet))
            {
                return false;
            }

            number = (number << 8) | octet;
        }

        address = FromV4(number);
        return parts == 4;
    }
}
