using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>What kubectl get pods shows.</summary>
/// <remarks>k8s.io/kubernetes pkg/printers/internalversion printPod.</remarks>
internal static class PodColumns
{
    public static IReadOnlyList<TableColumn> All { get; } =
    [
        TableColumn.Of("Ready", static pod => $"{pod.Maps("status", "containerStatuses").Count(static status => status.Flag("ready") == true)}/{pod.Maps("spec", "containers").Count()}"),
        TableColumn.Of("Status", Status),
        new("Restarts", static (pod, _) => pod.Maps("status", "containerStatuses").Sum(static status => status.Number("restartCount") ?? 0).ToString()),
        TableColumn.Age,
        TableColumn.Of("IP", static pod => pod.Text("status", "podIP"), wide: true),
        TableColumn.Of("Node", static pod => pod.Text("spec", "nodeName"), wide: true),
        TableColumn.Of("Nominated Node", static pod => pod.Text("status", "nominatedNodeName"), wide: true),
        TableColumn.Of("Readiness Gates", static pod => ReadinessGates(pod), wide: true),
    ];

    private static string Status(JsonObject pod)
    {
        if (pod.IsDeleting())
        {
            return "Terminating";
        }

        var reason = pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
        foreach (var status in pod.Maps("status", "initContainerStatuses").Concat(pod.Maps("status", "containerStatuses")))
        {
            if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
            {
                return waiting;
            }

            if (status.Map("state", "terminated") is { } terminated && status.Map("state", "running") is null && pod.Text("spec", "restartPolicy") is not null
                && !IsFinishedInit(pod, status))
            {
                reason = terminated.Text("reason") is { Length: > 0 } word ? word : $"ExitCode:{terminated.Number("exitCode")}";
            }
        }

        return reason;
    }

    private static bool IsFinishedInit(JsonObject pod, JsonObject status) =>
        pod.List("status", "initContainerStatuses")?.Contains(status) == true && status.Number("state", "terminated", "exitCode") == 0;

    private static string? ReadinessGates(JsonObject pod)
    {
        var gates = pod.Maps("spec", "readinessGates").Select(static gate => gate.Text("conditionType")).ToList();
        var met = pod.Maps("status", "conditions").Count(condition => gates.Contains(condition.Text("type")) && condition.Text("status") == "True");
        return gates.Count == 0 ? null : $"{met}/{gates.Count}";
    }
}
