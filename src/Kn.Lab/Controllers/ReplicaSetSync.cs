using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Controllers;

/// <summary>Makes a ReplicaSet's pods as many as it says, and writes its status.</summary>
/// <remarks>The watch lags behind our own writes; what was just made or deleted is remembered until the watch has shown it,
/// or else every look in between would make it again.</remarks>
internal sealed class ReplicaSetSync(ApiClient client, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _made = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _deleted = new(StringComparer.Ordinal);
    private readonly EventRecorder _events = new(client, "replicaset-controller", time);

    /// <summary>The watch showed a pod.</summary>
    public void Observed(JsonObject? old, JsonObject? pod)
    {
        var any = (pod ?? old)!;
        if (Owners.ControllerUid(any) is { } owner && _made.TryGetValue(owner, out var made))
        {
            made.TryRemove(any.Uid(), out _);
        }

        if (pod is null || pod.IsDeleting())
        {
            _deleted.TryRemove(any.Uid(), out _);
        }
    }

    /// <summary>Brings pods and status in line; <paramref name="owned"/> is what the watch shows.</summary>
    public async Task SyncAsync(JsonObject set, IEnumerable<JsonObject> owned, CancellationToken cancellationToken)
    {
        // Before the pods are read: one that the watch shows in between counts twice for a moment, which is better than being made twice.
        var unseen = _made.GetOrAdd(set.Uid(), static _ => new ConcurrentDictionary<string, bool>(StringComparer.Ordinal));
        var pending = unseen.Keys.ToHashSet(StringComparer.Ordinal);
        var pods = owned.Where(pod => !pod.IsDeleting() && !_deleted.ContainsKey(pod.Uid()) && pod.Text("status", "phase") is not ("Succeeded" or "Failed")).ToList();
        pending.ExceptWith(pods.Select(static pod => pod.Uid()));
        var wanted = (int)(set.Number("spec", "replicas") ?? 1);
        for (var count = pods.Count + pending.Count; count < wanted; count++)
        {
            await CreateAsync(set, unseen, cancellationToken);
        }

        foreach (var surplus in Surplus(pods, pods.Count + pending.Count - wanted))
        {
            _deleted[surplus.Uid()] = true;
            await client.EnsureDeletedAsync(ApiResources.Pods, surplus.Namespace(), surplus.Name(), null, cancellationToken);
            await _events.RecordAsync(set, "Normal", "SuccessfulDelete", $"Deleted pod: {surplus.Name()}", cancellationToken);
        }

        await WriteStatusAsync(set, pods, cancellationToken);
    }

    /// <summary>Which pods go: those without a node, then those that are not ready, then the youngest.</summary>
    public static IEnumerable<JsonObject> Surplus(IEnumerable<JsonObject> pods, int count) => pods
        .OrderBy(static pod => string.IsNullOrEmpty(pod.Text("spec", "nodeName")) ? 0 : 1)
        .ThenBy(static pod => IsReady(pod) ? 1 : 0)
        .ThenByDescending(static pod => pod.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
        .ThenByDescending(static pod => pod.Name(), StringComparer.Ordinal)
        .Take(Math.Max(count, 0)).ToList();

    private static bool IsReady(JsonObject pod) =>
        pod.Maps("status", "conditions").Any(static condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private async Task CreateAsync(JsonObject set, ConcurrentDictionary<string, bool> unseen, CancellationToken cancellationToken)
    {
        var template = set.Map("spec", "template");
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["generateName"] = set.Name() + "-",
                ["namespace"] = set.Namespace(),
                ["labels"] = template.At("metadata", "labels")?.DeepClone(),
                ["annotations"] = template.At("metadata", "annotations")?.DeepClone(),
                ["ownerReferences"] = new JsonArray(Owners.Reference(set, ApiResources.ReplicaSets)),
            },
            ["spec"] = template.At("spec")?.DeepClone(),
        };
        var made = await client.CreateAsync(ApiResources.Pods, set.Namespace(), pod, cancellationToken);
        unseen[made.Uid()] = true;
        await _events.RecordAsync(set, "Normal", "SuccessfulCreate", $"Created pod: {made.Name()}", cancellationToken);
    }

    private async Task WriteStatusAsync(JsonObject set, List<JsonObject> pods, CancellationToken cancellationToken)
    {
        var ready = pods.Count(IsReady);
        var status = new JsonObject
        {
            ["replicas"] = pods.Count,
            ["fullyLabeledReplicas"] = pods.Count,
            ["readyReplicas"] = ready,
            ["availableReplicas"] = ready,
            ["observedGeneration"] = set.Number("metadata", "generation"),
        };
        if (!status.All(pair => set.Number("status", pair.Key) == pair.Value.Number()))
        {
            await client.PatchAsync(ApiResources.ReplicaSets, set.Namespace(), set.Name(), "status", new JsonObject { ["status"] = status }, PatchKind.Merge, cancellationToken);
        }
    }
}
