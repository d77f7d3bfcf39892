using System.Buffers.Text;
using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Names that stand for addresses: <c>10.0.96.10.in-addr.arpa</c> (RFC 1035 §3.5), and a label a nibble under
/// <c>ip6.arpa</c> (RFC 3596 §2.5), the last first.</summary>
internal static class ReverseName
{
    private const int V6Labels = 32;

    /// <summary>The zone of IPv4's.</summary>
    public static ReadOnlySpan<byte> V4Apex => "\u0007in-addr\u0004arpa\0"u8;

    /// <summary>The zone of IPv6's.</summary>
    public static ReadOnlySpan<byte> V6Apex => "\u0003ip6\u0004arpa\0"u8;

    /// <summary>The zone of a family's.</summary>
    public static ReadOnlySpan<byte> ApexOf(IpFamily family) => family == IpFamily.V4 ? V4Apex : V6Apex;

    /// <summary>True when the name is in one of the two zones, whether it stands for an address or not.</summary>
    public static bool IsReverse(ReadOnlySpan<byte> name) => DnsName.IsWithin(name, V4Apex) || DnsName.IsWithin(name, V6Apex);

    /// <summary>Reads the address that a name stands for; false when it stands for none, or for a prefix only.</summary>
    public static bool TryParse(ReadOnlySpan<byte> name, out IpAddress address)
    {
        address = default;
        // The shortest is 0.0.0.0.in-addr.arpa: names of Services end here.
        const int Shortest = 4 * 2 + 14;
        if (name.Length < Shortest)
        {
            return false;
        }

        return name.Length == (V6Labels * 2) + V6Apex.Length ? TryParseV6(name, out address) : TryParseV4(name, out address);
    }

    private static bool TryParseV4(ReadOnlySpan<byte> name, out IpAddress address)
    {
        address = default;
        uint number = 0;
        for (var part = 0; part < 4; part++)
        {
            var label = DnsName.FirstLabel(name);
            if (label.Length is 0 or > 3 || (label.Length > 1 && label[0] == '0')
                || !Utf8Parser.TryParse(label, out byte octet, out var read) || read != label.Length)
            {
                return false;
            }

            number |= (uint)octet << (8 * part);
            name = DnsName.Parent(name);
        }

        address = IpAddress.FromV4(number);
        return DnsName.Matches(name, V4Apex);
    }

    private static bool TryParseV6(ReadOnlySpan<byte> name, out IpAddress address)
    {
        address = default;
        UInt128 number = 0;
        for (var part = 0; part < V6Labels; part++)
        {
            if (name[0] != 1 || !TryNibble(name[1], out var nibble))
            {
                return false;
            }

            number |= (UInt128)nibble << (4 * part);
            name = name[2..];
        }

        address = IpAddress.FromNumber(IpFamily.V6, number);
        return DnsName.Matches(name, V6Apex);
    }

    private static bool TryNibble(byte digit, out uint nibble)
    {
        var isHex = char.IsAsciiHexDigit((char)digit);
        nibble = !isHex ? 0 : digit <= (byte)'9' ? digit - (uint)'0' : (digit | 0x20u) - 'a' + 10;
        return isHex;
    }
}
