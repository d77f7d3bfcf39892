using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.LabNodes;

/// <summary>The Node and Lease objects of a lab's node, as a kubelet would write them. Pure.</summary>
internal static class NodeObject
{
    /// <summary>The namespace of nodes' heartbeats.</summary>
    public const string LeaseNamespace = "kube-node-lease";

    private const string KubeletVersion = "v1.32.0-kn-lab";

    /// <summary>The object to create.</summary>
    public static JsonObject New(NodePlace node) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject
        {
            ["name"] = node.Name,
            ["labels"] = new JsonObject
            {
                ["kubernetes.io/hostname"] = node.Name,
                ["kubernetes.io/os"] = "linux",
                ["kubernetes.io/arch"] = "amd64",
                ["kn.internal/lab"] = node.Lab,
            },
        },
        ["spec"] = new JsonObject(),
    };

    /// <summary>The status: addresses, capacity and conditions.</summary>
    /// <param name="node">The node.</param>
    /// <param name="present">The object as the API has it, for the times of conditions that stay.</param>
    /// <param name="isReady">Whether pods can be attached.</param>
    /// <param name="now">The heartbeat's time.</param>
    public static JsonObject Status(NodePlace node, JsonObject? present, bool isReady, DateTimeOffset now) => new()
    {
        ["addresses"] = JsonTree.Array(node.Addresses
            .Select(static address => (JsonNode?)Address("InternalIP", address.ToString()))
            .Append(Address("Hostname", node.Name))),
        ["capacity"] = Resources(),
        ["allocatable"] = Resources(),
        ["conditions"] = JsonTree.Array(
        [
            Condition(present, "MemoryPressure", false, "KubeletHasSufficientMemory", now),
            Condition(present, "DiskPressure", false, "KubeletHasNoDiskPressure", now),
            Condition(present, "PIDPressure", false, "KubeletHasSufficientPID", now),
            Condition(present, "Ready", isReady, isReady ? "KubeletReady" : "KubeletNotReady", now),
        ]),
        ["nodeInfo"] = NodeInfo(),
    };

    /// <summary>The heartbeat.</summary>
    public static JsonObject Lease(NodePlace node, DateTimeOffset now) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject { ["name"] = node.Name, ["namespace"] = LeaseNamespace },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = node.Name,
            ["leaseDurationSeconds"] = 40,
            ["renewTime"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
        },
    };

    private static JsonObject Address(string type, string address) => new JsonObject { ["type"] = type, ["address"] = address };

    private static JsonObject Resources() => new() { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110", ["ephemeral-storage"] = "20Gi" };

    private static JsonObject Condition(JsonObject? present, string type, bool isTrue, string reason, DateTimeOffset now)
    {
        var before = present.Maps("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);
        var word = isTrue ? "True" : "False";
        var time = JsonTree.Timestamp(now);
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = word,
            ["reason"] = reason,
            ["message"] = type == "Ready" && !isTrue ? "the node has no network configuration yet" : "kn-lab",
            ["lastHeartbeatTime"] = time,
            ["lastTransitionTime"] = before.Text("status") == word ? before.Text("lastTransitionTime") ?? time : time,
        };
    }

    private static JsonObject NodeInfo() => new()
    {
        ["architecture"] = "amd64",
        ["operatingSystem"] = "linux",
        ["osImage"] = "kn-lab",
        ["kernelVersion"] = Environment.OSVersion.Version.ToString(),
        ["containerRuntimeVersion"] = "kn-lab://0.1.0",
        ["kubeletVersion"] = KubeletVersion,
        ["kubeProxyVersion"] = "",
        ["machineID"] = "",
        ["systemUUID"] = "",
        ["bootID"] = "",
    };
}
