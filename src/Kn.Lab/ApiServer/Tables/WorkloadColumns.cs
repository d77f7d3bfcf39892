using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>What kubectl get shows of Deployments, ReplicaSets and DaemonSets.</summary>
internal static class WorkloadColumns
{
    public static IReadOnlyList<TableColumn> Deployment { get; } =
    [
        TableColumn.Of("Ready", static set => $"{set.Number("status", "readyReplicas") ?? 0}/{set.Number("spec", "replicas") ?? 0}"),
        TableColumn.Count("Up-to-date", static set => set.Number("status", "updatedReplicas")),
        TableColumn.Count("Available", static set => set.Number("status", "availableReplicas")),
        TableColumn.Age,
        .. TemplateColumns(),
    ];

    public static IReadOnlyList<TableColumn> ReplicaSet { get; } =
    [
        TableColumn.Count("Desired", static set => set.Number("spec", "replicas")),
        TableColumn.Count("Current", static set => set.Number("status", "replicas")),
        TableColumn.Count("Ready", static set => set.Number("status", "readyReplicas")),
        TableColumn.Age,
        .. TemplateColumns(),
    ];

    public static IReadOnlyList<TableColumn> DaemonSet { get; } =
    [
        TableColumn.Count("Desired", static set => set.Number("status", "desiredNumberScheduled")),
        TableColumn.Count("Current", static set => set.Number("status", "currentNumberScheduled")),
        TableColumn.Count("Ready", static set => set.Number("status", "numberReady")),
        TableColumn.Count("Up-to-date", static set => set.Number("status", "updatedNumberScheduled")),
        TableColumn.Count("Available", static set => set.Number("status", "numberAvailable")),
        TableColumn.Of("Node Selector", static set => Text.Labels(set, "spec", "template", "spec", "nodeSelector")),
        TableColumn.Age,
        .. TemplateColumns(),
    ];

    private static IEnumerable<TableColumn> TemplateColumns() =>
    [
        TableColumn.Of("Containers", static set => string.Join(",", Containers(set).Select(static container => container.Text("name"))), wide: true),
        TableColumn.Of("Images", static set => string.Join(",", Containers(set).Select(static container => container.Text("image"))), wide: true),
        TableColumn.Of("Selector", static set => Text.Selector(set.Map("spec", "selector")), wide: true),
    ];

    private static IEnumerable<JsonObject> Containers(JsonObject set) => set.Maps("spec", "template", "spec", "containers");
}
