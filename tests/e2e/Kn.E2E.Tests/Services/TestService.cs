using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>A Service of one test, with EndpointSlices that the test writes by hand; deleted at the end.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private const string DefaultPorts = "ports: [{name: http, port: 80, targetPort: 8080}, {name: words, port: 80, targetPort: 8080, protocol: UDP}]";
    private static readonly CancellationToken Never = CancellationToken.None;
    private readonly ServicesLab _lab;
    private readonly HashSet<string> _slices = new(StringComparer.Ordinal);

    private TestService(ServicesLab lab, string name, JsonObject item)
    {
        (_lab, Name, Object) = (lab, name, item);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>As the API server had it last.</summary>
    public JsonObject Object { get; private set; }

    /// <summary>The port that its slices name, of both protocols.</summary>
    public int TargetPort { get; init; } = 8080;

    /// <summary>The NodePort of its first port.</summary>
    public int NodePort => (int)(Object.Maps("spec", "ports").First().Number("nodePort") ?? 0);

    /// <summary>Creates the Service. It is dual-stack unless the spec says otherwise.</summary>
    public static async Task<TestService> CreateAsync(ServicesLab lab, string name, string spec, string metadata, int targetPort = 8080)
    {
        string[] parts =
        [
            spec,
            spec.Contains("ports:", StringComparison.Ordinal) ? "" : DefaultPorts,
            spec.Contains("ipFamilyPolicy:", StringComparison.Ordinal) || spec.Contains("ExternalName", StringComparison.Ordinal) ? "" : "ipFamilyPolicy: RequireDualStack",
        ];
        await lab.CreateAllAsync(
            ServicesLab.Space,
            $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}, {metadata}}}, spec: {{{string.Join(", ", parts.Where(static part => part.Length > 0))}}}}}");
        return new TestService(lab, name, await lab.Client.GetAsync(ApiResources.Services, ServicesLab.Space, name, Never)) { TargetPort = targetPort };
    }

    /// <summary>Its ClusterIP of a family.</summary>
    public IpAddress ClusterIp(IpFamily family = IpFamily.V4) =>
        Object.Texts("spec", "clusterIPs").Select(static text => IpAddress.Parse(text)).First(address => address.Family == family);

    /// <summary>Says who serves: ready endpoints at these pods, in both families.</summary>
    public Task ServeAsync(params string[] pods) => ServeStatesAsync([.. pods.Select(static pod => new TestEndpoint(pod))]);

    /// <summary>Says who serves, and how, in both families.</summary>
    public Task ServeStatesAsync(params TestEndpoint[] endpoints) => ServeAsync("main", endpoints);

    /// <summary>Writes one further pair of slices.</summary>
    public async Task ServeAsync(string slice, TestEndpoint[] endpoints, string labels = "", string? ports = null)
    {
        foreach (var family in ServicesLab.Families)
        {
            var name = $"{Name}-{slice}-{(family == IpFamily.V6 ? 6 : 4)}";
            var list = JsonTree.Array(endpoints.Select(endpoint => (JsonNode?)endpoint.ToJson(_lab, family)));
            if (_slices.Add(name))
            {
                var item = SliceOf(name, family, labels, ports);
                item["endpoints"] = list;
                await _lab.Client.CreateAsync(ApiResources.EndpointSlices, ServicesLab.Space, item, Never);
            }
            else
            {
                await _lab.Client.PatchAsync(ApiResources.EndpointSlices, ServicesLab.Space, name, null, new JsonObject { ["endpoints"] = list }, PatchKind.Merge, Never);
            }
        }
    }

    /// <summary>Merges a JSON text into the Service.</summary>
    public async Task PatchAsync(string json, string? subresource = null) =>
        Object = await _lab.Client.PatchAsync(ApiResources.Services, ServicesLab.Space, Name, subresource, JsonNode.Parse(json)!, PatchKind.Merge, Never);

    /// <summary>Sets or removes (null) an annotation.</summary>
    public Task AnnotateAsync(string name, string? value) => SetMetadataAsync("annotations", name, value);

    /// <summary>Sets or removes (null) a label.</summary>
    public Task LabelAsync(string name, string? value) => SetMetadataAsync("labels", name, value);

    /// <summary>Gives it addresses of a load balancer, as a controller for those would.</summary>
    public Task BalanceAsync(params string[] addresses) => BalanceAsync(addresses, "VIP");

    /// <summary>The same with another mode.</summary>
    public Task BalanceAsync(string[] addresses, string mode)
    {
        var ingress = JsonTree.Array(addresses.Select(address => (JsonNode?)new JsonObject { ["ip"] = address, ["ipMode"] = mode }));
        return PatchAsync(new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } }.ToJsonString(), "status");
    }

    /// <summary>Deletes the Service and its slices.</summary>
    public async ValueTask DisposeAsync()
    {
        await _lab.Client.EnsureDeletedAsync(ApiResources.Services, ServicesLab.Space, Name, null, Never);
        foreach (var slice in _slices)
        {
            await _lab.Client.EnsureDeletedAsync(ApiResources.EndpointSlices, ServicesLab.Space, slice, null, Never);
        }
    }

    private Task SetMetadataAsync(string map, string name, string? value) =>
        PatchAsync(new JsonObject { ["metadata"] = new JsonObject { [map] = new JsonObject { [name] = value } } }.ToJsonString());

    private JsonObject SliceOf(string name, IpFamily family, string labels, string? ports)
    {
        var text = $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: {{name}}, labels: {kubernetes.io/service-name: {{Name}}, {{labels}} } }
            addressType: {{(family == IpFamily.V6 ? "IPv6" : "IPv4")}}
            ports: [{{ports ?? $"{{name: http, port: {TargetPort}, protocol: TCP}}, {{name: words, port: {TargetPort}, protocol: UDP}}"}}]
            """;
        return (JsonObject)YamlTree.Parse(text)!;
    }
}

/// <summary>An endpoint: a pod of the lab in some state.</summary>
/// <param name="Pod">The pod's name.</param>
internal sealed record TestEndpoint(string Pod)
{
    /// <summary>The condition; null leaves it out.</summary>
    public bool? Ready { get; init; } = true;

    /// <summary>The condition; null leaves it out.</summary>
    public bool? Serving { get; init; }

    /// <summary>The condition; null leaves it out.</summary>
    public bool? Terminating { get; init; }

    /// <summary>The zone that the endpoint is for.</summary>
    public string? ForZone { get; init; }

    /// <summary>The node that the endpoint is for.</summary>
    public string? ForNode { get; init; }

    /// <summary>One that goes and still serves.</summary>
    public static TestEndpoint Leaving(string pod) => new(pod) { Ready = false, Serving = true, Terminating = true };

    /// <summary>One that is not ready.</summary>
    public static TestEndpoint Unready(string pod) => new(pod) { Ready = false, Serving = false };

    /// <summary>As the API has it.</summary>
    public JsonObject ToJson(ServicesLab lab, IpFamily family)
    {
        var conditions = new JsonObject();
        foreach (var (name, value) in ((string, bool?)[])[("ready", Ready), ("serving", Serving), ("terminating", Terminating)])
        {
            if (value is not null)
            {
                conditions[name] = value;
            }
        }

        var hints = new JsonObject();
        if (ForZone is not null)
        {
            hints["forZones"] = new JsonArray(new JsonObject { ["name"] = ForZone });
        }

        if (ForNode is not null)
        {
            hints["forNodes"] = new JsonArray(new JsonObject { ["name"] = ForNode });
        }

        return new JsonObject
        {
            ["addresses"] = JsonTree.Array([lab.Pod(Pod, family).ToString()]),
            ["nodeName"] = lab.NodeOf(Pod),
            ["conditions"] = conditions,
            ["hints"] = hints.Count > 0 ? hints : null,
        };
    }
}
