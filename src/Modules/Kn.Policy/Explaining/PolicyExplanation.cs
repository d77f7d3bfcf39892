using System.Text;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>The answer: both ends must allow it.</summary>
/// <param name="Question">The question.</param>
/// <param name="Egress">What holds for the pod that opens it.</param>
/// <param name="Ingress">What holds for the pod that receives it.</param>
internal sealed record PolicyExplanation(FlowQuestion Question, SideExplanation Egress, SideExplanation Ingress)
{
    /// <summary>Whether it is allowed.</summary>
    public bool IsAllowed => Egress.IsAllowed && Ingress.IsAllowed;

    /// <summary>The answer in words, three lines.</summary>
    public override string ToString() => new StringBuilder()
        .Append(IsAllowed ? "allowed: " : "denied: ")
        .Append(Question.Source).Append(" to ").Append(Question.Destination)
        .Append(Question.Protocol is { } protocol ? $", {protocol.ToString().ToUpperInvariant()} port {Question.Port}" : ", no port").Append('\n')
        .Append("  egress: ").Append(Egress.InWords("egress")).Append('\n')
        .Append("  ingress: ").Append(Ingress.InWords("ingress")).Append('\n')
        .ToString();
}

/// <summary>What holds at one end.</summary>
/// <param name="Cause">What decides.</param>
/// <param name="Subject">The pod; null for an end that is none.</param>
/// <param name="ByNamespace">Whether the pod is isolated whatever policies say: by the config's default, or its namespace's annotation.</param>
/// <param name="Isolating">The policies that isolate it.</param>
/// <param name="Allowing">The rules that allow the connection.</param>
internal sealed record SideExplanation(
    SideCause Cause, ObjectKey? Subject, bool ByNamespace, ValueList<ObjectKey> Isolating, ValueList<AllowingRule> Allowing)
{
    /// <summary>Whether this end allows it.</summary>
    public bool IsAllowed => Cause != SideCause.Isolated;

    /// <summary>An end that no policy has a say about.</summary>
    public static SideExplanation Free(SideCause cause, ObjectKey? subject) => new(cause, subject, ByNamespace: false, default, default);

    /// <summary>The end in words.</summary>
    public string InWords(string direction) => Cause switch
    {
        SideCause.NoPod => "allowed, as this end is no pod that policies can select",
        SideCause.Self => $"allowed, as pod {Subject} talks to itself",
        SideCause.OwnNode => $"allowed, as the other end is the node of pod {Subject}",
        SideCause.NotIsolated => $"allowed, as no policy selects pod {Subject} for {direction}",
        SideCause.Rule => $"allowed by {string.Join(", ", Allowing.Select(rule => $"policy {rule.Policy}, {direction} rule {rule.Rule + 1}"))}",
        _ => $"denied: pod {Subject} is isolated by {string.Join(", ", Reasons())}, and no {direction} rule allows this",
    };

    private IEnumerable<string> Reasons() => ByNamespace
        ? Isolating.Select(static policy => $"policy {policy}").Append("the default of its namespace")
        : Isolating.Select(static policy => $"policy {policy}");
}

/// <summary>A rule that allows the connection.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Rule">Its place among the policy's rules of the direction, from 0.</param>
internal readonly record struct AllowingRule(ObjectKey Policy, int Rule);

/// <summary>What decides at one end.</summary>
internal enum SideCause
{
    /// <summary>It is no pod, or one in the node's network: no policy selects it.</summary>
    NoPod,

    /// <summary>Both ends are the same pod.</summary>
    Self,

    /// <summary>The other end is the pod's own node.</summary>
    OwnNode,

    /// <summary>No policy selects the pod for this direction.</summary>
    NotIsolated,

    /// <summary>A rule allows it.</summary>
    Rule,

    /// <summary>Policies select the pod, and no rule allows it.</summary>
    Isolated,
}
