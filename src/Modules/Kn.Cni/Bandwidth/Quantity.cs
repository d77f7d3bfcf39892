using System.Buffers;
using System.Globalization;

namespace Kn.Cni.Bandwidth;

/// <summary>Numbers with a suffix, as Kubernetes writes amounts.</summary>
/// <remarks>k8s.io/apimachinery/pkg/api/resource: a number with an optional sign and point, then a suffix: n u m (nothing) k M G T P E, or
/// Ki Mi Gi Ti Pi Ei, or a decimal exponent (e3, E-2).</remarks>
internal static class Quantity
{
    private const NumberStyles Number = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
    private const int MaxExponent = 18;
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("+-.0123456789");

    /// <summary>The whole number that an amount is rounded up to.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out decimal value)
    {
        value = 0;
        var end = text.IndexOfAnyExcept(NumberCharacters);
        var suffix = end < 0 ? default : text[end..];
        if (!decimal.TryParse(end < 0 ? text : text[..end], Number, CultureInfo.InvariantCulture, out var number) || FactorOf(suffix) is not { } factor)
        {
            return false;
        }

        try
        {
            value = decimal.Ceiling(number * factor);
            return true;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private static decimal? FactorOf(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1L << 10,
        "Mi" => 1L << 20,
        "Gi" => 1L << 30,
        "Ti" => 1L << 40,
        "Pi" => 1L << 50,
        "Ei" => 1L << 60,
        ['e' or 'E', .. var exponent] => PowerOfTen(exponent),
        _ => null,
    };

    private static decimal? PowerOfTen(ReadOnlySpan<char> exponent)
    {
        if (!int.TryParse(exponent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var power) || power is < -MaxExponent or > MaxExponent)
        {
            return null;
        }

        var factor = 1m;
        for (var step = 0; step < Math.Abs(power); step++)
        {
            factor *= 10;
        }

        return power < 0 ? 1 / factor : factor;
    }
}
