using System.CommandLine;
using Kn.Hosting.Options;

namespace Kn.Commands;

/// <summary>The option <c>--config</c>, and what it leads to.</summary>
internal static class ConfigOption
{
    internal static Option<string> Create() => new("--config", "-c")
    {
        Description = "The config file.",
        HelpName = "FILE",
        DefaultValueFactory = static _ => ConfigFile.DefaultPath,
    };

    /// <summary>Reads the file; every fault goes to standard error, a line each.</summary>
    /// <returns>Null when there is a fault.</returns>
    internal static AgentOptions? Load(string file)
    {
        var result = ConfigFile.Load(file, ModuleList.All, HostName());
        foreach (var error in result.Errors)
        {
            Console.Error.WriteLine(error);
        }

        return result.Options;
    }

    /// <summary>The kubelet's default for the node's name: the host's name in lower case.</summary>
    private static string HostName() => Environment.MachineName.ToLowerInvariant();
}
