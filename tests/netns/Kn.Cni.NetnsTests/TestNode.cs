using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Cni.Attaching;
using Kn.Cni.Inspection;
using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Cni.NetnsTests;

/// <summary>A node in a network namespace of its own, with the module running in it. Needs root.</summary>
public sealed class TestNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-cni-").FullName;
    private readonly List<string> _namespaces = [];
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public TestNode(string podCidr4 = "10.244.1.0/24", string podCidr6 = "fd00:10:244:1::/64", string? state = null)
    {
        Name = $"kt{Guid.NewGuid():N}"[..10];
        NetworkNamespace.Create(Name).Dispose();
        _namespaces.Add(Name);
        Context = new ModuleContext
        {
            Node = new NodeOptions
            {
                Name = "n1",
                Paths = new PathOptions { State = state ?? _directory + "/state", Run = _directory + "/run", CniConfig = _directory + "/net.d", CniPlugins = _directory + "/bin" },
                Cluster = new ClusterOptions { PodCidrs = [IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00:10:244::/48")] },
            },
            Cache = new ClusterCache(),
            Loggers = NullLoggerFactory.Instance,
            Metrics = new MetricRegistry(),
            Control = new ControlHandlers(),
            Status = new ModuleStatus("cni"),
            PodGates = new PodGates(),
            Events = Events,
            Time = TimeProvider.System,
        };
        Context.Cache.Watch(ResourceKinds.Nodes);
        SetNode([IpPrefix.Parse(podCidr4), IpPrefix.Parse(podCidr6)]);
    }

    public string Name { get; }

    public ModuleContext Context { get; }

    /// <summary>What the module told the cluster.</summary>
    public RecordedEvents Events { get; } = new();

    public CniOptions Options { get; set; } = new() { InstallPlugin = false, PodReadyTimeout = TimeSpan.FromSeconds(1), PodCidrTimeout = TimeSpan.FromSeconds(20) };

    internal Action<AttachStep>? BeforeStep { get; set; }

    public void SetNode(ValueList<IpPrefix> podCidrs) => SetNode(podCidrs, IpAddress.Parse("192.0.2.1"));

    public void SetNode(ValueList<IpPrefix> podCidrs, params IpAddress[] internalIps) => Context.Cache.Replace(ResourceKinds.Nodes,
        [new Node { Metadata = new ObjectMeta { Name = "n1" }, PodCidrs = podCidrs, InternalIps = internalIps.ToValueList() }]);

    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        var module = new CniModule(Options) { BeforeStep = step => BeforeStep?.Invoke(step) };
        using var own = NetworkNamespace.OpenNamed(Name);
        _running = own.Run(() => module.RunAsync(Context, _stop.Token));
        await Poll.UntilAsync(() => _running.IsCompleted || File.Exists(_directory + "/net.d/10-kn.conflist"));
        if (_running.IsCompleted)
        {
            await _running;
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task CleanupAsync()
    {
        using var own = NetworkNamespace.OpenNamed(Name);
        await own.Run(() => new CniModule(Options).CleanupAsync(Context, CancellationToken.None));
    }

    public string CreatePodNamespace()
    {
        var name = $"kp{Guid.NewGuid():N}"[..12];
        NetworkNamespace.Create(name).Dispose();
        lock (_namespaces)
        {
            _namespaces.Add(name);
        }

        return name;
    }

    public void RemoveNamespace(string name) => NetworkNamespace.Remove(name);

    /// <summary>What the API server has; null when it is away, and was never there.</summary>
    public void SetPods(params IEnumerable<Pod> pods) => Context.Cache.Replace(ResourceKinds.Pods, pods);

    /// <summary>A pod of this node, as the API has it.</summary>
    public static Pod Pod(string name, string uid = "", params (string Name, string Value)[] annotations) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name, Uid = uid, Annotations = ValueMap.Of<string, string>(annotations) },
        NodeName = "n1",
        Phase = "Running",
    };

    /// <summary>Asks as <c>kn ipam</c> does.</summary>
    public async Task<(int ExitCode, JsonNode? Report)> IpamAsync(string action, params (string Name, string Value)[] arguments)
    {
        var words = arguments.Append((Name: IpamVerb.Action, Value: action)).ToDictionary(static pair => pair.Name, static pair => pair.Value);
        var answer = await Context.Control.Find(IpamVerb.Name)!(new ControlRequest(IpamVerb.Name, words, default), CancellationToken.None);
        Assert.InRange(answer.ExitCode, 0, 1);
        return (answer.ExitCode, JsonNode.Parse(answer.Body.Span));
    }

    public async Task<CniAnswer> CallAsync(
        string command, string container, string? netns, JsonNode? previous = null, string ifname = "eth0", string version = "1.1.0", string arguments = "", JsonNode? runtimeConfig = null, string network = "kn", Action<JsonObject>? edit = null)
    {
        var config = new JsonObject { ["cniVersion"] = version, ["name"] = network, ["type"] = "kn" };
        edit?.Invoke(config);
        if (runtimeConfig is not null)
        {
            config["runtimeConfig"] = runtimeConfig.DeepClone();
        }

        if (previous is not null)
        {
            config["prevResult"] = previous.DeepClone();
        }

        var environment = new Dictionary<string, string>
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = container,
            ["CNI_IFNAME"] = ifname,
            ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={container}{arguments}",
            ["CNI_PATH"] = "/opt/cni/bin",
        };
        if (netns is not null)
        {
            environment["CNI_NETNS"] = $"/run/netns/{netns}";
        }

        var handler = Context.Control.Find(CniModule.Verb)!;
        var response = await handler(new ControlRequest("cni", environment, Encoding.UTF8.GetBytes(config.ToJsonString())), CancellationToken.None);
        return new CniAnswer(response.ExitCode, response.Body.IsEmpty ? null : JsonNode.Parse(response.Body.Span));
    }

    public async Task<(string Namespace, JsonNode Result)> AddAsync(string container)
    {
        var pod = CreatePodNamespace();
        return (pod, await AddAsync(container, pod));
    }

    public async Task<JsonNode> AddAsync(string container, string pod, JsonNode? runtimeConfig = null)
    {
        var answer = await CallAsync("ADD", container, pod, runtimeConfig: runtimeConfig);
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
        return answer.Body!;
    }

    /// <summary>Everything of ours in the node's namespace but the masquerade table.</summary>
    public async Task<string> LeftoversAsync()
    {
        var links = (await Run.JsonAsync($"ip -n {Name} -j link")).Where(static link => ((string)link!["ifname"]!).StartsWith("kn", StringComparison.Ordinal));
        var routes = await Run.TextAsync($"ip -n {Name} route show proto 75");
        var routes6 = await Run.TextAsync($"ip -n {Name} -6 route show proto 75");
        return string.Join(",", links.Select(static link => (string)link!["ifname"]!)) + routes + routes6;
    }

    public string JournalPath => CniParts.JournalPath(Context);

    public string Fact(string name) => Context.Status.Read().Facts.Find(name) ?? "";

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _namespaces.ForEach(NetworkNamespace.Remove);
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>Keeps what it is told.</summary>
public sealed class RecordedEvents : IEventRecorder
{
    public ConcurrentQueue<ClusterEvent> All { get; } = new();

    public void Record(ClusterEvent item) => All.Enqueue(item);
}

public sealed record CniAnswer(int ExitCode, JsonNode? Body)
{
    public int Code => (int?)Body?["code"] ?? 0;

    public string Details => (string?)Body?["details"] ?? "";

    public string Message => (string?)Body?["msg"] ?? "";
}

public static class Poll
{
    public static async Task UntilAsync(Func<bool> condition) => await UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(60), "not so within a minute");
            await Task.Delay(20);
        }
    }
}

public static class Run
{
    public static async Task<(int ExitCode, string Output)> TryAsync(string command)
    {
        var words = command.Split(' ');
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    public static async Task<string> TextAsync(string command)
    {
        var (exitCode, output) = await TryAsync(command);
        Assert.True(exitCode == 0, $"{command}: {output}");
        return output;
    }

    /// <summary>Gives nft a file in a namespace.</summary>
    public static async Task ScriptAsync(string netns, string script)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, script + "\n");
            await TextAsync($"ip netns exec {netns} nft -f {path}");
        }
        finally
        {
            File.Delete(path);
        }
    }

    public static async Task<JsonArray> JsonAsync(string command) =>
        JsonNode.Parse(await TextAsync(command), documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true })!.AsArray();
}
