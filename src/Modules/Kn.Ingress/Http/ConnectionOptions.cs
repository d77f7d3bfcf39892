using System.Text;

namespace Kn.Ingress.Http;

/// <summary>What Connection says (RFC 9110 §7.6.1).</summary>
/// <param name="Closes">close.</param>
/// <param name="KeepsAlive">keep-alive.</param>
/// <param name="Upgrades">upgrade.</param>
/// <param name="NamesFields">Names of fields that are of this hop.</param>
internal readonly record struct ConnectionOptions(bool Closes, bool KeepsAlive, bool Upgrades, bool NamesFields)
{
    /// <summary>Reads its value.</summary>
    public static ConnectionOptions Read(ReadOnlySpan<byte> value)
    {
        var options = default(ConnectionOptions);
        foreach (var range in value.Split((byte)','))
        {
            var word = value[range].Trim(" \t"u8);
            options = word.Length switch
            {
                0 => options,
                5 when Ascii.EqualsIgnoreCase(word, "close"u8) => options with { Closes = true },
                10 when Ascii.EqualsIgnoreCase(word, "keep-alive"u8) => options with { KeepsAlive = true },
                7 when Ascii.EqualsIgnoreCase(word, "upgrade"u8) => options with { Upgrades = true },
                _ => options with { NamesFields = true },
            };
        }

        return options;
    }
}
