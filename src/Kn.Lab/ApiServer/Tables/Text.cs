using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>Pieces of cells.</summary>
internal static class Text
{
    private const int MaxListed = 3;

    /// <summary>"a=b,c=d".</summary>
    public static string Labels(JsonObject tree, params ReadOnlySpan<string> path) =>
        string.Join(",", tree.Pairs(path).OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}"));

    /// <summary>A metav1.LabelSelector in words.</summary>
    public static string Selector(JsonObject? selector)
    {
        var terms = selector.Pairs("matchLabels").OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}");
        var sets = selector.Maps("matchExpressions").Select(static expression => expression.Text("operator") switch
        {
            "In" => $"{expression.Text("key")} in ({string.Join(",", expression.Texts("values"))})",
            "NotIn" => $"{expression.Text("key")} notin ({string.Join(",", expression.Texts("values"))})",
            "Exists" => expression.Text("key"),
            _ => "!" + expression.Text("key"),
        });
        return string.Join(",", terms.Concat(sets));
    }

    /// <summary>The first three, and how many more.</summary>
    public static string Some(IEnumerable<string> texts, string none)
    {
        var all = texts.ToList();
        var shown = string.Join(",", all.Take(MaxListed));
        return all.Count switch
        {
            0 => none,
            <= MaxListed => shown,
            _ => $"{shown} + {all.Count - MaxListed} more...",
        };
    }
}
