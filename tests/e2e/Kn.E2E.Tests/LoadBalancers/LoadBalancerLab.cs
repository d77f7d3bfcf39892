using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.E2E.Tests.Services;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Primitives;

namespace Kn.E2E.Tests.LoadBalancers;

/// <summary>A lab of three nodes on one segment with a client outside, whose nodes give out 192.168.77.100 to .109 and fd00:77::100 to ::109.</summary>
/// <remarks>web1 to web3 are echo servers, one on each node.</remarks>
public sealed class LoadBalancerLab : LabFixture
{
    /// <summary>The namespace of everything.</summary>
    internal const string Space = "lb";

    private readonly Dictionary<string, RealClient> _clients = new(StringComparer.Ordinal);
    private int _count;

    /// <inheritdoc/>
    protected override int SegmentCount => 1;

    /// <inheritdoc/>
    protected override string AgentConfig =>
        """
        loadBalancer:
          enabled: true
          pools:
          - name: default
            addresses: [192.168.77.100-192.168.77.109, "fd00:77::100-fd00:77::109"]
          - name: asked
            addresses: [192.168.77.120-192.168.77.129]
            autoAssign: false
        """;

    /// <summary>Stock programs outside, or on a node (node1, …).</summary>
    internal RealClient From(string place)
    {
        lock (_clients)
        {
            if (!_clients.TryGetValue(place, out var client))
            {
                client = new RealClient(place == "outside" ? OpenOutside() : place == "underlay" ? OpenUnderlay() : OpenNode(place[4] - '0'));
                _clients.Add(place, client);
            }

            return client;
        }
    }

    /// <summary>Makes a Service of the echo servers; its spec as YAML in one line.</summary>
    internal async Task<LbService> ServiceAsync(string spec = "", string metadata = "")
    {
        var name = $"s{Interlocked.Increment(ref _count)}";
        var parts = string.Join(", ", ((string[])["type: LoadBalancer", "selector: {app: web}", "ports: [{name: http, port: 80, targetPort: 8080}]", "ipFamilyPolicy: RequireDualStack", spec])
            .Where(static part => part.Length > 0));
        await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}, {metadata}}}, spec: {{{parts}}}}}");
        return new LbService(this, name);
    }

    /// <summary>What <c>kn lb list</c> says on a node.</summary>
    internal async Task<JsonNode> ListAsync(int node) => JsonNode.Parse(await KnAsync(node, "lb", "list", "-o", "json"))!;

    /// <summary>Runs the product's own program on a node.</summary>
    internal async Task<string> KnAsync(int node, params string[] arguments)
    {
        var result = await OnNodeAsync($"node{node}", [Binaries.Kn, .. arguments, "--config", Path.Combine(Status.Nodes[node - 1].Folder, "kn.yaml")]);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"kn {string.Join(' ', arguments)}: {result.Errors}{result.Output}");
    }

    /// <summary>The number of the node that has an address, as every node sees it.</summary>
    internal async Task<int> OwnerAsync(IpAddress address)
    {
        var owner = 0;
        await UntilAsync($"one node has {address}, and all agree", async () =>
        {
            var seen = new HashSet<string>();
            var announced = new List<int>();
            foreach (var node in Enumerable.Range(1, 3))
            {
                var item = ((JsonArray)(await ListAsync(node))["addresses"]!).FirstOrDefault(item => (string?)item!["address"] == address.ToString());
                seen.Add((string?)item?["node"] ?? "");
                if (item?["interface"] is not null)
                {
                    announced.Add(node);
                }
            }

            owner = announced.Count == 1 ? announced[0] : 0;
            return owner > 0 && seen.SetEquals([$"node{owner}"]);
        });
        return owner;
    }

    /// <summary>Pulls a node's cable, or plugs it in.</summary>
    internal async Task PlugAsync(int node, bool isIn)
    {
        var result = await From("underlay").RunAsync(["ip", "link", "set", $"node{node}", isIn ? "up" : "down"]);
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {Space}}}}}");
        foreach (var node in Enumerable.Range(1, 3))
        {
            await CreateAllAsync(
                Space,
                $"{{apiVersion: v1, kind: Pod, metadata: {{name: web{node}, labels: {{app: web, node: n{node}}}}}, spec: {{terminationGracePeriodSeconds: 1, nodeName: node{node}, containers: [{{name: e, image: echo, ports: [{{containerPort: 8080}}]}}]}}}}");
        }

        await UntilAsync("the pods are ready", async () =>
        {
            var pods = await Task.WhenAll(Enumerable.Range(1, 3).Select(node => Client.GetAsync(ApiResources.Pods, Space, $"web{node}", CancellationToken.None)));
            return pods.All(static pod => DemoCluster.IsReady(pod));
        });
    }
}

/// <summary>The classes that share the lab.</summary>
[CollectionDefinition(Name)]
public sealed class LoadBalancerGroup : ICollectionFixture<LoadBalancerLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "LoadBalancer";
}
