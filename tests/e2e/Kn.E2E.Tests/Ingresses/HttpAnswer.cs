using System.Globalization;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>An answer as curl -i prints it.</summary>
/// <param name="Status">Its status; 0 for none.</param>
/// <param name="Text">All of it.</param>
/// <param name="Body">Its body.</param>
internal readonly record struct HttpAnswer(int Status, string Text, string Body)
{
    /// <summary>Reads what curl has printed.</summary>
    public static HttpAnswer Parse(int exitCode, string output)
    {
        // What comes before the last head is an interim answer.
        var start = output.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal);
        if (exitCode != 0 || start < 0)
        {
            return new HttpAnswer(0, $"(curl: {exitCode}) {output}", "");
        }

        var text = output[start..];
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return new HttpAnswer(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text, text[(end + 4)..]);
    }

    /// <summary>Whether it has this field line.</summary>
    public bool Has(string line) => Text?.Contains($"\r\n{line}\r\n", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>A field's value; empty where it has none.</summary>
    public string Field(string name)
    {
        var at = Text.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "" : Text[(at + name.Length + 4)..Text.IndexOf('\r', at + 2)];
    }
}
