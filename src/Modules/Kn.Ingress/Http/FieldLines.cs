using System.Text;

namespace Kn.Ingress.Http;

/// <summary>Lines of fields, each with its CRLF, one behind the other.</summary>
internal static class FieldLines
{
    /// <summary>Whether one of them has this name.</summary>
    public static bool Has(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> name)
    {
        while (!lines.IsEmpty)
        {
            if (lines.Length > name.Length && lines[name.Length] == ':' && Ascii.EqualsIgnoreCase(lines[..name.Length], name))
            {
                return true;
            }

            lines = lines[(lines.IndexOf((byte)'\n') + 1)..];
        }

        return false;
    }

    /// <summary>Writes those that have a value.</summary>
    public static void Write(ref HeadWriter writer, ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n') + 1;
            if (lines[..end].TrimEnd("\r\n "u8) is not [.., (byte)':'])
            {
                writer.Write(lines[..end]);
            }

            lines = lines[end..];
        }
    }
}
