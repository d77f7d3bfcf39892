using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Lab.Demo;
using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>A lab for questions about names: pods that ask, and resolvers of all kinds for them.</summary>
public abstract class DnsLab : LabFixture
{
    /// <summary>The namespace of nearly everything.</summary>
    internal const string Space = "names";

    /// <summary>Another one.</summary>
    internal const string Elsewhere = "elsewhere";

    /// <summary>The cluster domain.</summary>
    internal const string Zone = "cluster.local";

    /// <summary>The link-local address of node2.</summary>
    internal const string LinkLocal = "169.254.20.10";

    private readonly ConcurrentDictionary<string, JsonObject> _pods = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JsonObject> _services = new(StringComparer.Ordinal);
    private ResolverPrograms? _programs;

    /// <summary>The cluster's DNS addresses, IPv4 first.</summary>
    internal IReadOnlyList<string> Servers { get; private set; } = [];

    /// <summary>Our programs with the C libraries' resolvers.</summary>
    internal ResolverPrograms Programs => _programs ?? throw new InvalidOperationException("the lab is not up");

    /// <summary>The section dns of a node's config, in one line.</summary>
    internal abstract string Section(int node);

    /// <summary>What asks at a place: a pod's name, node/node1, or host/outside.</summary>
    internal PodClient From(string place) => new(this, place);

    /// <summary>The whole name of what is in a namespace of Services.</summary>
    internal static string Name(string service, string space = Space) => $"{service}.{space}.svc.{Zone}";

    /// <summary>A pod's address.</summary>
    internal string PodIp(string pod, IpFamily family = IpFamily.V4) => DemoCluster.AddressesOf(_pods[pod]).First(address => address.Family == family).ToString();

    /// <summary>A Service's address.</summary>
    internal string ClusterIp(string service, IpFamily family = IpFamily.V4) =>
        _services[service].Texts("spec", "clusterIPs").First(text => IpAddress.TryParse(text, out var address) && address.Family == family);

    /// <summary>All addresses of a Service, in order.</summary>
    internal string ClusterIps(string service) => InOrder(_services[service].Texts("spec", "clusterIPs"));

    /// <summary>All addresses of pods, in order.</summary>
    internal string PodIps(params string[] pods) => InOrder(pods.SelectMany(pod => DemoCluster.AddressesOf(_pods[pod])).Select(static address => address.ToString()));

    /// <summary>The name of an address in in-addr.arpa or ip6.arpa.</summary>
    internal static string Reverse(string address)
    {
        var bytes = System.Net.IPAddress.Parse(address).GetAddressBytes();
        return bytes.Length == 4
            ? string.Join('.', bytes.Reverse()) + ".in-addr.arpa"
            : string.Join('.', bytes.Reverse().SelectMany(static value => (string[])[$"{value & 15:x}", $"{value >> 4:x}"])) + ".ip6.arpa";
    }

    /// <summary>An address as a label.</summary>
    internal static string Dashed(string address) => address.Replace('.', '-').Replace(':', '-');

    /// <summary>Texts in one order, with spaces between.</summary>
    internal static string InOrder(IEnumerable<string> texts) => string.Join(' ', texts.Order(StringComparer.Ordinal));

