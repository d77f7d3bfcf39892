using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Lab.Processes;
using Kn.Lab.Underlay;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>A lab whose pods all tests of Services share, so that a test makes Services and EndpointSlices only.</summary>
/// <remarks>
/// <code>
/// segment 1: outside, node1, node3, node5      segment 2: node2, node4 (a router between)
/// a, b, c        echo servers on node1, node2, node3
/// client1 to 5   clients (and echo servers) on each node
/// host1, host2   echo servers on the network of node1 and node2, port 9000
/// node4          NodePorts on 192.168.78.96/27 only, round-robin; the prefixes of pods and Services come from the API
/// node5          NodePorts on all addresses and on localhost, externalIPs, masqueradeAll, source-hash
/// </code>
/// Outside has routes to 203.0.113.0/24 by node1 and to 198.51.100.0/24 by node5: balancers' addresses and external ones.
/// </remarks>
public sealed class ServicesLab : LabFixture
{
    /// <summary>The namespace of everything.</summary>
    internal const string Space = "services";

    /// <summary>Where hostNetwork pods listen.</summary>
    internal const int HostPort = 9000;

    private readonly ConcurrentDictionary<string, RealClient> _clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JsonObject> _pods = new(StringComparer.Ordinal);
    private IReadOnlyList<IReadOnlyList<IpAddress>> _nodes = [];
    private TestService? _sentinel;
    private int _count;
    private int _turn;

    /// <summary>Both families.</summary>
    internal static IpFamily[] Families { get; } = [IpFamily.V4, IpFamily.V6];

    /// <inheritdoc/>
    protected override int NodeCount => 5;

    /// <summary>A node's own address.</summary>
    internal IpAddress Node(int number, IpFamily family = IpFamily.V4) => _nodes[number - 1].First(address => address.Family == family);

    /// <summary>The address of the client outside.</summary>
    internal static IpAddress Outsider(IpFamily family = IpFamily.V4) => UnderlayPlan.Outside.First(address => address.Family == family);

    /// <summary>A pod's address.</summary>
    internal IpAddress Pod(string name, IpFamily family = IpFamily.V4) => DemoCluster.AddressesOf(_pods[name]).First(address => address.Family == family);

    /// <summary>The node that a pod is on.</summary>
    internal string NodeOf(string pod) => _pods[pod].Text("spec", "nodeName") ?? "";

    /// <summary>Clients of a place: a pod's name, node1 to node5, or outside.</summary>
    internal RealClient From(string place) => _clients.GetOrAdd(place, name => new RealClient(name switch
    {
        "outside" => OpenOutside(),
        "underlay" => OpenUnderlay(),
        _ when name.StartsWith("node", StringComparison.Ordinal) => OpenNode(name[4] - '0'),
        _ => OpenPod(Space, name),
    }));

    /// <summary>A Service of the test; its spec as YAML in one line. Without ports: 80 over TCP and UDP.</summary>
    internal Task<TestService> ServiceAsync(string spec = "", string metadata = "") =>
        TestService.CreateAsync(this, $"t{Interlocked.Increment(ref _count)}", spec, metadata);

