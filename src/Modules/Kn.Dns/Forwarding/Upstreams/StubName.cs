using System.Text;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>A domain of the config as names on the wire are written: lengths and labels, in lower case.</summary>
internal static class StubName
{
    private const int MaxLabel = 63;
    private const int MaxName = 255;

    /// <summary>False where it is not a domain; "." is the root.</summary>
    internal static bool TryParse(string text, out byte[] wire)
    {
        wire = [0];
        var trimmed = text.EndsWith('.') ? text[..^1] : text;
        if (trimmed.Length == 0)
        {
            return text == ".";
        }

        var bytes = new List<byte>(trimmed.Length + 2);
        foreach (var label in trimmed.Split('.'))
        {
            if (label.Length is 0 or > MaxLabel || !Ascii.IsValid(label) || label.Any(static c => c <= ' ' || c == 0x7F))
            {
                return false;
            }

            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label.ToLowerInvariant()));
        }

        bytes.Add(0);
        wire = [.. bytes];
        return wire.Length <= MaxName;
    }
}
