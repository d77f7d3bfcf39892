using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Kn.Cni.Inspection;
using Kn.Hosting.Control;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests.Faults;

/// <summary>A node in a namespace of its own, whose agent and plugin are processes that can be killed. Needs root.</summary>
internal sealed class FaultNode : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly List<string> _namespaces = [];
    private readonly List<Process> _processes = [];
    private Process? _agent;

    public FaultNode(string? state = null)
    {
        Name = $"kt{Guid.NewGuid():N}"[..10];
        NetworkNamespace.Create(Name).Dispose();
        _namespaces.Add(Name);
        State = state ?? Directory + "/state";
        File.WriteAllText(Directory + "/kn.yaml", $$"""
            node: n1
            listen: { http: none }
            paths: { state: {{State}}, run: {{Directory}}/run, cniConfig: {{Directory}}/net.d, cniPlugins: {{Directory}}/bin }
            cni: { installPlugin: false, podCIDRTimeout: 20s }
            """.Replace("podCIDRTimeout", "podCidrTimeout", StringComparison.Ordinal));
    }

    public string Name { get; }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("kn-fault-").FullName;

    public string State { get; }

    public string Journal => Path.Combine(State, "cni", "attachments");

    private string FaultFile => Path.Combine(Directory, FaultAgent.FaultFile);

    private string Socket => Directory + "/run/kn.sock";

    /// <summary>Starts the agent, and returns when it serves.</summary>
    public async Task StartAgentAsync()
    {
        File.Delete(FaultFile);
        var start = new ProcessStartInfo("nsenter", [$"--net=/run/netns/{Name}", "dotnet", typeof(FaultAgent).Assembly.Location, Directory]);
        _agent = Start(start);
        await Poll.UntilAsync(() =>
        {
            Assert.False(_agent.HasExited, "the agent ended at its start");
            return TryIpam(IpamVerb.Show) is { ExitCode: IpamVerb.Good };
        });
        // Pods can be attached from here on.
        await Poll.UntilAsync(() => File.Exists(Directory + "/net.d/10-kn.conflist"));
    }

    /// <summary>Returns when the agent has killed itself.</summary>
    public async Task AgentDiesAsync()
    {
        await WaitAsync(_agent!);
        Assert.Equal(128 + 9, _agent!.ExitCode);
    }

    /// <summary>Runs the plugin as a runtime does.</summary>
    public async Task<CniAnswer> CallAsync(string command, string container, string? pod, JsonNode? previous = null, int hostPort = 0)
    {
        var plugin = StartPlugin(command, container, pod, previous, hostPort: hostPort);
        var output = await plugin.StandardOutput.ReadToEndAsync();
        await WaitAsync(plugin);
        return new CniAnswer(plugin.ExitCode, output.Length == 0 ? null : JsonNode.Parse(output));
    }

    /// <summary>Starts the plugin and gives it its configuration.</summary>
    public Process StartPlugin(string command, string container, string? pod, JsonNode? previous = null, bool withConfig = true, int hostPort = 0)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "kn")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = container;
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_NETNS"] = pod is null ? "" : $"/run/netns/{pod}";
        start.Environment["CNI_PATH"] = "/opt/cni/bin";
        var config = new JsonObject { ["cniVersion"] = "1.1.0", ["name"] = "kn", ["type"] = "kn", ["socket"] = Socket };
        if (hostPort > 0)
        {
            var mapping = new JsonObject { ["hostPort"] = hostPort, ["containerPort"] = 80, ["protocol"] = "tcp" };
            config["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray(mapping) };
        }

        if (previous is not null)
        {
            config["prevResult"] = previous.DeepClone();
        }

        var plugin = Start(start);
        if (!withConfig)
        {
            return plugin;
        }

        plugin.StandardInput.Write(config.ToJsonString());
        plugin.StandardInput.Close();
        return plugin;
    }

    public static async Task WaitAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await process.WaitForExitAsync(deadline.Token);
    }

    public string CreatePod()
    {
        var name = $"kp{Guid.NewGuid():N}"[..12];
        NetworkNamespace.Create(name).Dispose();
        _namespaces.Add(name);
        return name;
    }

    public (int ExitCode, JsonNode? Report) Ipam(string action, params (string Name, string Value)[] arguments) =>
        TryIpam(action, arguments) ?? throw new InvalidOperationException("the agent does not answer");

    /// <summary>Lets the agent kill itself, or hold, at a step.</summary>
    public void SetFault(string fault) => File.WriteAllText(FaultFile, fault);

    public Task HeldAsync() => Poll.UntilAsync(() => File.ReadAllText(FaultFile) == "held");

    /// <summary>Lets a held agent go on.</summary>
    public void Release() => File.Delete(FaultFile);

    /// <summary>Everything of ours on the node and in its files; empty when nothing leaked.</summary>
    public async Task<string> LeftoversAsync()
    {
        var left = new StringBuilder();
        left.AppendJoin(',', (await Run.JsonAsync($"ip -n {Name} -j link")).Select(static link => (string)link!["ifname"]!).Where(static name => name.StartsWith("kn", StringComparison.Ordinal)));
        left.Append(await Run.TextAsync($"ip -n {Name} route show table all proto 75")).Append(await Run.TextAsync($"ip -n {Name} -6 route show table all proto 75"));
        left.Append(await Run.TextAsync($"ip -n {Name} neigh show nud permanent"));
        left.Append((await Run.TryAsync($"ip netns exec {Name} nft list table inet kn-cni")).Output.Contains("8080", StringComparison.Ordinal) ? "a port map" : "");
        var (exit, report) = Ipam(IpamVerb.Check);
        left.Append(exit == 0 ? "" : report!.ToJsonString());
        var (_, pods) = Ipam(IpamVerb.Show);
        left.AppendJoin(',', pods!["attachments"]!.AsArray().Select(static item => item!.ToJsonString()));
        left.AppendJoin(',', pods["pools"]!.AsArray().Where(static pool => (int)pool!["used"]! > 0).Select(static pool => pool!.ToJsonString()));
        left.AppendJoin(',', System.IO.Directory.GetFiles(Path.GetDirectoryName(Journal)!).Where(path => path != Journal));
        return left.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
                await WaitAsync(process);
            }

            process.Dispose();
        }

        _namespaces.ForEach(NetworkNamespace.Remove);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private (int ExitCode, JsonNode? Report)? TryIpam(string action, params (string Name, string Value)[] arguments)
    {
        try
        {
            var words = arguments.Append((Name: IpamVerb.Action, Value: action)).ToDictionary(static pair => pair.Name, static pair => pair.Value);
            var answer = ControlClient.Send(Socket, new ControlRequest(IpamVerb.Name, words, default), Deadline);
            return (answer.ExitCode, answer.ExitCode is IpamVerb.Good or IpamVerb.Bad ? JsonNode.Parse(answer.Body.Span) : null);
        }
        catch (ControlException)
        {
            return null;
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        var process = Process.Start(start)!;
        lock (_processes)
        {
            _processes.Add(process);
        }

        return process;
    }
}