    /// <summary>Creates a Service. It is dual-stack, has the ports http (80, TCP) and words (53, UDP) unless its spec says otherwise.</summary>
    internal async Task ServiceAsync(string name, string spec, string space = Space)
    {
        string[] parts =
        [
            spec,
            spec.Contains("ports:", StringComparison.Ordinal) || spec.Contains("externalName:", StringComparison.Ordinal)
                ? ""
                : "ports: [{name: http, port: 80, targetPort: 8080}, {name: words, port: 53, targetPort: 5353, protocol: UDP}]",
            spec.Contains("ipFamilyPolicy:", StringComparison.Ordinal) || spec.Contains("externalName:", StringComparison.Ordinal) ? "" : "ipFamilyPolicy: RequireDualStack",
        ];
        await CreateAllAsync(space, $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{{string.Join(", ", parts.Where(static part => part.Length > 0))}}}}}");
        _services[name] = await Client.GetAsync(ApiResources.Services, space, name, CancellationToken.None);
    }

    /// <summary>Creates an EndpointSlice of a Service; endpoints as YAML.</summary>
    internal Task SliceAsync(string service, string endpoints, IpFamily family = IpFamily.V4, string ports = "{name: http, port: 8080}", string space = Space) => CreateAllAsync(
        space,
        $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{service}}-{{(family == IpFamily.V6 ? 6 : 4)}}, labels: {kubernetes.io/service-name: {{service}} } }
        addressType: {{(family == IpFamily.V6 ? "IPv6" : "IPv4")}}
        ports: [{{ports}}]
        endpoints: [{{endpoints}}]
        """);

    /// <summary>Creates a pod that serves port 8080 and waits until it is Ready, or at least has addresses.</summary>
    internal async Task PodAsync(string name, int node, string spec = "", string metadata = "", string container = "", bool ready = true)
    {
        await CreateAllAsync(
            Space,
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, {{metadata}} }
            spec:
              nodeName: node{{node}}
              terminationGracePeriodSeconds: 1
              containers: [{name: e, image: echo, ports: [{containerPort: {{(spec.Contains("hostNetwork", StringComparison.Ordinal) ? 9000 : 8080)}} }], {{container}} }]
              {{spec}}
            """);
        await UntilAsync($"pod {name}", async () =>
        {
            var pod = await Client.GetAsync(ApiResources.Pods, Space, name, CancellationToken.None);
            _pods[name] = pod;
            return DemoCluster.AddressesOf(pod).Count == 2 && (!ready || DemoCluster.IsReady(pod));
        });
    }

    /// <summary>Deletes a Service and its handwritten slices.</summary>
    internal async Task RemoveServiceAsync(string name, string space = Space)
    {
        foreach (var (kind, item) in ((ApiResource, string)[])[(ApiResources.Services, name), (ApiResources.EndpointSlices, name + "-4"), (ApiResources.EndpointSlices, name + "-6")])
        {
            await Client.EnsureDeletedAsync(kind, space, item, null, CancellationToken.None);
        }
    }

    /// <summary>Starts a program in a pod; the caller ends it.</summary>
    internal Process StartExec(string place, params string[] command)
    {
        var start = new ProcessStartInfo(Binaries.KnLab, ["exec", place, "-n", Space, "--name", Options.Name, "--dir", Path.GetDirectoryName(Options.Folder)!, "--", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("kn-lab did not start");
    }

    /// <summary>A node's own address.</summary>
    internal string NodeIp(int node, IpFamily family = IpFamily.V4) =>
        Status.Nodes[node - 1].Addresses.First(text => IpAddress.Parse(text).Family == family);

    /// <summary>One metric of a node's agent; 0 where it is not there yet.</summary>
    internal async Task<double> MetricAsync(int node, string name)
    {
        var text = (await OnNodeAsync($"node{node}", "curl", "-s", "--noproxy", "*", "http://127.0.0.1:10275/metrics")).Output;
        var line = text.Split('\n').FirstOrDefault(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(name.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The config file of a node's agent.</summary>
    internal string ConfigOf(int node) => Path.Combine(Status.Nodes[node - 1].Folder, "kn.yaml");

    /// <summary>Starts a node's agent; returns when it runs.</summary>
    internal async Task StartAgentAsync(int node)
    {
        var before = Status.Nodes[node - 1].AgentStarts;
        await LabAsync("agent", "start", $"node{node}");
        await UntilAsync("the agent is back", () => Task.FromResult(Status.Nodes[node - 1] is var now && now.AgentStarts > before && now.AgentPid > 0));
    }

    /// <summary>Upstreams, where the lab has some.</summary>
    internal virtual Task StartUpstreamsAsync() => Task.CompletedTask;

    /// <summary>Pods and Services.</summary>
    internal abstract Task PopulateAsync();

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        var server = await Client.GetAsync(ApiResources.Services, "kube-system", "kube-dns", CancellationToken.None);
        Servers = [.. server.Texts("spec", "clusterIPs")];
        _programs = await ResolverPrograms.MakeAsync(Options.Folder);
        await StartUpstreamsAsync();
        await Task.WhenAll(Enumerable.Range(1, NodeCount).Select(async node =>
        {
            await LabAsync("agent", "stop", $"node{node}");
            await File.AppendAllTextAsync(ConfigOf(node), $"\ndns: {{{Section(node)}}}\n");
            await StartAgentAsync(node);
        }));
        await CreateAllAsync("", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {Space}}}}}\n---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {Elsewhere}}}}}");
        await PopulateAsync();
    }
}
