using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>meta/v1 LabelSelector: all of its labels and all of its expressions must hold; the empty selector matches everything.</summary>
/// <param name="MatchLabels">Labels that must be there with this value.</param>
/// <param name="MatchExpressions">What else must hold.</param>
public sealed record LabelSelector(ValueMap<string, string> MatchLabels = default, ValueList<LabelRequirement> MatchExpressions = default)
{
    /// <summary>The selector that matches everything.</summary>
    public static LabelSelector Everything { get; } = new();

    /// <summary>True for the selector that matches everything.</summary>
    public bool IsEmpty => MatchLabels.Count == 0 && MatchExpressions.IsEmpty;

    /// <summary>Whether an object with these labels is selected.</summary>
    public bool Matches(ValueMap<string, string> labels)
    {
        foreach (var (key, value) in MatchLabels)
        {
            if (!labels.TryGetValue(key, out var held) || !string.Equals(held, value, StringComparison.Ordinal))
            {
                return false;
            }
        }

        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>meta/v1 LabelSelectorRequirement.</summary>
/// <param name="Key">The label that it is about.</param>
/// <param name="Operator">What must hold.</param>
/// <param name="Values">The values of In and NotIn.</param>
public sealed record LabelRequirement(string Key, LabelOperator Operator, ValueList<string> Values = default)
{
    /// <summary>Whether it holds for these labels; NotIn holds where the label is absent.</summary>
    public bool Matches(ValueMap<string, string> labels) => Operator switch
    {
        LabelOperator.In => labels.TryGetValue(Key, out var value) && Has(value),
        LabelOperator.NotIn => !labels.TryGetValue(Key, out var value) || !Has(value),
        LabelOperator.Exists => labels.ContainsKey(Key),
        LabelOperator.DoesNotExist => !labels.ContainsKey(Key),
        _ => false,
    };

    private bool Has(string value)
    {
        foreach (var one in Values)
        {
            if (string.Equals(one, value, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>meta/v1 LabelSelectorOperator.</summary>
public enum LabelOperator : byte
{
    /// <summary>An operator that this version does not know: nothing matches.</summary>
    Unknown,

    /// <summary>The label has one of the values.</summary>
    In,

    /// <summary>The label has none of the values, or is absent.</summary>
    NotIn,

    /// <summary>The label is there.</summary>
    Exists,

    /// <summary>The label is absent.</summary>
    DoesNotExist,
}
