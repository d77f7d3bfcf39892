using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Tables;

/// <summary>What kubectl get shows of nodes, namespaces, configuration, leases and events.</summary>
internal static class ClusterColumns
{
    public static IReadOnlyList<TableColumn> Node { get; } =
    [
        TableColumn.Of("Status", NodeStatus),
        TableColumn.Of("Roles", Roles),
        TableColumn.Age,
        TableColumn.Of("Version", static node => node.Text("status", "nodeInfo", "kubeletVersion")),
        TableColumn.Of("Internal-IP", static node => Address(node, "InternalIP"), wide: true),
        TableColumn.Of("External-IP", static node => Address(node, "ExternalIP"), wide: true),
        TableColumn.Of("OS-Image", static node => node.Text("status", "nodeInfo", "osImage") ?? "<unknown>", wide: true),
        TableColumn.Of("Kernel-Version", static node => node.Text("status", "nodeInfo", "kernelVersion") ?? "<unknown>", wide: true),
        TableColumn.Of("Container-Runtime", static node => node.Text("status", "nodeInfo", "containerRuntimeVersion") ?? "<unknown>", wide: true),
    ];

    public static IReadOnlyList<TableColumn> Namespace { get; } =
    [
        TableColumn.Of("Status", static item => item.Text("status", "phase")),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> ConfigMap { get; } =
    [
        TableColumn.Count("Data", static map => (map.Map("data")?.Count ?? 0) + (map.Map("binaryData")?.Count ?? 0)),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> Secret { get; } =
    [
        TableColumn.Of("Type", static secret => secret.Text("type")),
        TableColumn.Count("Data", static secret => secret.Map("data")?.Count ?? 0),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> ServiceAccount { get; } =
    [
        TableColumn.Count("Secrets", static account => account.List("secrets")?.Count ?? 0),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> Lease { get; } =
    [
        TableColumn.Of("Holder", static lease => lease.Text("spec", "holderIdentity")),
        TableColumn.Age,
    ];

    public static IReadOnlyList<TableColumn> Event { get; } =
    [
        new("Last Seen", static (item, now) => HumanDuration.Since(item.Text("lastTimestamp") ?? item.Text("eventTime") ?? item.Text("metadata", "creationTimestamp"), now)),
        TableColumn.Of("Type", static item => item.Text("type")),
        TableColumn.Of("Reason", static item => item.Text("reason")),
        TableColumn.Of("Object", static item => $"{item.Text("involvedObject", "kind")?.ToLowerInvariant()}/{item.Text("involvedObject", "name")}"),
        TableColumn.Of("Source", static item => item.Text("source", "component") ?? item.Text("reportingComponent"), wide: true),
        new("Message", static (item, _) => item.Text("message")?.Trim() ?? ""),
    ];

    public static IReadOnlyList<TableColumn> CustomResourceDefinition { get; } =
    [
        TableColumn.Of("Created At", static item => item.Text("metadata", "creationTimestamp")),
    ];

    private static string? Address(JsonObject node, string type) =>
        node.Maps("status", "addresses").FirstOrDefault(address => address.Text("type") == type).Text("address");

    private static string NodeStatus(JsonObject node)
    {
        var ready = node.Maps("status", "conditions").FirstOrDefault(static condition => condition.Text("type") == "Ready").Text("status");
        var word = ready switch { "True" => "Ready", null => "Unknown", _ => "NotReady" };
        return node.Flag("spec", "unschedulable") == true ? word + ",SchedulingDisabled" : word;
    }

    private static string Roles(JsonObject node)
    {
        const string Prefix = "node-role.kubernetes.io/";
        return string.Join(",", node.Pairs("metadata", "labels").Where(static pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(static pair => pair.Key[Prefix.Length..]).Order(StringComparer.Ordinal));
    }
}