    /// <summary>Creates a pod and waits until it is Ready, or at least has addresses.</summary>
    internal async Task PodAsync(string name, string spec, string metadata = "", bool ready = true)
    {
        await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, {metadata}}}, spec: {{terminationGracePeriodSeconds: 1, {spec}}}}}");
        await UntilAsync($"pod {name}", async () =>
        {
            var pod = await Client.GetAsync(ApiResources.Pods, Space, name, CancellationToken.None);
            _pods[name] = pod;
            return DemoCluster.AddressesOf(pod).Count == 2 && (!ready || DemoCluster.IsReady(pod));
        });
    }

    /// <summary>Waits until every node has done what was asked of the API before: each kind's changes arrive in order, so a change of
    /// both kinds that has arrived says that all before it have.</summary>
    internal async Task SettleAsync(params int[] nodes)
    {
        var sentinel = _sentinel ?? throw new InvalidOperationException("the lab is not up");
        var (port, server) = (1000 + (++_turn % 60_000), _turn % 2 == 0 ? "a" : "c");
        await sentinel.PatchAsync($"{{\"spec\":{{\"ports\":[{{\"name\":\"http\",\"port\":{port},\"targetPort\":8080}}]}}}}");
        await sentinel.ServeAsync(server);
        await Task.WhenAll((nodes.Length > 0 ? nodes : [1, 2, 3, 4, 5]).Select(node => UntilAsync(
            $"node{node} follows", async () => await From($"client{node}").GetAsync(sentinel.ClusterIp(), port) == server)));
    }

    /// <summary>Runs a program in a place's network namespace; fails the test unless it succeeds.</summary>
    internal async Task<string> RunAsync(string place, params string[] command)
    {
        var result = await TryRunAsync(place, command);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)} at {place}: {result.Errors}");
        return result.Output;
    }

    /// <summary>The same, whatever comes of it.</summary>
    internal Task<ProgramResult> TryRunAsync(string place, params string[] command) => From(place).RunAsync(command);

    /// <summary>Runs the product's own program on a node.</summary>
    internal Task<string> KnAsync(int node, params string[] arguments) =>
        RunAsync($"node{node}", [Binaries.Kn, .. arguments, "--config", ConfigOf(node)]);

    /// <summary>The config file of a node's agent.</summary>
    internal string ConfigOf(int node) => Path.Combine(Status.Nodes[node - 1].Folder, "kn.yaml");

    /// <summary>Stops a node's agent, does something, and starts it again; returns when it runs and follows the API.</summary>
    internal async Task RestartAsync(int node, Func<Task>? meanwhileAsync = null)
    {
        await LabAsync("agent", "stop", $"node{node}");
        if (meanwhileAsync is not null)
        {
            await meanwhileAsync();
        }

        await StartAsync(node);
        await SettleAsync(node);
    }

    /// <summary>Starts a node's agent; returns when it runs, which does not say that it follows the API.</summary>
    internal async Task StartAsync(int node)
    {
        var before = Status.Nodes[node - 1].AgentStarts;
        await LabAsync("agent", "start", $"node{node}");
        await UntilAsync("the agent is back", () => Task.FromResult(Status.Nodes[node - 1] is var now && now.AgentStarts > before && now.AgentPid > 0));
    }

    /// <summary>Stops a node's agent, changes the text of its config, and starts it again.</summary>
    internal async Task ReconfigureAsync(int node, Func<string, string> change)
    {
        await LabAsync("agent", "stop", $"node{node}");
        await File.WriteAllTextAsync(ConfigOf(node), change(await File.ReadAllTextAsync(ConfigOf(node))));
        await StartAsync(node);
    }

    /// <summary>Sets or removes (null) a label of a node.</summary>
    internal Task LabelAsync(int node, string label, string? value) => Client.PatchAsync(
        ApiResources.Nodes, null, $"node{node}", null, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = value } } }, PatchKind.Merge, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        _nodes = [.. Status.Nodes.Select(static node => node.Addresses.Select(static text => IpAddress.Parse(text)).ToArray())];
        await Task.WhenAll(
            ConfigureAsync(4, "serviceProxy: {nodePortAddresses: [192.168.78.96/27], loadBalancing: round-robin}", keepsPrefixes: false),
            ConfigureAsync(5, "serviceProxy: {nodePortAddresses: [all], localhostNodePorts: true, externalIPs: true, masqueradeAll: true, loadBalancing: source-hash}", keepsPrefixes: true));
        await CreateAllAsync(Space, $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {Space}}}}}");
        const string Ports = "ports: [{name: http, containerPort: 8080}, {name: words, containerPort: 8080, protocol: UDP}]";
        const string HostPorts = "ports: [{containerPort: 9000}, {containerPort: 9000, protocol: UDP}]";
        await Task.WhenAll(
        [
            PodAsync("a", $"nodeName: node1, containers: [{{name: e, image: echo, {Ports}}}]", "labels: {app: web}"),
            PodAsync("b", $"nodeName: node2, containers: [{{name: e, image: echo, {Ports}}}]", "labels: {app: web}"),
            PodAsync("c", $"nodeName: node3, containers: [{{name: e, image: echo, {Ports}}}]", "labels: {app: web}"),
            .. Enumerable.Range(1, 5).Select(node => PodAsync($"client{node}", $"nodeName: node{node}, containers: [{{name: e, image: echo, {Ports}}}]")),
            PodAsync("host1", $"nodeName: node1, hostNetwork: true, containers: [{{name: e, image: echo, {HostPorts}}}]"),
            PodAsync("host2", $"nodeName: node2, hostNetwork: true, containers: [{{name: e, image: echo, {HostPorts}}}]"),
        ]);
        foreach (var (prefix, gateway) in ((string, IpAddress)[])[("203.0.113.0/24", Node(1)), ("fd00:113::/64", Node(1, IpFamily.V6)), ("198.51.100.0/24", Node(5)), ("fd00:100::/64", Node(5, IpFamily.V6))])
        {
            await RunAsync("outside", "ip", "route", "add", prefix, "via", $"{gateway}");
        }

        _sentinel = await TestService.CreateAsync(this, "sentinel", "ports: [{name: http, port: 999, targetPort: 8080}]", "");
        await SettleAsync();
    }

    private async Task ConfigureAsync(int node, string section, bool keepsPrefixes)
    {
        var lines = await File.ReadAllLinesAsync(ConfigOf(node));
        var cluster = Array.FindIndex(lines, static line => line.StartsWith("cluster:", StringComparison.Ordinal));
        var next = Array.FindIndex(lines, cluster + 1, static line => line.Length == 0 || line[0] != ' ');
        var kept = keepsPrefixes ? lines : lines[..cluster].Concat(next < 0 ? [] : lines[next..]);
        await LabAsync("agent", "stop", $"node{node}");
        await File.WriteAllLinesAsync(ConfigOf(node), [.. kept, section]);
        await LabAsync("agent", "start", $"node{node}");
    }
}

/// <summary>The classes that share the lab of Services.</summary>
[CollectionDefinition(Name)]
public sealed class ServicesGroup : ICollectionFixture<ServicesLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Services";
}
