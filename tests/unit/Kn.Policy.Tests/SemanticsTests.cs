using Kn.Policy.Explaining;
using Kn.Policy.Tests.Reference;

namespace Kn.Policy.Tests;

/// <summary>Each rule of the API's semantics, of the reference, of explain, and of the tables.</summary>
public sealed class SemanticsTests
{
    public static TheoryData<string> Names => Cases.Names;

    [Theory, MemberData(nameof(Names))]
    public void Reference_SaysWhatTheDocumentationSays(string name)
    {
        var row = Cases.All[name];
        var reference = ReferenceOf(row);
        Check(row, flow => reference.Evaluate(flow).IsAllowed);
    }

    [Theory, MemberData(nameof(Names))]
    public void Explain_SaysTheSame(string name)
    {
        var row = Cases.All[name];
        var explainer = new PolicyExplainer(row.Cluster, row.Options ?? new PolicyOptions());
        Check(row, flow => explainer.Explain(new FlowQuestion(flow.Source, flow.Destination, flow.Protocol, flow.Port)).IsAllowed);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Tables_DoTheSame(string name)
    {
        var row = Cases.All[name];
        var walk = await RulesetWalk.OfAsync(row.Cluster, row.Options);
        Check(row, walk.Passes);
    }

    internal static ReferenceEvaluator ReferenceOf(PolicyCase row) => row.Options is { DefaultDeny: { Enabled: true } deny }
        ? new ReferenceEvaluator(row.Cluster, defaultDeny: true, [.. deny.ExemptNamespaces])
        : new ReferenceEvaluator(row.Cluster);

    private static void Check(PolicyCase row, Func<Flow, bool> isAllowed)
    {
        Assert.NotEmpty(row.Flows);
        var said = row.Flows.SelectMany(line => Build.Flows(row.Cluster, line[(line.IndexOf(' ') + 1)..]).Select(flow => $"{(isAllowed(flow) ? "yes" : "no")} {line[(line.IndexOf(' ') + 1)..]} ({flow})"));
        var wanted = row.Flows.SelectMany(line => Build.Flows(row.Cluster, line[(line.IndexOf(' ') + 1)..]).Select(flow => $"{line} ({flow})"));
        Assert.Equal(wanted, said);
    }
}
