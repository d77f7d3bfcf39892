using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.Framework;

/// <summary>A Kubernetes namespace for one scenario, with the few kinds of objects that scenarios need; removed at the end.</summary>
internal sealed class ScenarioSpace : IAsyncDisposable
{
    private readonly LabFixture _lab;

    private ScenarioSpace(LabFixture lab, string name)
    {
        _lab = lab;
        Name = name;
    }

    /// <summary>The namespace's name.</summary>
    public string Name { get; }

    /// <summary>Makes a namespace.</summary>
    public static async Task<ScenarioSpace> CreateAsync(LabFixture lab)
    {
        var space = new ScenarioSpace(lab, "s" + Guid.NewGuid().ToString("N")[..10]);
        await space.ApplyAsync($"{{apiVersion: v1, kind: Namespace, metadata: {{name: {space.Name}}}}}");
        return space;
    }

    /// <summary>Creates the objects of a YAML text; what names no namespace gets this one.</summary>
    public Task ApplyAsync(string yaml) => _lab.CreateAllAsync(Name, yaml);

    /// <summary>An echo pod on a node (any, when empty), and the wait until it is Ready.</summary>
    public async Task<JsonObject> EchoPodAsync(string name, string node = "", string labels = "{}", string more = "")
    {
        var placed = node.Length > 0 ? $"nodeName: {node}, " : "";
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, labels: {{labels}}}
            spec: { {{placed}}{{more}} terminationGracePeriodSeconds: 2, containers: [{name: echo, image: echo, ports: [{containerPort: 8080}, {containerPort: 5353, protocol: UDP}]}]}
            """);
        return await ReadyAsync(name);
    }

    /// <summary>Waits until a pod is Ready with an address of each family.</summary>
    public async Task<JsonObject> ReadyAsync(string name)
    {
        JsonObject? pod = null;
        await LabFixture.UntilAsync($"pod {name} Ready with two addresses", async () =>
        {
            pod = await _lab.Client.GetAsync(ApiResources.Pods, Name, name, CancellationToken.None);
            return Lab.Demo.DemoCluster.IsReady(pod) && Lab.Demo.DemoCluster.AddressesOf(pod).Count == 2;
        });
        return pod!;
    }

    /// <summary>Deletes a pod and waits until it is gone.</summary>
    public async Task DeletePodAsync(string name)
    {
        await _lab.Client.DeleteAsync(ApiResources.Pods, Name, name, null, CancellationToken.None);
        await LabFixture.UntilAsync(
            $"pod {name} gone", async () => await _lab.Client.TryGetAsync(ApiResources.Pods, Name, name, CancellationToken.None) is null);
    }

    /// <summary>A dual-stack Service for the pods with a label app, and its ClusterIPs, IPv4 first.</summary>
    public async Task<IReadOnlyList<IpAddress>> ServiceAsync(string name, string type = "ClusterIP", string more = "")
    {
        await ApplyAsync(
            $$"""
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}}
            spec: {type: {{type}}, {{more}} ipFamilyPolicy: RequireDualStack, selector: {app: {{name}}}, ports: [{name: http, port: 80, targetPort: 8080}, {name: words, port: 53, targetPort: 5353, protocol: UDP}]}
            """);
        var service = await _lab.Client.GetAsync(ApiResources.Services, Name, name, CancellationToken.None);
        return [.. service.Texts("spec", "clusterIPs").Where(static text => text != "None").Select(static text => IpAddress.Parse(text)).OrderBy(static address => address.Family)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var pods = await _lab.Client.ListAsync(ApiResources.Pods, Name, null, CancellationToken.None);
        foreach (var pod in pods.Items)
        {
            await _lab.Client.EnsureDeletedAsync(ApiResources.Pods, Name, pod.Name(), new JsonObject { ["gracePeriodSeconds"] = 1 }, CancellationToken.None);
        }

        await _lab.Client.EnsureDeletedAsync(ApiResources.Namespaces, null, Name, null, CancellationToken.None);
    }
}
