using System.Globalization;
using System.Text.Json.Serialization;

namespace Kn.Primitives;

/// <summary>An address block such as 10.244.1.0/24: the network address and the length of the mask in bits.</summary>
[JsonConverter(typeof(IpPrefixConverter))]
public readonly record struct IpPrefix : IComparable<IpPrefix>
{
    /// <summary>Makes a prefix; bits of <paramref name="address"/> beyond the mask are cleared.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length does not fit the family.</exception>
    public IpPrefix(IpAddress address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.BitCount);
        Length = (byte)length;
        Address = IpAddress.FromNumber(address.Family, address.Number & Mask(address.BitCount, length));
    }

    /// <summary>The network address: the first of the block.</summary>
    public IpAddress Address { get; }

    /// <summary>Length of the mask, 0 to 32 or 128 bits.</summary>
    public byte Length { get; }

    /// <summary>The family of this prefix.</summary>
    public IpFamily Family => Address.Family;

    /// <summary>The last address of the block.</summary>
    public IpAddress Last => IpAddress.FromNumber(Family, Address.Number | ~Mask(Address.BitCount, Length) & Mask(Address.BitCount, Address.BitCount));

    /// <summary>The prefix that holds this one address.</summary>
    public static IpPrefix Of(IpAddress address) => new(address, address.BitCount);

    /// <summary>Parses 'address/length'; host bits are cleared, as Kubernetes' podCIDRs allow.</summary>
    /// <exception cref="FormatException">Not a prefix.</exception>
    public static IpPrefix Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var prefix) ? prefix : throw new FormatException($"'{text}' is not a prefix such as 10.244.0.0/16");

    /// <summary>Parses 'address/length'.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpPrefix prefix)
    {
        prefix = default;
        var slash = text.IndexOf('/');
        if (slash < 0
            || !IpAddress.TryParse(text[..slash], out var address)
            || !byte.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > address.BitCount)
        {
            return false;
        }

        prefix = new IpPrefix(address, length);
        return true;
    }

    /// <summary>True when the address is of this family and inside the block.</summary>
    public bool Contains(IpAddress address) =>
        address.Family == Family && (address.Number & Mask(address.BitCount, Length)) == Address.Number;

    /// <summary>True when every address of <paramref name="other"/> is inside this block.</summary>
    public bool Contains(IpPrefix other) => other.Length >= Length && Contains(other.Address);

    /// <summary>True when the two blocks share an address.</summary>
    public bool Overlaps(IpPrefix other) => Contains(other) || other.Contains(this);

    /// <inheritdoc/>
    public int CompareTo(IpPrefix other)
    {
        var byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : Length.CompareTo(other.Length);
    }

    /// <summary>'address/length'.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");

    private static UInt128 Mask(int bits, int length)
    {
        var all = bits == 128 ? UInt128.MaxValue : uint.MaxValue;
        return length == 0 ? UInt128.Zero : all & (all << (bits - length));
    }

    /// <summary>Order by address, then length.</summary>
    public static bool operator <(IpPrefix left, IpPrefix right) => left.CompareTo(right) < 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator >(IpPrefix left, IpPrefix right) => left.CompareTo(right) > 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator <=(IpPrefix left, IpPrefix right) => left.CompareTo(right) <= 0;

    /// <summary>Order by address, then length.</summary>
    public static bool operator >=(IpPrefix left, IpPrefix right) => left.CompareTo(right) >= 0;
}
