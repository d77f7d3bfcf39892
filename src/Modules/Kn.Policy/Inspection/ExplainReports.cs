using System.Text.Json;
using Kn.Policy.Explaining;
using Kn.Primitives;

namespace Kn.Policy.Inspection;

/// <summary>Explanations as a report. Pure.</summary>
internal static class ExplainReports
{
    /// <summary>Explains each connection.</summary>
    public static PolicyExplainReport Of(PolicyExplainer explainer, ValueList<FlowQuestion> questions)
    {
        var verdicts = new List<PolicyVerdict>();
        foreach (var question in questions)
        {
            verdicts.Add(Of(explainer, explainer.Explain(question)));
        }

        return new PolicyExplainReport { Allowed = verdicts.TrueForAll(static verdict => verdict.Allowed), Connections = verdicts };
    }

    private static PolicyVerdict Of(PolicyExplainer explainer, PolicyExplanation explanation)
    {
        var question = explanation.Question;
        return new PolicyVerdict
        {
            Allowed = explanation.IsAllowed,
            Source = new() { Address = question.Source.ToString(), Pod = explainer.PodAt(question.Source)?.Key.ToString() },
            Destination = new()
            {
                Address = question.Destination.ToString(),
                Pod = explainer.PodAt(question.Destination)?.Key.ToString(),
                Port = question.Protocol is null ? null : question.Port,
            },
            Protocol = question.Protocol?.ToString().ToUpperInvariant(),
            Egress = Of(explanation.Egress, "egress"),
            Ingress = Of(explanation.Ingress, "ingress"),
        };
    }

    private static PolicySide Of(SideExplanation side, string direction) => new()
    {
        Allowed = side.IsAllowed,
        Cause = JsonNamingPolicy.CamelCase.ConvertName(side.Cause.ToString()),
        Words = side.InWords(direction),
        IsolatedBy = [.. side.Isolating.Select(static policy => policy.ToString())],
        IsolatedByNamespace = side.ByNamespace,
        AllowedBy = [.. side.Allowing.Select(static rule => new PolicyRuleReference { Policy = rule.Policy.ToString(), Rule = rule.Rule + 1 })],
    };
}
