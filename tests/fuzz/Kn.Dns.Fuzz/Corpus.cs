using System.Text;

namespace Kn.Dns.Fuzz;

/// <summary>Messages to begin with: files of hexadecimal digits behind a line that says what they are.</summary>
internal static class Corpus
{
    /// <summary>Every message of a folder.</summary>
    public static IReadOnlyList<byte[]> Read(string folder) =>
        [.. Directory.GetFiles(folder, "*.hex").Order(StringComparer.Ordinal).Select(static path => Parse(File.ReadAllLines(path)))];

    /// <summary>Keeps a message; what made the fuzzer fail stays in the corpus for ever.</summary>
    /// <param name="folder">The corpus.</param>
    /// <param name="kind">The file's name begins with it.</param>
    /// <param name="message">The message.</param>
    /// <param name="what">Why it is there.</param>
    public static string Write(string folder, string kind, byte[] message, string what)
    {
        var text = new StringBuilder($"# {what}\n");
        var digits = Convert.ToHexStringLower(message);
        for (var at = 0; at < digits.Length; at += 96)
        {
            text.Append(digits.AsSpan(at, Math.Min(96, digits.Length - at))).Append('\n');
        }

        var path = Path.Combine(folder, $"{kind}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(message))[..12]}.hex");
        File.WriteAllText(path, text.ToString());
        return path;
    }

    private static byte[] Parse(IEnumerable<string> lines) =>
        Convert.FromHexString(string.Concat(lines.Where(static line => !line.StartsWith('#')).Select(static line => line.Trim())));
}
