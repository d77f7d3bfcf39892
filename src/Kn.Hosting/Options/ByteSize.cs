using System.Globalization;
using System.Text.Json.Serialization;

namespace Kn.Hosting.Options;

/// <summary>An amount of memory or disk, written as 512, 64Ki, 16Mi or 1Gi: Kubernetes' binary suffixes.</summary>
/// <param name="Bytes">The amount in bytes.</param>
[JsonConverter(typeof(ByteSizeConverter))]
public readonly record struct ByteSize(long Bytes)
{
    /// <summary>Parses a whole number with an optional suffix Ki, Mi, Gi or Ti.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ByteSize size)
    {
        var shift = text switch
        {
            [.., 'K', 'i'] => 10,
            [.., 'M', 'i'] => 20,
            [.., 'G', 'i'] => 30,
            [.., 'T', 'i'] => 40,
            _ => 0,
        };
        var digits = shift == 0 ? text : text[..^2];
        var parsed = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue >> shift;
        size = parsed ? new ByteSize(number << shift) : default;
        return parsed;
    }

    /// <summary>With the largest suffix that loses nothing.</summary>
    public override string ToString()
    {
        foreach (var (suffix, shift) in (ReadOnlySpan<(string, int)>)[("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)])
        {
            if (Bytes != 0 && Bytes % (1L << shift) == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{Bytes >> shift}{suffix}");
            }
        }

        return Bytes.ToString(CultureInfo.InvariantCulture);
    }
}
