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
            await Console.Error.WriteLineAsync($"kn: {FirstFault(result)}; see kn --help");
            return ExitCode.Usage;
        }

        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>The fault that the others follow from, as one line.</summary>
    private static string FirstFault(ParseResult result)
    {
        var command = result.CommandResult.Command;
        var name = command is RootCommand ? "kn" : $"kn {command.Name}";
        var choices = string.Join(", ", command.Subcommands.Select(static choice => choice.Name));
        if (result.UnmatchedTokens is [var token, ..])
        {
            return choices.Length > 0
                ? $"'{token}' is not a command of {name}: there are {choices}"
                : $"'{token}' is not an option or argument of {name}";
        }

        return choices.Length > 0
            ? $"{name} needs a command: one of {choices}"
            : string.Join(' ', result.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
    }

    internal static RootCommand Create() => new("Kn: pod network, routes, Services, policies and DNS of a bare-metal Kubernetes node, in one process.\n\n"
        + "Run by a container runtime with CNI_COMMAND set, it is the CNI plugin.\n"
        + "Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 the agent cannot be reached.")
    {
        AgentCommand.Create(),
        StatusCommand.Create(),
        IpamCommand.Create(),
        DnsCommand.Create(),
        PolicyCommand.Create(),
        BgpCommand.Create(),
        IngressCommand.Create(),
        LbCommand.Create(),
        CleanupCommand.Create(),
        ConfigCommand.Create(),
        VersionCommand.Create(),
    };
}
