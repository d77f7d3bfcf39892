using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Selectors;

/// <summary>A labelSelector of a query: equality and set-based terms, all of which must hold.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors; also gt and lt, which the parser of the real server takes.</remarks>
internal sealed class LabelSelector
{
    private readonly List<Term> _terms;

    private LabelSelector(List<Term> terms) => _terms = terms;

    private enum Operator
    {
        Exists,
        NotExists,
        In,
        NotIn,
        GreaterThan,
        LessThan,
    }

    /// <summary>Selects everything.</summary>
    public static LabelSelector Everything { get; } = new([]);

    public bool IsEverything => _terms.Count == 0;

    /// <summary>Parses "a=b,c!=d,e in (f, g),h notin (i),j,!k".</summary>
    /// <exception cref="StatusException">400: what cannot be parsed, and where.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        return new LabelSelector(SplitTerms(text).Select(ParseTerm).ToList());
    }

    /// <summary>A metav1.LabelSelector object: matchLabels and matchExpressions.</summary>
    public static LabelSelector FromObject(JsonObject? selector)
    {
        var terms = selector.Pairs("matchLabels").Select(static pair => new Term(pair.Key, Operator.In, [pair.Value])).ToList();
        foreach (var expression in selector.Maps("matchExpressions"))
        {
            var kind = expression.Text("operator") switch
            {
                "In" => Operator.In,
                "NotIn" => Operator.NotIn,
                "Exists" => Operator.Exists,
                _ => Operator.NotExists,
            };
            terms.Add(new Term(expression.Text("key") ?? "", kind, [.. expression.Texts("values")]));
        }

        return new LabelSelector(terms);
    }

    public bool Matches(JsonObject? labels)
    {
        foreach (var term in _terms)
        {
            if (!term.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    // Commas inside parentheses belong to a set.
    private static IEnumerable<string> SplitTerms(string text)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (text[i] == ',' && depth == 0)
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
        }

        yield return text[start..].Trim();
    }

    private static Term ParseTerm(string text)
    {
        if (text.Length > 0 && text[0] == '!')
        {
            return new Term(Key(text[1..], text), Operator.NotExists, []);
        }

        if (text.EndsWith(')'))
        {
            return ParseSet(text);
        }

        foreach (var (sign, kind) in new[] { ("!=", Operator.NotIn), ("==", Operator.In), ("=", Operator.In), (">", Operator.GreaterThan), ("<", Operator.LessThan) })
        {
            var at = text.IndexOf(sign, StringComparison.Ordinal);
            if (at >= 0)
            {
                return new Term(Key(text[..at], text), kind, [text[(at + sign.Length)..].Trim()]);
            }
        }

        return new Term(Key(text, text), Operator.Exists, []);
    }

    private static Term ParseSet(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var head = (open < 0 ? text : text[..open]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (open < 0 || head is not [var key, "in" or "notin"])
        {
            throw Unparsable(text);
        }

        var values = text[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries);
        return new Term(Key(key, text), head[1] == "in" ? Operator.In : Operator.NotIn, values);
    }

    private static string Key(string key, string term)
    {
        key = key.Trim();
        return key.Length > 0 && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') ? key : throw Unparsable(term);
    }

    private static StatusException Unparsable(string term) => StatusException.BadRequest($"unable to parse requirement: {term}");

    private sealed record Term(string Key, Operator Operator, string[] Values)
    {
        public bool Matches(JsonObject? labels)
        {
            var value = labels.Text(Key);
            return Operator switch
            {
                Operator.Exists => value is not null,
                Operator.NotExists => value is null,
                Operator.In => value is not null && Values.Contains(value),
                Operator.NotIn => value is null || !Values.Contains(value),
                Operator.GreaterThan => Number(value) > Number(Values[0]),
                _ => Number(value) < Number(Values[0]),
            };
        }

        private static long? Number(string? text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
