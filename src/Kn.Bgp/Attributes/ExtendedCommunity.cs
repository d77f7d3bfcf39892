using System.Globalization;

namespace Kn.Bgp.Attributes;

/// <summary>A mark on a route with a type, RFC 4360. Kn carries them; it gives none a meaning.</summary>
/// <param name="Value">The eight bytes, as a number.</param>
public readonly record struct ExtendedCommunity(ulong Value)
{
    /// <summary>False for those that stay inside the AS.</summary>
    public bool IsTransitive => (Value >> 62 & 1) == 0;

    /// <summary>The bytes in hexadecimal, such as '0x000200fc00000064'.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x16}");
}
