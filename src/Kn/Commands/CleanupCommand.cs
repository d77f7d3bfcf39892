using System.CommandLine;
using Kn.Cni.Plain;
using Kn.Cni.Protocol;
using Kn.Hosting.Agent;
using Kn.Hosting.Logging;
using Kn.Linux;
using Kn.Linux.Nftables;

namespace Kn.Commands;

/// <summary><c>kn cleanup</c>.</summary>
internal static class CleanupCommand
{
    internal static Command Create()
    {
        var config = ConfigOption.Create();
        var command = new Command("cleanup", "Remove everything that Kn ever made on this node: tables, links, routes, CNI files, state. "
            + "Works without the API server and is safe to repeat. Refused while an agent is at work: it would put everything back.") { config };
        command.SetAction((result, cancellationToken) => RunAsync(result.GetValue(config)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string file, CancellationToken cancellationToken)
    {
        if (ConfigOption.Load(file) is not { } options)
        {
            return ExitCode.Usage;
        }

        using var loggers = AgentLogging.Create(options.Log);
        return await new NodeCleanup(options, loggers, TimeProvider.System).RunAsync(Console.Out, Console.Error, cancellationToken) && await CleanUpPlainAsync()
            ? ExitCode.Ok
            : ExitCode.Failure;
    }

    /// <summary>Containers that no agent attached: of podman, nerdctl or ctr.</summary>
    private static async Task<bool> CleanUpPlainAsync()
    {
        try
        {
            var containers = PlainCleanup.Run();
            await Console.Out.WriteLineAsync(containers == 0 ? "networks without an agent: clean" : $"networks without an agent: clean; {containers} containers lost their interface");
            return true;
        }
        catch (Exception error) when (error is LinuxException or NftException or CniException)
        {
            await Console.Error.WriteLineAsync($"kn: networks without an agent: {error.Message}");
            return false;
        }
    }
}
