using System.CommandLine;
using Kn.Hosting.Agent;
using Kn.Hosting.Logging;

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
        return await new NodeCleanup(options, loggers, TimeProvider.System).RunAsync(Console.Out, Console.Error, cancellationToken) ? ExitCode.Ok : ExitCode.Failure;
    }
}
