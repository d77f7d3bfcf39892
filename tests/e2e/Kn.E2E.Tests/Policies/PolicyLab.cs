using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Control;
using Kn.Lab.Demo;
using Kn.Lab.Underlay;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.E2E.Tests.Policies;

/// <summary>A lab of three nodes whose pods all tests of policies share, so that a test makes policies only. Tests run one after another, and each leaves every
/// pod open.</summary>
/// <remarks>
/// <code>
///        namespace px (team=x)                            namespace py (team=y)
/// node1  web     app=web,tier=front   http 8080           other   app=other
///        db      app=db               http 8081
///        client  app=client
/// node2  far     app=client                               peer    app=client
///        host    app=client, on the node's network
/// node3  strict  app=strict                               exempt  app=exempt
/// </code>
/// node3 denies by default, but to pods of py, and guards itself from its pods. Every pod answers TCP and UDP on 8080 and 8081; each port has a name. Outside has routes to the pods of node1.
/// </remarks>
public sealed class PolicyLab : LabFixture
{
    private static readonly string[] Pods = ["web", "db", "client", "far", "host", "other", "peer", "exempt"];

    private readonly ConcurrentDictionary<string, NetworkNamespace> _places = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JsonObject> _pods = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, IReadOnlyList<IpAddress>> _addresses = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Both families.</summary>
    internal static IpFamily[] Families { get; } = [IpFamily.V4, IpFamily.V6];

    /// <inheritdoc/>
    protected override int NodeCount => 3;

    /// <summary>The namespace of a pod.</summary>
    internal static string SpaceOf(string pod) => pod is "other" or "peer" or "exempt" ? "py" : "px";

    /// <summary>The address of a pod, node1 to node3, outside, or what <see cref="Name"/> named.</summary>
    internal IpAddress Address(string place, IpFamily family = IpFamily.V4) => _addresses[place].First(address => address.Family == family);

    /// <summary>Gives addresses a name, for <see cref="ExpectAsync"/>; what is sent there arrives in a place.</summary>
    internal void Name(string name, IReadOnlyList<IpAddress> addresses, string place)
    {
        _addresses[name] = addresses;
        _places[name] = Place(place);
    }

    /// <summary>The network namespace of a place.</summary>
    internal NetworkNamespace Place(string place) => _places.GetOrAdd(place, name => name switch
    {
        "outside" => OpenOutside(),
        "node1" or "node2" or "node3" => OpenNode(name[4] - '0'),
        _ => OpenPod(SpaceOf(name), name),
    });

    /// <summary>Creates a policy; its spec as JSON or YAML in one line.</summary>
    internal async Task<TestPolicy> PolicyAsync(string ns, string spec)
    {
        var policy = new TestPolicy(this, ns, $"p{Interlocked.Increment(ref _count)}");
        await policy.CreateAsync(spec);
        return policy;
    }

