using System.CommandLine;

namespace Kn.Commands;

/// <summary>The command line.</summary>
internal static class KnCommand
{
    internal static async Task<int> RunAsync(string[] args)
    {
        // Asked for at every start of a shell prompt or a health script; needs no parser.
        if (args is ["version"] or ["--version"])
        {
            return VersionCommand.PrintText(Console.Out);
        }

        var result = Create().Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync($"kn: {error.Message}");
            }

            await Console.Error.WriteLineAsync("see kn --help");
            return ExitCode.Usage;
        }

        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    internal static RootCommand Create() => new("Kn: pod network, routes and Services of a bare-metal Kubernetes node, in one process.\n\n"
        + "Run by a container runtime with CNI_COMMAND set, it is the CNI plugin.\n"
        + "Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 the agent cannot be reached.")
    {
        AgentCommand.Create(),
        StatusCommand.Create(),
        CleanupCommand.Create(),
        ConfigCommand.Create(),
        VersionCommand.Create(),
    };
}
