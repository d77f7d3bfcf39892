using System.Text.Json;
using System.Text.RegularExpressions;
using Kn.Hosting.Options;

namespace Kn.Tests.Commands;

/// <summary>examples/kn.yaml says that it shows the defaults, and all of them.</summary>
public sealed partial class ExampleConfigTests
{
    private static readonly string File = Source.PathOf("examples", "kn.yaml");

    private static readonly string Text = System.IO.File.ReadAllText(File);

    [Fact]
    public void Example_IsGood_AndHasTheDefaultsOfTheCode() => Assert.Equal(Effective(""), Effective(Text));

    [Fact]
    public void CommentedOptions_AreGoodToo() => Assert.NotEqual(Effective(""), Effective(CommentedOption().Replace(Text, "${indent}${option}")));

    [Fact]
    public void Example_NamesEveryOption_AndNoOther()
    {
        using var defaults = JsonDocument.Parse(Effective(""));
        Assert.Equal(Paths(defaults.RootElement).Order(StringComparer.Ordinal), WrittenPaths().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EffectiveConfig_CanBeReadBack() => Assert.Equal(Effective(Text), Effective(Effective(Text)));

    /// <summary>Words deep in lists are words as well.</summary>
    [Theory]
    [InlineData("loadBalancer: { pools: [{ name: a, addresses: [10.0.0.0/24], announce: both }] }", "\"announce\": \"both\"")]
    [InlineData("routes: { bgp: { enabled: true, peers: [{ address: 10.0.0.1, asn: 65000, families: ipv6 }] } }", "\"families\": \"ipv6\"")]
    public void EffectiveConfig_OfLists_CanBeReadBack(string yaml, string word)
    {
        Assert.Contains(word, Effective(yaml), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Effective(yaml), Effective(Effective(yaml)));
    }

    private static string Effective(string yaml)
    {
        var result = ConfigFile.Parse(File, yaml, ModuleList.All, "n1");
        Assert.Empty(result.Errors);
        return EffectiveConfig.Write(result.Options!);
    }

    private static IEnumerable<string> Paths(JsonElement item, string above = "") =>
        item.EnumerateObject().SelectMany(member => member.Value.ValueKind == JsonValueKind.Object
            ? Paths(member.Value, $"{above}{member.Name}.")
            : [$"{above}{member.Name}"]);

    /// <summary>The options that the example writes or shows in a comment; a section is told by its indented options.</summary>
    private static IEnumerable<string> WrittenPaths()
    {
        var sections = new Stack<(int Indent, string Path)>([(-1, "")]);
        foreach (Match match in Option().Matches(Text))
        {
            var indent = match.Groups["indent"].Length;
            while (sections.Peek().Indent >= indent)
            {
                sections.Pop();
            }

            var path = sections.Peek().Path + match.Groups["key"].Value;
            if (match.Groups["value"].Value.Length == 0)
            {
                sections.Push((indent, path + "."));
            }
            else
            {
                yield return path;
            }
        }
    }

    [GeneratedRegex(@"^(?<indent> *)(# )?(?<key>[a-zA-Z]+):(?<value> \S+)?$|^(?<indent> *)(?<key>[a-zA-Z]+):(?<value> .+)$", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"^(?<indent> *)# (?<option>[a-zA-Z]+: \S+)$", RegexOptions.Multiline)]
    private static partial Regex CommentedOption();
}
