using System.Globalization;

namespace Kn.Bgp.Attributes;

/// <summary>A mark on a route, RFC 1997: mostly an AS and a number of its choice.</summary>
/// <param name="Value">The AS in the upper half.</param>
public readonly record struct Community(uint Value) : IComparable<Community>
{
    /// <summary>65535:65281: not beyond this AS.</summary>
    public static Community NoExport => new(0xFFFF_FF01);

    /// <summary>65535:65282: to no other speaker.</summary>
    public static Community NoAdvertise => new(0xFFFF_FF02);

    /// <summary>65535:65283: not beyond this AS, nor to another member of its confederation.</summary>
    public static Community NoExportSubconfederation => new(0xFFFF_FF03);

    /// <summary>65535:0: the route will go away; prefer others (RFC 8326).</summary>
    public static Community GracefulShutdown => new(0xFFFF_0000);

    /// <summary>65535:666: drop what goes there (RFC 7999).</summary>
    public static Community Blackhole => new(0xFFFF_029A);

    /// <summary>Of two halves.</summary>
    public static Community Of(ushort asn, ushort number) => new(((uint)asn << 16) | number);

    /// <summary>Parses '64512:100' or a name: no-export, no-advertise, no-export-subconfed, graceful-shutdown, blackhole.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Community community)
    {
        community = text switch
        {
            "no-export" => NoExport,
            "no-advertise" => NoAdvertise,
            "no-export-subconfed" => NoExportSubconfederation,
            "graceful-shutdown" => GracefulShutdown,
            "blackhole" => Blackhole,
            _ => default,
        };
        if (community != default)
        {
            return true;
        }

        var colon = text.IndexOf(':');
        if (colon < 0
            || !ushort.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out var asn)
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        community = Of(asn, number);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Community other) => Value.CompareTo(other.Value);

    /// <summary>'64512:100'.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 16}:{Value & 0xFFFF}");

    /// <summary>Order by number.</summary>
    public static bool operator <(Community left, Community right) => left.Value < right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >(Community left, Community right) => left.Value > right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator <=(Community left, Community right) => left.Value <= right.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >=(Community left, Community right) => left.Value >= right.Value;
}
