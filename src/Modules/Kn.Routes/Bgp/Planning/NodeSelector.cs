using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>A selector of labels in the words of kubectl: <c>rack=7,tier!=edge,gpu,!old</c>. All must hold.</summary>
internal sealed record NodeSelector(ValueList<NodeSelector.Term> Terms)
{
    /// <summary>Reads it; an empty one selects everything.</summary>
    public static bool TryParse(string text, out NodeSelector selector)
    {
        var terms = new List<Term>();
        selector = new NodeSelector(default(ValueList<Term>));
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var term = Parse(part);
            if (term.Key.Length == 0 || term.Key.AsSpan().IndexOfAny("=! ") >= 0 || term.Value?.AsSpan().IndexOfAny("=! ") >= 0)
            {
                return false;
            }

            terms.Add(term);
        }

        selector = new NodeSelector(terms.ToValueList());
        return true;
    }

    /// <summary>Whether it is for something with these labels.</summary>
    public bool Selects(ValueMap<string, string> labels)
    {
        foreach (var term in Terms)
        {
            var found = labels.TryGetValue(term.Key, out var value) && (term.Value is null || value == term.Value);
            if (found == term.IsNegated)
            {
                return false;
            }
        }

        return true;
    }

    private static Term Parse(string part)
    {
        var unequal = part.IndexOf("!=", StringComparison.Ordinal);
        if (unequal > 0)
        {
            return new Term(part[..unequal].Trim(), part[(unequal + 2)..].Trim(), IsNegated: true);
        }

        var equal = part.IndexOf('=', StringComparison.Ordinal);
        if (equal > 0)
        {
            return new Term(part[..equal].Trim(), part[(equal + 1)..].TrimStart('=').Trim(), IsNegated: false);
        }

        return part[0] == '!' ? new Term(part[1..].Trim(), null, IsNegated: true) : new Term(part, null, IsNegated: false);
    }

    /// <summary>One condition; without a value it is for the label's presence.</summary>
    internal readonly record struct Term(string Key, string? Value, bool IsNegated);
}
