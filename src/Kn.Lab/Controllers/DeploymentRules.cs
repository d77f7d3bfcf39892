using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Controllers;

/// <summary>What a Deployment's ReplicaSets and status are to be. Pure.</summary>
/// <remarks>No roll-out strategy: a new template scales its ReplicaSet up and the others down at once.</remarks>
internal static class DeploymentRules
{
    public const string HashLabel = "pod-template-hash";
    public const string RevisionAnnotation = "deployment.kubernetes.io/revision";

    /// <summary>The ReplicaSet whose template is the Deployment's, or null.</summary>
    public static JsonObject? FindCurrent(JsonObject deployment, IEnumerable<JsonObject> sets) =>
        sets.FirstOrDefault(set => JsonNode.DeepEquals(WithoutHash(set.Map("spec", "template")), WithoutHash(deployment.Map("spec", "template"))));

    public static JsonObject NewReplicaSet(JsonObject deployment, int revision)
    {
        var template = deployment.Map("spec", "template")?.Copy() ?? [];
        var hash = Hash(template);
        template.Ensure("metadata", "labels")[HashLabel] = hash;
        var selector = deployment.Map("spec", "selector")?.Copy() ?? [];
        selector.Ensure("matchLabels")[HashLabel] = hash;
        return new JsonObject
        {
            ["apiVersion"] = ApiResources.ReplicaSets.ApiVersion,
            ["kind"] = ApiResources.ReplicaSets.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.Name()}-{hash}",
                ["namespace"] = deployment.Namespace(),
                ["labels"] = template.Map("metadata", "labels")?.DeepClone(),
                ["annotations"] = new JsonObject
                {
                    [RevisionAnnotation] = revision.ToString(CultureInfo.InvariantCulture),
                    ["deployment.kubernetes.io/desired-replicas"] = (deployment.Number("spec", "replicas") ?? 1).ToString(CultureInfo.InvariantCulture),
                },
                ["ownerReferences"] = new JsonArray(Owners.Reference(deployment, ApiResources.Deployments)),
            },
            ["spec"] = new JsonObject { ["replicas"] = deployment.Number("spec", "replicas") ?? 1, ["selector"] = selector, ["template"] = template },
        };
    }

    public static int Revision(JsonObject? set) =>
        int.TryParse(set.Text("metadata", "annotations", RevisionAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>The status; condition times stay where nothing changed.</summary>
    public static JsonObject Status(JsonObject deployment, JsonObject? current, IReadOnlyCollection<JsonObject> sets, DateTimeOffset now)
    {
        var wanted = deployment.Number("spec", "replicas") ?? 1;
        var replicas = Sum(sets, "replicas");
        var ready = Sum(sets, "readyReplicas");
        var available = Sum(sets, "availableReplicas");
        var updated = current.Number("status", "replicas") ?? 0;
        var status = new JsonObject
        {
            ["observedGeneration"] = deployment.Number("metadata", "generation"),
            ["replicas"] = replicas,
            ["updatedReplicas"] = updated,
            ["readyReplicas"] = ready,
            ["availableReplicas"] = available,
            ["unavailableReplicas"] = Math.Max(0, Math.Max(wanted, replicas) - available),
        };
        var enough = available >= wanted - MaxUnavailable(deployment, wanted);
        var done = updated == wanted && replicas == wanted && (current.Number("status", "availableReplicas") ?? 0) == wanted;
        status["conditions"] = new JsonArray(
            Condition(deployment, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now),
            Condition(deployment, "Progressing", true, done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                $"ReplicaSet \"{current.Name()}\" {(done ? "has successfully progressed." : "is progressing.")}", now));
        return status;
    }

    private static long Sum(IEnumerable<JsonObject> sets, string field) => sets.Sum(set => set.Number("status", field) ?? 0);

    private static long MaxUnavailable(JsonObject deployment, long wanted)
    {
        var text = deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable")?.ToString() ?? "0";
        var isPercent = text.EndsWith('%');
        return !long.TryParse(text.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? 0 : isPercent ? wanted * number / 100 : number;
    }

    private static JsonObject Condition(JsonObject deployment, string type, bool isTrue, string reason, string message, DateTimeOffset now)
    {
        var old = deployment.Maps("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);
        var word = isTrue ? "True" : "False";
        var time = JsonTree.Timestamp(now);
        var unchanged = old.Text("status") == word && old.Text("reason") == reason && old.Text("message") == message;
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = word,
            ["reason"] = reason,
            ["message"] = message,
            ["lastUpdateTime"] = unchanged ? old.Text("lastUpdateTime") : time,
            ["lastTransitionTime"] = old.Text("status") == word ? old.Text("lastTransitionTime") : time,
        };
    }

    private static JsonObject WithoutHash(JsonObject? template)
    {
        var copy = template?.Copy() ?? [];
        copy.Map("metadata", "labels")?.Remove(HashLabel);
        return copy;
    }

    // FNV-1a over the template's JSON; the letters are those that names are made of.
    private static string Hash(JsonObject template)
    {
        const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
        var hash = 2166136261u;
        foreach (var value in template.ToUtf8())
        {
            hash = (hash ^ value) * 16777619;
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(static digit => Alphabet[digit - '0']));
    }
}
