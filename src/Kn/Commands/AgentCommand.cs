using System.CommandLine;
using System.Runtime.InteropServices;
using Kn.Hosting.Agent;
using Kn.Hosting.Logging;

namespace Kn.Commands;

/// <summary><c>kn agent</c>.</summary>
internal static class AgentCommand
{
    internal static Command Create()
    {
        var config = ConfigOption.Create();
        var command = new Command("agent", "Run the node's agent until SIGTERM or SIGINT. What it has put into the kernel stays there and goes on working.") { config };
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
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var sockets = ManagerSockets.OfEnvironment();
        var host = new AgentHost(options, VersionCommand.Version, ClusterConnection.Open, loggers, TimeProvider.System) { StoredSockets = sockets };
        return await host.RunAsync(stop.Token) ? ExitCode.Ok : ExitCode.Failure;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
