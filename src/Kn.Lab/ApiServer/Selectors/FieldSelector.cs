using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Selectors;

/// <summary>A fieldSelector of a query: "metadata.name=a,status.phase!=Failed". Only the fields that the kind declares can be asked for.</summary>
internal sealed class FieldSelector
{
    private readonly List<Term> _terms;

    private FieldSelector(List<Term> terms) => _terms = terms;

    public static FieldSelector Everything { get; } = new([]);

    public bool IsEverything => _terms.Count == 0;

    /// <exception cref="StatusException">400: a field that this kind cannot be selected by, or not a selector.</exception>
    public static FieldSelector Parse(string? text, IReadOnlyCollection<string> fields)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        var terms = new List<Term>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw StatusException.BadRequest($"invalid selector: '{part}'; can't understand '{part}'");
            }

            var negated = part[at - 1] == '!';
            var field = part[..(negated ? at - 1 : at)].Trim();
            if (field is not ("metadata.name" or "metadata.namespace") && !fields.Contains(field))
            {
                throw StatusException.BadRequest($"field label not supported: {field}");
            }

            terms.Add(new Term(field.Split('.'), part[(at + 1)..].TrimStart('=').Trim(), negated));
        }

        return new FieldSelector(terms);
    }

    public bool Matches(JsonObject tree)
    {
        foreach (var term in _terms)
        {
            if (!term.Matches(tree))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Term(string[] Path, string Value, bool Negated)
    {
        public bool Matches(JsonObject tree) => string.Equals(Read(tree), Value, StringComparison.Ordinal) != Negated;

        private string Read(JsonObject tree) => tree.At(Path) switch
        {
            null => Path is ["spec", "unschedulable"] or ["spec", "hostNetwork"] ? "false" : Path is ["status", "replicas"] ? "0" : "",
            JsonObject map when Path is ["source"] => map.Text("component") ?? "",
            var node => node.ToString(),
        };
    }
}
