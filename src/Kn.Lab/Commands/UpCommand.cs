using System.CommandLine;
using Kn.Lab.Processes;
using Kn.Lab.Underlay;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab up</c>: builds a lab and returns when its nodes are Ready.</summary>
internal static class UpCommand
{
    private static readonly Option<int> Nodes = new("--nodes") { Description = "How many nodes", DefaultValueFactory = static _ => 3 };

    private static readonly Option<int> Segments = new("--underlay-segments")
    {
        Description = "1: all nodes on one L2 segment; 2: on two, with a router between",
        DefaultValueFactory = static _ => 1,
    };

    private static readonly Option<string?> KnBinary = new("--kn") { Description = "The kn binary (default: beside kn-lab)" };

    private static readonly Option<bool> NoAgent = new("--no-agent") { Description = "Run no kn on the nodes; put a network configuration there yourself" };

    private static readonly Option<string?> CniPlugins = new("--cni-plugins") { Description = "Folder of CNI plugins in place of the one that kn fills" };

    private static readonly Option<string?> Kubeconfig = new("--kubeconfig")
    {
        Description = "Use the API server of this kubeconfig in place of the lab's own (environment: KN_LAB_KUBECONFIG)",
    };

    private static readonly Option<string?> Controllers = new("--controllers")
    {
        Description = $"Which controllers to run, of {string.Join(",", ControllerChoice.All)}; default: all, "
            + $"or with another API server {string.Join(",", ControllerChoice.ForExternalServer)}",
    };

    private static readonly Option<int> ApiPort = new("--api-port") { Description = "Port of the lab's own API server on 127.0.0.1 (default: a free one)" };

    private static readonly Option<string?> AgentConfig = new("--agent-config") { Description = "A file whose YAML is added to every node's kn.yaml" };

    private static readonly Option<int> Wait = new("--wait") { Description = "Seconds until every node must be Ready", DefaultValueFactory = static _ => 60 };

    /// <summary>The command.</summary>
    public static Command Make()
    {
        var command = LabChoice.Command("up", "Build a lab; what a killed one of the same name left is removed first");
        foreach (var option in (Option[])[Nodes, Segments, KnBinary, NoAgent, CniPlugins, Kubeconfig, Controllers, ApiPort, AgentConfig, Wait])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => LabCommandLine.GuardAsync(async () =>
        {
            var options = OptionsOf(parsed);
            await new LabStart(options, TimeProvider.System).RunAsync(TimeSpan.FromSeconds(parsed.GetValue(Wait)), cancellationToken);
            Console.WriteLine($"lab {options.Name} is up: {options.Nodes} nodes");
            Console.WriteLine($"export KUBECONFIG={options.UserKubeconfig}");
            Console.WriteLine($"logs in {options.Folder}; 'kn-lab exec POD -- CMD' runs a command in a pod; 'kn-lab down' removes everything");
            return 0;
        }));
        return command;
    }

    private static LabOptions OptionsOf(ParseResult parsed)
    {
        var chosen = LabChoice.Of(parsed);
        var kubeconfig = parsed.GetValue(Kubeconfig) ?? Environment.GetEnvironmentVariable("KN_LAB_KUBECONFIG") ?? "";
        var ofServer = kubeconfig.Length > 0 ? ControllerChoice.ForExternalServer : ControllerChoice.All;
        var options = new LabOptions
        {
            Name = chosen.Name,
            Folder = chosen.Folder,
            Nodes = parsed.GetValue(Nodes),
            Segments = parsed.GetValue(Segments),
            Kn = parsed.GetValue(NoAgent) ? "" : Path.GetFullPath(parsed.GetValue(KnBinary) ?? DefaultKn()),
            CniPlugins = parsed.GetValue(CniPlugins) is { } plugins ? Path.GetFullPath(plugins) : "",
            Kubeconfig = kubeconfig.Length > 0 ? Path.GetFullPath(kubeconfig) : "",
            Controllers = parsed.GetValue(Controllers)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? ofServer,
            ApiPort = parsed.GetValue(ApiPort),
            AgentConfig = parsed.GetValue(AgentConfig) is { } file ? File.ReadAllText(file) : "",
        };
        Validate(options);
        return options;
    }

    /// <summary>The kn binary beside this program.</summary>
    public static string DefaultKn() => Path.Combine(Path.GetDirectoryName(ProgramStart.OwnPath)!, "kn");

    private static void Validate(LabOptions options)
    {
        if (options.Nodes is < 1 or > UnderlayPlan.MaxNodes)
        {
            throw new FormatException($"--nodes takes 1 to {UnderlayPlan.MaxNodes}");
        }

        if (options.Segments is not (1 or 2))
        {
            throw new FormatException("--underlay-segments takes 1 or 2");
        }

        if (options.Kn.Length > 0 && !File.Exists(options.Kn))
        {
            throw new FormatException($"no kn binary at {options.Kn}: --kn says where, --no-agent does without");
        }

        if (options.Kubeconfig.Length > 0 && !File.Exists(options.Kubeconfig))
        {
            throw new FormatException($"no kubeconfig at {options.Kubeconfig}");
        }

        if (options.Controllers.Except(ControllerChoice.All).FirstOrDefault() is { } unknown)
        {
            throw new FormatException($"no controller '{unknown}': there are {string.Join(", ", ControllerChoice.All)}");
        }
    }
}
