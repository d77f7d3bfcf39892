using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.Kubelet;

/// <summary>The status of a pod, from what its sandbox and containers are. Pure.</summary>
/// <remarks>kubernetes.io, "Pod Lifecycle": phases and conditions.</remarks>
internal static class PodStatus
{
    /// <summary>Builds status for a merge patch; conditions of other writers are kept.</summary>
    /// <param name="pod">The pod as the API has it.</param>
    /// <param name="podIps">Its addresses; none while the network is not there.</param>
    /// <param name="hostIps">The node's addresses.</param>
    /// <param name="containers">The state of each of spec.containers, by name.</param>
    /// <param name="startTime">When the node took the pod up.</param>
    /// <param name="now">The time of conditions that change with this status.</param>
    public static JsonObject Build(
        JsonObject pod, IReadOnlyList<IpAddress> podIps, IReadOnlyList<IpAddress> hostIps, IReadOnlyDictionary<string, ContainerState> containers, DateTimeOffset startTime, DateTimeOffset now)
    {
        var isReady = podIps.Count > 0 && containers.Values.All(static container => container.IsReady);
        var phase = Phase(containers.Values);
        var status = new JsonObject
        {
            ["phase"] = phase,
            ["startTime"] = JsonTree.Timestamp(startTime),
            ["hostIP"] = hostIps[0].ToString(),
            ["hostIPs"] = IpList(hostIps),
            ["conditions"] = Conditions(pod, phase == "Succeeded" ? "PodCompleted" : "ContainersNotReady", podIps.Count > 0, isReady, now),
            ["containerStatuses"] = JsonTree.Array(pod.Maps("spec", "containers").Select(container => (JsonNode?)Container(pod, container, containers))),
        };
        if (podIps.Count > 0)
        {
            status["podIP"] = podIps[0].ToString();
            status["podIPs"] = IpList(podIps);
        }

        return status;
    }

    /// <summary>The phase: Pending until every container ran once; Succeeded or Failed when all are over.</summary>
    public static string Phase(IEnumerable<ContainerState> containers)
    {
        var states = containers.ToList();
        if (states.Count > 0 && states.All(static state => state.IsOver))
        {
            return states.All(static state => state.LastEnd is { ExitCode: 0 }) ? "Succeeded" : "Failed";
        }

        return states.All(static state => state.RunningSince is not null || state.LastEnd is not null) ? "Running" : "Pending";
    }

    private static JsonArray IpList(IReadOnlyList<IpAddress> addresses) =>
        JsonTree.Array(addresses.Select(static address => (JsonNode?)new JsonObject { ["ip"] = address.ToString() }));

    private static JsonArray Conditions(JsonObject pod, string notReadyReason, bool hasNetwork, bool isReady, DateTimeOffset now)
    {
        (string Type, bool IsTrue, string Reason)[] own =
        [
            ("PodReadyToStartContainers", hasNetwork, ""),
            ("Initialized", true, ""),
            ("Ready", isReady, notReadyReason),
            ("ContainersReady", isReady, notReadyReason),
            ("PodScheduled", true, ""),
        ];
        var conditions = new List<JsonNode?>();
        foreach (var (type, isTrue, reason) in own)
        {
            var before = pod.Maps("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);
            var word = isTrue ? "True" : "False";
            var condition = new JsonObject { ["type"] = type, ["status"] = word, ["lastProbeTime"] = null };
            condition["lastTransitionTime"] = before.Text("status") == word ? before.Text("lastTransitionTime") ?? JsonTree.Timestamp(now) : JsonTree.Timestamp(now);
            if (!isTrue && reason.Length > 0)
            {
                condition["reason"] = reason;
            }

            conditions.Add(condition);
        }

        var others = pod.Maps("status", "conditions").Where(condition => !own.Any(entry => entry.Type == condition.Text("type")));
        return JsonTree.Array(conditions.Concat(others.Select(static condition => condition.DeepClone())));
    }

    private static JsonObject Container(JsonObject pod, JsonObject container, IReadOnlyDictionary<string, ContainerState> states)
    {
        var name = container.Text("name") ?? "";
        var state = states.GetValueOrDefault(name) ?? new ContainerState();
        var status = new JsonObject
        {
            ["name"] = name,
            ["image"] = container.Text("image") ?? "",
            ["imageID"] = "",
            ["ready"] = state.IsReady,
            ["restartCount"] = state.Restarts,
            ["started"] = state.RunningSince is not null,
            ["state"] = State(state),
        };
        if (state.RunningSince is not null || state.LastEnd is not null)
        {
            status["containerID"] = $"kn-lab://{pod.Uid()}-{name}-{state.Restarts}";
        }

        if (state.LastEnd is { } end && !state.IsOver)
        {
            status["lastState"] = new JsonObject { ["terminated"] = Terminated(end) };
        }

        return status;
    }

    private static JsonObject State(ContainerState state) => state switch
    {
        { RunningSince: { } since } => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = JsonTree.Timestamp(since) } },
        { IsOver: true, LastEnd: { } end } => new JsonObject { ["terminated"] = Terminated(end) },
        _ => new JsonObject { ["waiting"] = new JsonObject { ["reason"] = state.WaitingReason } },
    };

    private static JsonObject Terminated(ContainerEnd end) => new()
    {
        ["exitCode"] = end.ExitCode,
        ["reason"] = end.ExitCode == 0 ? "Completed" : "Error",
        ["startedAt"] = JsonTree.Timestamp(end.StartedAt),
        ["finishedAt"] = JsonTree.Timestamp(end.FinishedAt),
    };
}
