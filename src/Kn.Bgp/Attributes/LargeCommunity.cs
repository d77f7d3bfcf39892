using System.Globalization;

namespace Kn.Bgp.Attributes;

/// <summary>A mark on a route with room for an AS of four bytes, RFC 8092.</summary>
/// <param name="Asn">Who gives it its meaning.</param>
/// <param name="First">First number of its choice.</param>
/// <param name="Second">Second number of its choice.</param>
public readonly record struct LargeCommunity(uint Asn, uint First, uint Second)
{
    /// <summary>Parses '64512:1:2'.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out LargeCommunity community)
    {
        Span<uint> parts = stackalloc uint[3];
        var count = 0;
        community = default;
        foreach (var range in text.Split(':'))
        {
            if (count == parts.Length || !uint.TryParse(text[range], NumberStyles.None, CultureInfo.InvariantCulture, out parts[count++]))
            {
                return false;
            }
        }

        community = new LargeCommunity(parts[0], parts[1], parts[2]);
        return count == parts.Length;
    }

    /// <summary>'64512:1:2'.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Asn}:{First}:{Second}");
}
