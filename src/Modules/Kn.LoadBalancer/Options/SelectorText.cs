using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.LoadBalancer.Options;

/// <summary>Label selectors as kubectl's -l takes them: <c>app=web,tier!=test,zone in (a, b),zone notin (c),new,!old</c>.</summary>
/// <remarks>k8s.io/apimachinery/pkg/labels Parse.</remarks>
internal static class SelectorText
{
    private static readonly SearchValues<char> s_notInKeys = SearchValues.Create(" ()!=,");

    /// <summary>Parses a selector; false for the empty one too, which a list says by not naming any.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LabelSelector? selector)
    {
        selector = null;
        var requirements = new List<LabelRequirement>();
        foreach (var part in Split(text))
        {
            if (Parse(part.Trim()) is not { } requirement)
            {
                return false;
            }

            requirements.Add(requirement);
        }

        selector = new LabelSelector(MatchExpressions: requirements.ToValueList());
        return true;
    }

    /// <summary>The parsed selectors of a list that was validated.</summary>
    public static IReadOnlyList<LabelSelector> ParseAll(ValueList<string> texts) =>
        [.. texts.Select(static text => TryParse(text, out var selector) ? selector : throw new FormatException($"'{text}' is not a selector"))];

    /// <summary>At commas outside parentheses.</summary>
    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (text[i] == ',' && depth == 0)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    private static LabelRequirement? Parse(string part)
    {
        if (part.StartsWith('!'))
        {
            return Key(part[1..]) is { } absent ? new LabelRequirement(absent, LabelOperator.DoesNotExist) : null;
        }

        if (part.EndsWith(')'))
        {
            return ParseSet(part);
        }

        var equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return Key(part) is { } present ? new LabelRequirement(present, LabelOperator.Exists) : null;
        }

        var isNot = equals > 0 && part[equals - 1] == '!';
        var value = part[(equals + 1)..];
        value = (!isNot && value.StartsWith('=') ? value[1..] : value).Trim();
        return Key(part[..(isNot ? equals - 1 : equals)]) is { } key && !value.Contains('=', StringComparison.Ordinal)
            ? new LabelRequirement(key, isNot ? LabelOperator.NotIn : LabelOperator.In, [value])
            : null;
    }

    private static LabelRequirement? ParseSet(string part)
    {
        var open = part.IndexOf('(', StringComparison.Ordinal);
        var words = open < 0 ? [] : part[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2 || Key(words[0]) is not { } key || words[1] is not ("in" or "notin"))
        {
            return null;
        }

        var values = part[(open + 1)..^1].Split(',').Select(static value => value.Trim()).ToValueList();
        return new LabelRequirement(key, words[1] == "in" ? LabelOperator.In : LabelOperator.NotIn, values);
    }

    private static string? Key(string text)
    {
        var key = text.Trim();
        return key.Length > 0 && key.AsSpan().IndexOfAny(s_notInKeys) < 0 ? key : null;
    }
}
