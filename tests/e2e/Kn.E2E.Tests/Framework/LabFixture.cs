using System.Text.Json.Nodes;
using Kn.Lab;
using Kn.Lab.Api;
using Kn.Lab.Commands;
using Kn.Lab.Control;
using Kn.Lab.Processes;
using Kn.Lab.Traffic;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Framework;

/// <summary>A lab that is up, made by the native kn-lab from the native kn, with a name of its own; shared by the classes of a collection.</summary>
public abstract class LabFixture : IAsyncLifetime
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private static int _count;
    private readonly List<NetworkNamespace> _opened = [];
    private ApiClient? _client;
    private LabOptions? _options;

    /// <summary>The lab's settings, as kn-lab wrote them.</summary>
    internal LabOptions Options => _options ?? throw new InvalidOperationException("the lab is not up");

    /// <summary>The API server, reached from the host.</summary>
    internal ApiClient Client => _client ?? throw new InvalidOperationException("the lab is not up");

    /// <summary>The lab's state now.</summary>
    internal LabStatus Status => ControlClient.TryStatus(Options) ?? throw new InvalidOperationException("the lab does not answer");

    /// <summary>The kubeconfig of a real API server; null for the lab's own.</summary>
    protected virtual Task<string?> StartServerAsync() => Task.FromResult<string?>(null);

    /// <summary>Stops what <see cref="StartServerAsync"/> started.</summary>
    protected virtual Task StopServerAsync() => Task.CompletedTask;

    /// <summary>False where the collection's tests are skipped anyhow.</summary>
    protected virtual bool IsWanted => true;

    /// <summary>How many nodes, node1 first. They take the two segments in turn, so that every scenario has both ways between nodes: direct, and
    /// VXLAN to those behind the router.</summary>
    protected virtual int NodeCount => 3;

    /// <summary>How many segments the nodes are on.</summary>
    protected virtual int SegmentCount => 2;

    /// <summary>Further sections of every node's config file; empty for none.</summary>
    protected virtual string AgentConfig => "";

    /// <summary>Called once when the lab is up.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (!IsWanted)
        {
            return;
        }

        var name = $"e2e{Environment.ProcessId % 100000}n{Interlocked.Increment(ref _count)}";
        var folder = Path.Combine(LabFolder, name);
        string[] server = await StartServerAsync() is { } kubeconfig ? ["--kubeconfig", kubeconfig] : [];
        _options = new LabOptions { Name = name, Folder = folder };
        await LabAsync(["up", "--nodes", $"{NodeCount}", "--underlay-segments", $"{SegmentCount}", "--kn", Binaries.Kn, "--wait", "120", .. server, .. await WriteConfigAsync(name)]);
        _options = LabChoice.Load(folder) ?? throw new InvalidOperationException($"no lab.json in {folder}");
        _client = ApiClient.FromKubeconfig(_options.UserKubeconfig);
        await PrepareAsync();
    }

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        _opened.ForEach(static opened => opened.Dispose());
        _client?.Dispose();
        if (_options is not null)
        {
            await LabAsync(["down"]);
        }

        await StopServerAsync();
    }

    /// <summary>Creates the objects of a YAML text; what has namespaces goes into this one.</summary>
    internal async Task CreateAllAsync(string ns, string yaml)
    {
        ApiResource[] kinds = [ApiResources.Namespaces, ApiResources.Pods, ApiResources.Services, ApiResources.Deployments, ApiResources.EndpointSlices, ApiResources.ServiceCidrs, ApiResources.NetworkPolicies];
        using var text = new StringReader(yaml);
        foreach (var item in YamlTree.ParseAll(text).OfType<JsonObject>())
        {
            var kind = kinds.First(kind => kind.Kind == item.Text("kind"));
            await Client.CreateAsync(kind, kind.Namespaced ? ns : null, item, CancellationToken.None);
        }
    }

    /// <summary>Runs kn-lab with this lab's name; throws when it fails.</summary>
    internal async Task<string> LabAsync(params string[] arguments)
    {
        var result = await ProgramStart.RunAsync(
            null, [Binaries.KnLab, arguments[0], "--name", Options.Name, "--dir", LabFolder, .. arguments[1..]], null, "", CancellationToken.None);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"kn-lab {string.Join(' ', arguments)}: {result.Errors}{result.Output}");
    }

    /// <summary>Runs a program in a pod by kn-lab exec; the exit code is the program's.</summary>
    internal Task<ProgramResult> ExecAsync(string ns, string pod, params string[] command) => ProgramStart.RunAsync(
        null, [Binaries.KnLab, "exec", pod, "-n", ns, "--name", Options.Name, "--dir", LabFolder, "--", .. command], null, "", CancellationToken.None);

    /// <summary>Runs a program in a node's network namespace.</summary>
    internal Task<ProgramResult> OnNodeAsync(string node, params string[] command) => ProgramStart.RunAsync(
        null, [Binaries.KnLab, "exec", "node/" + node, "--name", Options.Name, "--dir", LabFolder, "--", .. command], null, "", CancellationToken.None);

    /// <summary>A client inside a pod.</summary>
    internal EchoClient InPod(string ns, string pod) => new(OpenPod(ns, pod));

    /// <summary>A client outside the cluster.</summary>
    internal EchoClient Outside() => new(OpenOutside());

    /// <summary>A client on a node: what a program of the node, or a pod of its network, would see.</summary>
    internal EchoClient OnNode(int number) => new(OpenNode(number));

    /// <summary>A pod's network namespace; closed with the lab.</summary>
    internal NetworkNamespace OpenPod(string ns, string pod) => Open($"/proc/{ControlClient.Ask(Options, "pod", ns, pod)}/ns/net");

    /// <summary>That of a host outside the cluster; closed with the lab.</summary>
    internal NetworkNamespace OpenOutside() => Open("/run/netns/" + new LabNames(Options.Name).Outside);

    /// <summary>A node's; closed with the lab.</summary>
    internal NetworkNamespace OpenNode(int number) => Open("/run/netns/" + new LabNames(Options.Name).Node(number));

    /// <summary>That of the bridges and the router; closed with the lab.</summary>
    internal NetworkNamespace OpenUnderlay() => Open("/run/netns/" + new LabNames(Options.Name).Underlay);

    /// <summary>Looks again until the condition holds; fails with what was waited for.</summary>
    internal static async Task UntilAsync(string what, Func<Task<bool>> holdsAsync, int seconds = 30)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await holdsAsync())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(seconds), $"{what}: not within {seconds} s");
            await Task.Delay(Glance);
        }
    }

    private async Task<string[]> WriteConfigAsync(string name)
    {
        if (AgentConfig.Length == 0)
        {
            return [];
        }

        Directory.CreateDirectory(LabFolder);
        var path = Path.Combine(LabFolder, name + ".yaml");
        await File.WriteAllTextAsync(path, AgentConfig);
        return ["--agent-config", path];
    }

    private static string LabFolder => Path.Combine(Path.GetTempPath(), "kn-e2e-labs");

    private NetworkNamespace Open(string path)
    {
        var opened = NetworkNamespace.Open(path);
        _opened.Add(opened);
        return opened;
    }
}

/// <summary>A lab on its own API server.</summary>
public sealed class OwnServerLab : LabFixture;

/// <summary>A lab on the real API server of KN_REAL_APISERVER.</summary>
public sealed class RealServerLab : LabFixture
{
    private RealServer? _server;

    /// <inheritdoc/>
    protected override bool IsWanted => RealServer.Script is not null;

    /// <inheritdoc/>
    protected override async Task<string?> StartServerAsync() => (_server = await RealServer.StartAsync()).Kubeconfig;

    /// <inheritdoc/>
    protected override async Task StopServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>The classes that share the lab on its own API server.</summary>
[CollectionDefinition(Name)]
public sealed class OwnServerGroup : ICollectionFixture<OwnServerLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "own API server";
}

/// <summary>The classes that share the lab on a real API server.</summary>
[CollectionDefinition(Name)]
public sealed class RealServerGroup : ICollectionFixture<RealServerLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "real API server";
}
