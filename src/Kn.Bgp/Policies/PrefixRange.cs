using System.Globalization;
using Kn.Primitives;

namespace Kn.Bgp.Policies;

/// <summary>Prefixes inside a prefix, by the length of their mask.</summary>
/// <param name="Prefix">What they are inside of.</param>
/// <param name="MinLength">Shortest mask ("ge").</param>
/// <param name="MaxLength">Longest mask ("le").</param>
public readonly record struct PrefixRange(IpPrefix Prefix, byte MinLength, byte MaxLength)
{
    /// <summary>This prefix, and no other.</summary>
    public static PrefixRange Exactly(IpPrefix prefix) => new(prefix, prefix.Length, prefix.Length);

    /// <summary>This prefix and all inside it.</summary>
    public static PrefixRange OrLonger(IpPrefix prefix) => new(prefix, prefix.Length, (byte)prefix.Address.BitCount);

    /// <summary>Every prefix of a family.</summary>
    public static PrefixRange All(IpFamily family) => OrLonger(new IpPrefix(IpAddress.Any(family), 0));

    /// <summary>True for a prefix inside, with a mask of those lengths.</summary>
    public bool Contains(IpPrefix prefix) =>
        prefix.Length >= MinLength && prefix.Length <= MaxLength && Prefix.Contains(prefix);

    /// <summary>'10.0.0.0/8', with 'ge' and 'le' where they say something.</summary>
    public override string ToString()
    {
        var text = Prefix.ToString();
        text = MinLength > Prefix.Length ? string.Create(CultureInfo.InvariantCulture, $"{text} ge {MinLength}") : text;
        return MaxLength > Math.Max(MinLength, Prefix.Length) ? string.Create(CultureInfo.InvariantCulture, $"{text} le {MaxLength}") : text;
    }
}
