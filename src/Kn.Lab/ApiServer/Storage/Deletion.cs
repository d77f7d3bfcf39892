using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>What holds an object that is to be deleted, and for how long.</summary>
internal static class Deletion
{
    // Owners that the garbage collector looks after; elsewhere nobody would lift these finalizers.
    private static readonly string[] Owners = ["Deployment", "ReplicaSet", "DaemonSet", "Service", "Node"];

    /// <summary>Seconds that a pod gets on its node; 0 for everything else, for pods without a node and for those that have ended.</summary>
    public static long GracePeriod(ResourceKind kind, JsonObject tree, DeleteOptions options)
    {
        if (kind.Resource != ApiResources.Pods || string.IsNullOrEmpty(tree.Text("spec", "nodeName")) || tree.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        var wanted = options.GraceSeconds ?? tree.Number("spec", "terminationGracePeriodSeconds") ?? 30;
        return Math.Max(wanted, 0);
    }

    public static void AddPropagationFinalizer(JsonObject tree, DeleteOptions options)
    {
        var finalizer = options.Propagation switch { "Orphan" => "orphan", "Foreground" => "foregroundDeletion", _ => null };
        if (finalizer is null || !Owners.Contains(tree.Text("kind")) || tree.Texts("metadata", "finalizers").Contains(finalizer))
        {
            return;
        }

        var metadata = tree.Ensure("metadata");
        metadata.Default("finalizers", new JsonArray());
        metadata.List("finalizers")?.Add((JsonNode?)JsonValue.Create(finalizer));
    }

    /// <summary>True while finalizers keep the object; a namespace has its own in spec.</summary>
    public static bool Holds(ResourceKind kind, JsonObject tree) =>
        tree.List("metadata", "finalizers") is { Count: > 0 }
        || (kind.Resource == ApiResources.Namespaces && tree.List("spec", "finalizers") is { Count: > 0 });

    public static void Mark(ResourceKind kind, JsonObject tree, long graceSeconds, DateTimeOffset now)
    {
        var metadata = tree.Ensure("metadata");
        var before = metadata.Number("deletionGracePeriodSeconds");
        if (metadata["deletionTimestamp"] is null || graceSeconds < before)
        {
            metadata["deletionTimestamp"] = JsonTree.Timestamp(now.AddSeconds(graceSeconds));
            metadata["deletionGracePeriodSeconds"] = graceSeconds;
            if (before is null && kind.HasGeneration)
            {
                metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
            }
        }

        if (kind.Resource == ApiResources.Namespaces)
        {
            tree.Ensure("status")["phase"] = "Terminating";
        }
    }
}
