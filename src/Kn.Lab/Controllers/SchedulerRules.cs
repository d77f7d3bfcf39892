using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Selectors;

namespace Kn.Lab.Controllers;

/// <summary>Which node a pod goes to. Pure.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/scheduling-eviction/: readiness, taints, nodeSelector and required node affinity filter;
/// among those left, the node with the fewest pods of the same owner wins, then the one with the fewest pods.</remarks>
internal static class SchedulerRules
{
    /// <summary>The name of the node, or null with a sentence that says why none fits.</summary>
    /// <param name="pod">Without a node yet.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="placed">All pods that have a node, with its name.</param>
    public static (string? Node, string Why) Choose(JsonObject pod, IReadOnlyCollection<JsonObject> nodes, IEnumerable<(JsonObject Pod, string Node)> placed)
    {
        var refusals = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var fitting = new List<string>();
        foreach (var node in nodes)
        {
            if (Refusal(pod, node) is { } refusal)
            {
                refusals[refusal] = refusals.GetValueOrDefault(refusal) + 1;
            }
            else
            {
                fitting.Add(node.Name());
            }
        }

        if (nodes.Count == 0)
        {
            return (null, "no nodes available to schedule pods");
        }

        if (fitting.Count == 0)
        {
            return (null, $"0/{nodes.Count} nodes are available: {string.Join(", ", refusals.Select(static pair => $"{pair.Value} {pair.Key}"))}.");
        }

        var owner = OwnerUid(pod);
        var load = fitting.ToDictionary(static name => name, static _ => (Siblings: 0, All: 0), StringComparer.Ordinal);
        foreach (var (other, node) in placed)
        {
            if (load.TryGetValue(node, out var count))
            {
                load[node] = (count.Siblings + (owner is not null && OwnerUid(other) == owner ? 1 : 0), count.All + 1);
            }
        }

        var best = load.OrderBy(static pair => pair.Value.Siblings).ThenBy(static pair => pair.Value.All).ThenBy(static pair => pair.Key, StringComparer.Ordinal).First().Key;
        return (best, "");
    }

    /// <summary>True for a pod that waits for this scheduler.</summary>
    public static bool Waits(JsonObject pod) =>
        string.IsNullOrEmpty(pod.Text("spec", "nodeName")) && !pod.IsDeleting()
        && pod.Text("status", "phase") is not ("Succeeded" or "Failed")
        && (pod.Text("spec", "schedulerName") ?? "default-scheduler") == "default-scheduler"
        && pod.List("spec", "schedulingGates") is not { Count: > 0 };

    private static string? OwnerUid(JsonObject pod) => pod.Maps("metadata", "ownerReferences").FirstOrDefault().Text("uid");

    private static string? Refusal(JsonObject pod, JsonObject node)
    {
        if (node.Flag("spec", "unschedulable") == true)
        {
            return "node(s) were unschedulable";
        }

        if (node.Maps("status", "conditions").FirstOrDefault(static condition => condition.Text("type") == "Ready").Text("status") != "True")
        {
            return "node(s) were not ready";
        }

        var labels = node.Map("metadata", "labels");
        if (pod.Pairs("spec", "nodeSelector").Any(pair => labels.Text(pair.Key) != pair.Value) || !MatchesAffinity(pod, node))
        {
            return "node(s) didn't match Pod's node affinity/selector";
        }

        var taint = node.Maps("spec", "taints").FirstOrDefault(taint => taint.Text("effect") is "NoSchedule" or "NoExecute" && !Tolerates(pod, taint));
        return taint is null ? null : $"node(s) had untolerated taint {{{taint.Text("key")}: {taint.Text("value")}}}";
    }

    private static bool Tolerates(JsonObject pod, JsonObject taint) => pod.Maps("spec", "tolerations").Any(toleration =>
        (string.IsNullOrEmpty(toleration.Text("effect")) || toleration.Text("effect") == taint.Text("effect"))
        && (string.IsNullOrEmpty(toleration.Text("key")) ? toleration.Text("operator") == "Exists" : toleration.Text("key") == taint.Text("key"))
        && (toleration.Text("operator") == "Exists" || (toleration.Text("value") ?? "") == (taint.Text("value") ?? "")));

    // Terms are alternatives; within one, every expression must hold. Names are the only field that terms can match on.
    private static bool MatchesAffinity(JsonObject pod, JsonObject node)
    {
        var required = pod.Map("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
        if (required is null)
        {
            return true;
        }

        return required.Maps("nodeSelectorTerms").Any(term =>
            LabelSelector.FromObject(term).Matches(node.Map("metadata", "labels"))
            && term.Maps("matchFields").All(field => field.Texts("values").Contains(node.Name()) == (field.Text("operator") == "In")));
    }
}
