using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Agent;
using Kn.Hosting.Control;

namespace Kn.Commands;

/// <summary><c>kn status</c>.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static Command Create()
    {
        var config = ConfigOption.Create();
        var socket = new Option<string?>("--socket") { Description = "The agent's socket, in place of the config's.", HelpName = "PATH" };
        var output = OutputOption.Create(OutputOption.Table);
        var command = new Command("status", "Ask the agent how it is doing: modules, cache, problems. Exits with 1 when it is not ready.") { config, socket, output };
        command.SetAction(result => Run(result.GetValue(socket), result.GetValue(config)!, result.GetValue(output)!));
        return command;
    }

    private static int Run(string? socket, string config, string output)
    {
        socket ??= ConfigOption.Load(config)?.Node.Paths.Socket;
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var answer = ControlClient.Send(socket, new ControlRequest("status", new Dictionary<string, string>(), ReadOnlyMemory<byte>.Empty), Patience);
            return answer.ExitCode == 0 ? Print(answer.Body.Span, output) : Refused(answer);
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    private static int Refused(ControlResponse answer)
    {
        Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
        return ExitCode.Failure;
    }

    private static int Print(ReadOnlySpan<byte> json, string output)
    {
        var status = JsonSerializer.Deserialize(json, AgentStatusJson.Default.AgentStatus)!;
        Console.Out.Write(output == OutputOption.Json ? Encoding.UTF8.GetString(json) + "\n" : StatusTable.Write(status));
        return status.Ready ? ExitCode.Ok : ExitCode.Failure;
    }
}
