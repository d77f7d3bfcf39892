using System.Text;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.Lab.Controllers;

/// <summary>The EndpointSlices that a Service is to have. Pure.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/; k8s.io/endpointslice utils.go podToEndpoint, getEndpointPorts.</remarks>
internal static class EndpointSliceRules
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";
    public const string ManagedBy = "endpointslice-controller.k8s.io";
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>The default of --max-endpoints-per-slice.</summary>
    public const int MaxEndpoints = 100;

    /// <summary>True when the controller looks after this Service's endpoints.</summary>
    public static bool IsManaged(JsonObject? service) =>
        service is not null && service.Map("spec", "selector") is { Count: > 0 } && service.Text("spec", "type") != "ExternalName";

    /// <summary>True when the Service selects the pod.</summary>
    public static bool Selects(JsonObject service, JsonObject pod)
    {
        var labels = pod.Map("metadata", "labels");
        return service.Pairs("spec", "selector").All(pair => labels.Text(pair.Key) == pair.Value);
    }

    /// <summary>What changes for the API server: slices to create, to replace and to delete.</summary>
    public static SliceChanges Plan(JsonObject service, IReadOnlyCollection<JsonObject> pods, IReadOnlyCollection<JsonObject> existing)
    {
        var changes = new SliceChanges([], [], []);
        var left = existing.ToList();
        foreach (var family in service.Texts("spec", "ipFamilies").DefaultIfEmpty("IPv4"))
        {
            var groups = Group(service, pods, family);
            if (groups.Count == 0)
            {
                // Without endpoints one empty slice says that the controller has looked.
                groups[""] = ([], []);
            }

            foreach (var (ports, endpoints) in groups.Values)
            {
                var matching = left.Where(slice => slice.Text("addressType") == family && JsonNode.DeepEquals(slice.List("ports") ?? [], ports)).ToList();
                left.RemoveAll(matching.Contains);
                Fill(service, family, ports, endpoints, matching, changes);
            }
        }

        changes.Delete.AddRange(left);
        return changes;
    }

    private static Dictionary<string, (JsonArray Ports, List<JsonObject> Endpoints)> Group(JsonObject service, IEnumerable<JsonObject> pods, string family)
    {
        var groups = new Dictionary<string, (JsonArray Ports, List<JsonObject> Endpoints)>(StringComparer.Ordinal);
        foreach (var pod in pods.OrderBy(static pod => pod.Name(), StringComparer.Ordinal))
        {
            if (EndpointOf(service, pod, family) is not { } endpoint)
            {
                continue;
            }

            var ports = PortsOf(service, pod);
            var key = Encoding.UTF8.GetString(ports.ToUtf8());
            if (!groups.TryGetValue(key, out var group))
            {
                group = (ports, []);
                groups[key] = group;
            }

            group.Endpoints.Add(endpoint);
        }

        return groups;
    }

    private static JsonObject? EndpointOf(JsonObject service, JsonObject pod, string family)
    {
        var address = pod.Maps("status", "podIPs").Select(static entry => entry.Text("ip")).Append(pod.Text("status", "podIP"))
            .FirstOrDefault(text => IpAddress.TryParse(text, out var parsed) && (parsed.Family == IpFamily.V6) == (family == "IPv6"));
        if (address is null || pod.Text("status", "phase") is "Succeeded" or "Failed" || !Selects(service, pod))
        {
            return null;
        }

        var serving = pod.Maps("status", "conditions").Any(static condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
        var terminating = pod.IsDeleting();
        var endpoint = new JsonObject
        {
            ["addresses"] = JsonTree.Array([address]),
            ["conditions"] = new JsonObject
            {
                ["ready"] = service.Flag("spec", "publishNotReadyAddresses") == true || (serving && !terminating),
                ["serving"] = serving,
                ["terminating"] = terminating,
            },
        };
        if (pod.Text("spec", "hostname") is { Length: > 0 } hostname && pod.Text("spec", "subdomain") == service.Name())
        {
            endpoint["hostname"] = hostname;
        }

        endpoint["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = pod.Namespace(), ["name"] = pod.Name(), ["uid"] = pod.Uid() };
        if (pod.Text("spec", "nodeName") is { Length: > 0 } node)
        {
            endpoint["nodeName"] = node;
        }

        return endpoint;
    }

    // A named target port is what the pod calls it; a pod without that name does not get the port.
    private static JsonArray PortsOf(JsonObject service, JsonObject pod)
    {
        var ports = new JsonArray();
        foreach (var port in service.Maps("spec", "ports"))
        {
            var protocol = port.Text("protocol") ?? "TCP";
            var number = port.Number("targetPort") ?? (port.Text("targetPort") is { Length: > 0 } name ? NamedPort(pod, name, protocol) : port.Number("port"));
            if (number is null)
            {
                continue;
            }

            var entry = new JsonObject { ["name"] = port.Text("name") ?? "", ["protocol"] = protocol, ["port"] = number };
            if (port.Text("appProtocol") is { } application)
            {
                entry["appProtocol"] = application;
            }

            ports.Add((JsonNode)entry);
        }

        return ports;
    }

    private static long? NamedPort(JsonObject pod, string name, string protocol) => pod.Maps("spec", "containers")
        .Concat(pod.Maps("spec", "initContainers").Where(static container => container.Text("restartPolicy") == "Always"))
        .SelectMany(static container => container.Maps("ports"))
        .FirstOrDefault(port => port.Text("name") == name && (port.Text("protocol") ?? "TCP") == protocol).Number("containerPort");

    // An endpoint stays in the slice that it is in, so that one change rewrites one slice.
    private static void Fill(JsonObject service, string family, JsonArray ports, List<JsonObject> endpoints, List<JsonObject> matching, SliceChanges changes)
    {
        var waiting = endpoints.ToDictionary(Identity, StringComparer.Ordinal);
        var kept = new List<(JsonObject Slice, List<JsonObject> Endpoints)>();
        foreach (var slice in matching)
        {
            var stay = new List<JsonObject>();
            foreach (var endpoint in slice.Maps("endpoints"))
            {
                if (stay.Count < MaxEndpoints && waiting.Remove(Identity(endpoint), out var current))
                {
                    stay.Add(current);
                }
            }

            kept.Add((slice, stay));
        }

        var rest = new Queue<JsonObject>(endpoints.Where(endpoint => waiting.ContainsKey(Identity(endpoint))));
        foreach (var (index, (slice, stay)) in kept.Index())
        {
            while (stay.Count < MaxEndpoints && rest.TryDequeue(out var endpoint))
            {
                stay.Add(endpoint);
            }

            if (stay.Count == 0 && (endpoints.Count > 0 || index > 0))
            {
                changes.Delete.Add(slice);
            }
            else
            {
                ReplaceIfDifferent(service, slice, ports, stay, changes);
            }
        }

        while (rest.Count > 0 || (endpoints.Count == 0 && matching.Count == 0))
        {
            var batch = Enumerable.Range(0, Math.Min(MaxEndpoints, rest.Count)).Select(_ => rest.Dequeue()).ToList();
            changes.Create.Add(NewSlice(service, family, ports, batch));
            if (rest.Count == 0)
            {
                break;
            }
        }
    }

    private static string Identity(JsonObject endpoint) => endpoint.Text("targetRef", "uid") is { Length: > 0 } uid ? uid : endpoint.Texts("addresses").FirstOrDefault() ?? "";

    private static void ReplaceIfDifferent(JsonObject service, JsonObject slice, JsonArray ports, List<JsonObject> endpoints, SliceChanges changes)
    {
        var wanted = slice.Copy();
        wanted["endpoints"] = JsonTree.Array(endpoints.Select(static endpoint => (JsonNode?)endpoint.DeepClone()));
        wanted["ports"] = ports.DeepClone();
        wanted.Ensure("metadata")["labels"] = Labels(service);
        var same = JsonNode.DeepEquals(wanted["endpoints"], slice.List("endpoints") ?? [])
            && JsonNode.DeepEquals(wanted.At("metadata", "labels"), slice.At("metadata", "labels"));
        if (!same)
        {
            changes.Replace.Add(wanted);
        }
    }

    private static JsonObject NewSlice(JsonObject service, string family, JsonArray ports, List<JsonObject> endpoints) => new()
    {
        ["apiVersion"] = ApiResources.EndpointSlices.ApiVersion,
        ["kind"] = ApiResources.EndpointSlices.Kind,
        ["metadata"] = new JsonObject
        {
            ["generateName"] = service.Name() + "-",
            ["namespace"] = service.Namespace(),
            ["labels"] = Labels(service),
            ["ownerReferences"] = new JsonArray(Owners.Reference(service, ApiResources.Services)),
        },
        ["addressType"] = family,
        ["endpoints"] = JsonTree.Array(endpoints.Select(static endpoint => (JsonNode?)endpoint.DeepClone())),
        ["ports"] = ports.DeepClone(),
    };

    private static JsonObject Labels(JsonObject service)
    {
        var labels = service.Map("metadata", "labels")?.Copy() ?? [];
        labels[ServiceNameLabel] = service.Name();
        labels[ManagedByLabel] = ManagedBy;
        if (service.Text("spec", "clusterIP") == "None")
        {
            labels[HeadlessLabel] = "";
        }
        else
        {
            labels.Remove(HeadlessLabel);
        }

        return labels;
    }
}

/// <summary>A plan for one Service's slices; replaced ones keep name and resourceVersion.</summary>
internal sealed record SliceChanges(List<JsonObject> Create, List<JsonObject> Replace, List<JsonObject> Delete);
