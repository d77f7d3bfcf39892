using System.Buffers.Text;
using System.Globalization;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Addresses as labels: with dashes where text has dots or colons.</summary>
/// <remarks>Without allocation, unlike the framework's parser. IPv6 is written by RFC 5952 §4: the longest run of zero groups, the first
/// among equals, becomes two dashes; <c>fd00:10:244::7</c> is <c>fd00-10-244--7</c>.</remarks>
internal static class DashedAddress
{
    /// <summary>The longest label, in bytes.</summary>
    public const int MaxLength = 39;

    private const int Groups = 8;

    /// <summary>Reads a label. IPv4 has four numbers without leading zeros; IPv6 any form that text may have, but for an IPv4 end.</summary>
    public static bool TryParse(ReadOnlySpan<byte> label, out IpAddress address) => TryParseV4(label, out address) || TryParseV6(label, out address);

    /// <summary>Writes the label, and returns its length.</summary>
    public static int Write(IpAddress address, Span<byte> destination) =>
        address.Family == IpFamily.V4 ? WriteV4((uint)address.Number, destination) : WriteV6(address.Number, destination);

    private static bool TryParseV4(ReadOnlySpan<byte> label, out IpAddress address)
    {
        address = default;
        uint number = 0;
        for (var part = 0; part < 4; part++)
        {
            var dash = label.IndexOf((byte)'-');
            var digits = part == 3 ? label : label[..Math.Max(dash, 0)];
            if (digits.Length is 0 or > 3 || (digits.Length > 1 && digits[0] == '0')
                || !Utf8Parser.TryParse(digits, out byte octet, out var read) || read != digits.Length)
            {
                return false;
            }

            number = (number << 8) | octet;
            label = part == 3 ? [] : label[(dash + 1)..];
        }

        address = IpAddress.FromV4(number);
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> label, out IpAddress address)
    {
        address = default;
        var gap = label.IndexOf("--"u8);
        if (gap < 0)
        {
            return TryParseGroups(label, out var all, out var count) && count == Groups && Make(all, out address);
        }

        if (!TryParseGroups(label[..gap], out var head, out var before) || !TryParseGroups(label[(gap + 2)..], out var tail, out var after) || before + after >= Groups)
        {
            return false;
        }

        var number = before == 0 ? tail : (head << (16 * (Groups - before))) | tail;
        return Make(number, out address);
    }

    private static bool Make(UInt128 number, out IpAddress address)
    {
        address = IpAddress.FromNumber(IpFamily.V6, number);
        return true;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, out UInt128 number, out int count)
    {
        number = 0;
        count = 0;
        while (!text.IsEmpty)
        {
            var dash = text.IndexOf((byte)'-');
            var digits = dash < 0 ? text : text[..dash];
            if (digits.Length is 0 or > 4 || count == Groups
                || !ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var group)
                || (dash >= 0 && dash == text.Length - 1))
            {
                return false;
            }

            number = (number << 16) | group;
            count++;
            text = dash < 0 ? [] : text[(dash + 1)..];
        }

        return true;
    }

    private static int WriteV4(uint number, Span<byte> destination)
    {
        var length = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (shift < 24)
            {
                destination[length++] = (byte)'-';
            }

            Utf8Formatter.TryFormat((byte)(number >> shift), destination[length..], out var written);
            length += written;
        }

        return length;
    }

    private static int WriteV6(UInt128 number, Span<byte> destination)
    {
        var (start, run) = LongestZeroRun(number);
        var length = 0;
        for (var index = 0; index < Groups; index++)
        {
            if (index == start)
            {
                destination[length++] = (byte)'-';
                destination[length++] = (byte)'-';
                index += run - 1;
                continue;
            }

            if (index > 0 && index != start + run)
            {
                destination[length++] = (byte)'-';
            }

            Group(number, index).TryFormat(destination[length..], out var written, "x", CultureInfo.InvariantCulture);
            length += written;
        }

        return length;
    }

    private static (int Start, int Length) LongestZeroRun(UInt128 number)
    {
        var best = (Start: -1, Length: 1);
        var current = 0;
        for (var index = 0; index < Groups; index++)
        {
            current = Group(number, index) == 0 ? current + 1 : 0;
            if (current > best.Length)
            {
                best = (index - current + 1, current);
            }
        }

        return best.Start < 0 ? (-2, 0) : best;
    }

    private static ushort Group(UInt128 number, int index) => (ushort)(number >> (16 * (Groups - 1 - index)));
}
