using System.Globalization;
using System.Text;

namespace Kn.Hosting.Options;

/// <summary>Durations as people and Go programs write them: 30s, 5m, 1h30m, 250ms.</summary>
public static class Duration
{
    private static ReadOnlySpan<char> Digits => "0123456789.";

    /// <summary>Parses numbers with units d, h, m, s, ms, us, each unit at most once and the larger first; 0 needs no unit.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        if (text is "0")
        {
            return true;
        }

        var ticks = 0m;
        var last = decimal.MaxValue;
        var rest = text;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(Digits);
            var unit = TicksOf(letters < 0 ? rest : rest[..letters]);
            if (unit == 0 || unit >= last || number > 1_000_000_000)
            {
                return false;
            }

            last = unit;
            ticks += number * unit;
            rest = letters < 0 ? [] : rest[letters..];
        }

        if (text.IsEmpty || ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>The shortest text that <see cref="TryParse"/> reads back.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        var text = new StringBuilder();
        var rest = duration.Ticks;
        foreach (var unit in (ReadOnlySpan<string>)["d", "h", "m", "s", "ms", "us"])
        {
            var size = (long)TicksOf(unit);
            if (rest >= size)
            {
                text.Append(CultureInfo.InvariantCulture, $"{rest / size}{unit}");
                rest %= size;
            }
        }

        return text.ToString();
    }

    private static decimal TicksOf(ReadOnlySpan<char> unit) => unit switch
    {
        "d" => TimeSpan.TicksPerDay,
        "h" => TimeSpan.TicksPerHour,
        "m" => TimeSpan.TicksPerMinute,
        "s" => TimeSpan.TicksPerSecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "us" => TimeSpan.TicksPerMicrosecond,
        _ => 0,
    };
}
