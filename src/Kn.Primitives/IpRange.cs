using System.Text.Json.Serialization;

namespace Kn.Primitives;

/// <summary>Addresses from one to another, both included: one address, a prefix, or anything between.</summary>
[JsonConverter(typeof(IpRangeConverter))]
public readonly record struct IpRange : IComparable<IpRange>
{
    /// <summary>Makes a range.</summary>
    /// <exception cref="ArgumentException">The ends are of different families, or the last comes before the first.</exception>
    public IpRange(IpAddress first, IpAddress last)
    {
        if (first.Family != last.Family || last < first)
        {
            throw new ArgumentException($"{first}-{last} is not a range", nameof(last));
        }

        First = first;
        Last = last;
    }

    /// <summary>The first address.</summary>
    public IpAddress First { get; }

    /// <summary>The last address.</summary>
    public IpAddress Last { get; }

    /// <summary>The family of both.</summary>
    public IpFamily Family => First.Family;

    /// <summary>All addresses of a prefix, its network and broadcast addresses among them.</summary>
    public static IpRange Of(IpPrefix prefix) => new(prefix.Address, prefix.Last);

    /// <summary>One address.</summary>
    public static IpRange Of(IpAddress address) => new(address, address);

    /// <summary>Parses 'address', 'address/length' or 'first-last'.</summary>
    /// <exception cref="FormatException">None of them.</exception>
    public static IpRange Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var range) ? range : throw new FormatException($"'{text}' is not an address, a prefix or a range such as 10.0.0.10-10.0.0.20");

    /// <summary>Parses 'address', 'address/length' or 'first-last'.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpRange range)
    {
        range = default;
        if (IpAddress.TryParse(text, out var single))
        {
            range = Of(single);
            return true;
        }

        if (IpPrefix.TryParse(text, out var prefix))
        {
            range = Of(prefix);
            return true;
        }

        var dash = text.IndexOf('-');
        if (dash < 0
            || !IpAddress.TryParse(text[..dash].Trim(), out var first)
            || !IpAddress.TryParse(text[(dash + 1)..].Trim(), out var last)
            || first.Family != last.Family
            || last < first)
        {
            return false;
        }

        range = new IpRange(first, last);
        return true;
    }

    /// <summary>Whether the address is one of them.</summary>
    public bool Contains(IpAddress address) => address.Family == Family && address >= First && address <= Last;

    /// <summary>Whether the two share an address.</summary>
    public bool Overlaps(IpRange other) => other.Family == Family && First <= other.Last && other.First <= Last;

    /// <inheritdoc/>
    public int CompareTo(IpRange other)
    {
        var byFirst = First.CompareTo(other.First);
        return byFirst != 0 ? byFirst : Last.CompareTo(other.Last);
    }

    /// <summary>An address, a prefix where the range is one, else 'first-last'.</summary>
    public override string ToString()
    {
        if (First == Last)
        {
            return First.ToString();
        }

        var difference = First.Number ^ Last.Number;
        var hostBits = 128 - (int)UInt128.LeadingZeroCount(difference);
        var prefix = new IpPrefix(First, First.BitCount - hostBits);
        return prefix.Address == First && prefix.Last == Last ? prefix.ToString() : $"{First}-{Last}";
    }

    /// <summary>Order by first, then last address.</summary>
    public static bool operator <(IpRange left, IpRange right) => left.CompareTo(right) < 0;

    /// <summary>Order by first, then last address.</summary>
    public static bool operator >(IpRange left, IpRange right) => left.CompareTo(right) > 0;

    /// <summary>Order by first, then last address.</summary>
    public static bool operator <=(IpRange left, IpRange right) => left.CompareTo(right) <= 0;

    /// <summary>Order by first, then last address.</summary>
    public static bool operator >=(IpRange left, IpRange right) => left.CompareTo(right) >= 0;
}
