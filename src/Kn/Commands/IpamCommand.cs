using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Cni.Inspection;
using Kn.Hosting.Control;
using Kn.Primitives;

namespace Kn.Commands;

/// <summary><c>kn ipam</c>.</summary>
internal static class IpamCommand
{
    /// <summary>A check looks twice and may repair hundreds of pods.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    internal static Command Create() => new("ipam", "Which pod has which address; find and repair what does not fit.") { CreateShow(), CreateCheck(), CreateRelease() };

    private static Command CreateShow()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var agent = new AgentOptions();
        var command = new Command("show", "List the node's podCIDRs and the addresses in use.") { output };
        agent.AddTo(command);
        command.SetAction(result => Ask(
            agent.SocketOf(result), result.GetValue(output)!, IpamJson.Default.IpamReport, IpamTable.Write, (IpamVerb.Action, IpamVerb.Show)));
        return command;
    }

    private static Command CreateCheck()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var repair = new Option<bool>("--repair") { Description = "Do what the column REMEDY says. Running pods are never touched." };
        var agent = new AgentOptions();
        var command = new Command("check", "Compare the agent's files, the kernel and the API. Exits with 1 when a fault is left.") { output, repair };
        agent.AddTo(command);
        command.SetAction(result => Ask(
            agent.SocketOf(result),
            result.GetValue(output)!,
            IpamJson.Default.IpamCheckReport,
            IpamTable.Write,
            (IpamVerb.Action, IpamVerb.Check),
            (IpamVerb.Repair, result.GetValue(repair) ? "true" : "false")));
        return command;
    }

    private static Command CreateRelease()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var address = new Argument<string>("ADDRESS") { Description = "The address." };
        address.Validators.Add(static result =>
        {
            if (result.Tokens is [var token, ..] && !IpAddress.TryParse(token.Value, out _))
            {
                result.AddError($"'{token.Value}' is not an IP address");
            }
        });
        var force = new Option<bool>("--force") { Description = "Also when its pod runs, or may run: the pod loses its network." };
        var agent = new AgentOptions();
        var command = new Command("release", "Free an address whose pod is gone. Exits with 1 when it is not free.") { address, output, force };
        agent.AddTo(command);
        command.SetAction(result => Ask(
            agent.SocketOf(result),
            result.GetValue(output)!,
            IpamJson.Default.IpamReleaseReport,
            static report => report.Message + "\n",
            (IpamVerb.Action, IpamVerb.Release),
            (IpamVerb.Address, result.GetValue(address)!),
            (IpamVerb.Force, result.GetValue(force) ? "true" : "false")));
        return command;
    }

    private static int Ask<T>(string? socket, string output, JsonTypeInfo<T> type, Func<T, string> write, params (string Name, string Value)[] arguments)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var request = new ControlRequest(IpamVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), ReadOnlyMemory<byte>.Empty);
            var answer = ControlClient.Send(socket, request, Patience);
            if (answer.ExitCode is not (IpamVerb.Good or IpamVerb.Bad))
            {
                Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
                return ExitCode.Failure;
            }

            Console.Out.Write(output == OutputOption.Json ? Encoding.UTF8.GetString(answer.Body.Span) + "\n" : write(JsonSerializer.Deserialize(answer.Body.Span, type)!));
            return answer.ExitCode == IpamVerb.Good ? ExitCode.Ok : ExitCode.Failure;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    /// <summary>The options that say which agent is asked.</summary>
    private sealed class AgentOptions
    {
        private readonly Option<string> _config = ConfigOption.Create();
        private readonly Option<string?> _socket = new("--socket") { Description = "The agent's socket, in place of the config's.", HelpName = "PATH" };

        public void AddTo(Command command)
        {
            command.Add(_config);
            command.Add(_socket);
        }

        /// <summary>Null when the config has a fault, which is told.</summary>
        public string? SocketOf(ParseResult result) => result.GetValue(_socket) ?? ConfigOption.Load(result.GetValue(_config)!)?.Node.Paths.Socket;
    }
}