    /// <summary>Waits until each line is true in both families (those that the receiver has) at once, and that what is denied stays so: <c>yes client -> web TCP 8080</c>.</summary>
    internal async Task ExpectAsync(params string[] lines)
    {
        var flows = lines.SelectMany(line => Families.Where(family => _addresses[line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]].Any(address => address.Family == family)).Select(family => Flow.Of(line, family))).ToArray();
        IReadOnlyList<Flow> wrong = [];
        var since = TimeProvider.System.GetTimestamp();
        while ((wrong = await WrongAsync(flows)).Count > 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(25), $"for 25 s it is not so: {string.Join("; ", wrong)}\n{await TablesAsync(wrong)}");
        }

        Assert.Empty(await WrongAsync([.. flows.Where(static flow => !flow.Passes)]));
    }

    /// <summary>Returns when no policy holds any more: every pod reaches every other.</summary>
    internal Task AllOpenAsync() => ExpectAsync([.. Pods.Where(static pod => pod != "host").SelectMany(static from => Pods.Select(to => $"yes {from} -> {to} TCP 8080"))]);

    /// <summary>Creates a pod and waits until it has addresses.</summary>
    internal async Task PodAsync(string name, string spec, string labels, bool ready = true)
    {
        await CreateAllAsync(SpaceOf(name), $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{{labels}}}}}, spec: {{terminationGracePeriodSeconds: 1, {spec}}}}}");
        await UntilAsync($"pod {name}", async () =>
        {
            var pod = await Client.GetAsync(ApiResources.Pods, SpaceOf(name), name, CancellationToken.None);
            (_pods[name], _addresses[name]) = (pod, DemoCluster.AddressesOf(pod));
            return _addresses[name].Count == 2 && (!ready || DemoCluster.IsReady(pod)) && IsInside(SpaceOf(name), name);
        });
    }

    /// <summary>Sets or removes (null) a label of a pod.</summary>
    internal Task LabelPodAsync(string pod, string label, string? value) => LabelAsync(ApiResources.Pods, SpaceOf(pod), pod, "labels", label, value);

    /// <summary>Sets or removes (null) a label of a namespace.</summary>
    internal Task LabelNamespaceAsync(string ns, string label, string? value) => LabelAsync(ApiResources.Namespaces, null, ns, "labels", label, value);

    /// <summary>Sets or removes (null) an annotation of a namespace.</summary>
    internal Task AnnotateNamespaceAsync(string ns, string name, string? value) => LabelAsync(ApiResources.Namespaces, null, ns, "annotations", name, value);

    /// <summary>Starts a node's agent; returns when it runs, which does not say that it follows the API.</summary>
    internal async Task StartAgentAsync(int node)
    {
        var before = Status.Nodes[node - 1].AgentStarts;
        await LabAsync("agent", "start", $"node{node}");
        await UntilAsync("the agent is back", () => Task.FromResult(Status.Nodes[node - 1] is var now && now.AgentStarts > before && now.AgentPid > 0));
    }

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        foreach (var number in (int[])[1, 2, 3])
        {
            _addresses[$"node{number}"] = [.. Status.Nodes[number - 1].Addresses.Select(static text => IpAddress.Parse(text))];
        }

        _addresses["outside"] = UnderlayPlan.Outside;
        await CreateAllAsync("", "{apiVersion: v1, kind: Namespace, metadata: {name: px, labels: {team: x}}}");
        await CreateAllAsync("", "{apiVersion: v1, kind: Namespace, metadata: {name: py, labels: {team: y}}}");
        await Task.WhenAll(
            PodAsync("web", $"nodeName: node1, {Containers("http", "alt")}", "app: web, tier: front"),
            PodAsync("db", $"nodeName: node1, {Containers("alt", "http")}", "app: db"),
            PodAsync("client", $"nodeName: node1, {Containers("http", "alt")}", "app: client"),
            PodAsync("far", $"nodeName: node2, {Containers("http", "alt")}", "app: client"),
            PodAsync("host", $"nodeName: node2, hostNetwork: true, {Containers("http", "alt")}", "app: client"),
            PodAsync("other", $"nodeName: node1, {Containers("http", "alt")}", "app: other"),
            StrictAsync(),
            PodAsync("peer", $"nodeName: node2, {Containers("http", "alt")}", "app: client"));
        foreach (var pod in (string[])["web", "db", "client", "other"])
        {
            foreach (var family in Families)
            {
                var result = await Lab.Processes.ProgramStart.RunAsync(
                    Place("outside"), ["ip", "route", "add", $"{Address(pod, family)}", "via", $"{Address("node1", family)}"], null, "", CancellationToken.None);
                Assert.True(result.ExitCode == 0, result.Errors);
            }
        }

        await AllOpenAsync();
    }

    /// <summary>Whether a pod's process is in the pod's network namespace: just started, it may still be in this one.</summary>
    private bool IsInside(string ns, string pod) =>
        int.TryParse(ControlClient.Ask(Options, "pod", ns, pod), out var pid)
        && new FileInfo($"/proc/{pid}/ns/net").LinkTarget is { } inside
        && inside != new FileInfo("/proc/self/ns/net").LinkTarget;

    private async Task StrictAsync()
    {
        await LabAsync("agent", "stop", "node3");
        await File.AppendAllTextAsync(Path.Combine(Status.Nodes[2].Folder, "kn.yaml"), "policy: {guardOwnNode: true, defaultDeny: {enabled: true, exemptNamespaces: [py]}}\n");
        await StartAgentAsync(3);
        await PodAsync("strict", $"nodeName: node3, {Containers("http", "alt")}", "app: strict");
        await PodAsync("exempt", $"nodeName: node3, {Containers("http", "alt")}", "app: exempt");
    }

    /// <summary>What the nodes' tables say of the addresses at hand, for a failure's message.</summary>
    private async Task<string> TablesAsync(IReadOnlyList<Flow> flows)
    {
        var addresses = flows.SelectMany(flow => new[] { flow.From, flow.To }).Distinct(StringComparer.Ordinal).SelectMany(place => _addresses[place].Select(address => (Place: place, Text: $"{address}"))).ToArray();
        var lines = new List<string>();
        foreach (var node in (string[])["node1", "node2", "node3"])
        {
            var table = await OnNodeAsync(node, "nft", "list", "table", "inet", "kn-policy");
            foreach (var (place, text) in addresses)
            {
                lines.AddRange(table.Output.Split('\n').Where(line => line.Contains(text + " ", StringComparison.Ordinal)).Select(line => $"{node} {place}: {line.Trim()}"));
            }
        }

        return string.Join('\n', lines);
    }

    private static string Containers(string first, string second) =>
        $"containers: [{{name: e, image: echo, ports: [{{name: {first}, containerPort: 8080}}, {{name: {second}, containerPort: 8081}}, {{name: u{first}, containerPort: 8080, protocol: UDP}}, {{name: u{second}, containerPort: 8081, protocol: UDP}}, {{name: sctp, containerPort: 9000, protocol: SCTP}}]}}]";

    private Task LabelAsync(ApiResource kind, string? ns, string name, string map, string key, string? value) => Client.PatchAsync(
        kind, ns, name, null, new JsonObject { ["metadata"] = new JsonObject { [map] = new JsonObject { [key] = value } } }, PatchKind.Merge, CancellationToken.None);

    private async Task<IReadOnlyList<Flow>> WrongAsync(Flow[] flows)
    {
        var outcomes = await Task.WhenAll(flows.Select(flow => PolicyProbe.SendAsync(Place(flow.From), Place(flow.To), Address(flow.To, flow.Family), flow.Protocol, flow.Port)));
        return [.. flows.Select((flow, index) => flow with { Outcome = outcomes[index] }).Where(static flow => flow.Passes != PolicyProbe.IsThrough(flow.Outcome))];
    }

    /// <summary>A line of an expectation, in one family.</summary>
    private sealed record Flow(bool Passes, string From, string To, string Protocol, int Port, IpFamily Family)
    {
        public string Outcome { get; init; } = "";

        public static Flow Of(string line, IpFamily family)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(words is ["yes" or "no", _, "->", _, _, _], $"'{line}' is not understood");
            return new Flow(words[0] == "yes", words[1], words[3], words[4], int.Parse(words[5]), family);
        }

        public override string ToString() => $"{From} -> {To} {Protocol} {Port} ({Family}): {Outcome}";
    }
}

/// <summary>The classes that share the lab of policies.</summary>
[CollectionDefinition(Name)]
public sealed class PolicyGroup : ICollectionFixture<PolicyLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Policies";
}
