using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.LoadBalancer.Inspection;

namespace Kn.Commands;

/// <summary><c>kn lb</c>.</summary>
internal static class LbCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static Command Create() => new("lb", "Addresses of Services of type LoadBalancer: where they are, and why.")
    {
        CreateList(),
        CreateAction(LbVerb.Leave, "Hand the addresses that this node announces over to other nodes, until it joins again or its agent starts anew."),
        CreateAction(LbVerb.Join, "Take part again after kn lb leave."),
    };

    private static Command CreateList()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var config = ConfigOption.Create();
        var socket = SocketOption.Create();
        var command = new Command("list", "All addresses with their pool, Services, node and reason; and Services that wait for one.") { output, config, socket };
        command.SetAction(result => Ask(SocketOption.Find(result, socket, config), LbVerb.List, body =>
            result.GetValue(output) == OutputOption.Json
                ? Encoding.UTF8.GetString(body.Span) + "\n"
                : Write(JsonSerializer.Deserialize(body.Span, LbReportJson.Default.LbListReport)!)));
        return command;
    }

    private static Command CreateAction(string action, string description)
    {
        var config = ConfigOption.Create();
        var socket = SocketOption.Create();
        var command = new Command(action, description) { config, socket };
        command.SetAction(result => Ask(SocketOption.Find(result, socket, config), action, static body => Encoding.UTF8.GetString(body.Span) + "\n"));
        return command;
    }

    private static int Ask(string? socket, string action, Func<ReadOnlyMemory<byte>, string> write)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var arguments = new Dictionary<string, string> { [LbVerb.Action] = action };
            var answer = ControlClient.Send(socket, new ControlRequest(LbVerb.Name, arguments, ReadOnlyMemory<byte>.Empty), Patience);
            if (answer.ExitCode != LbVerb.Good)
            {
                Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
                return ExitCode.Failure;
            }

            Console.Out.Write(write(answer.Body));
            return ExitCode.Ok;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    private static string Write(LbListReport report)
    {
        var text = new StringBuilder(TextColumns.Write((List<string[]>)
        [
            ["ADDRESS", "POOL", "SERVICES", "BY", "NODE", "INTERFACE", "REASON"],
            .. report.Addresses.Select(static item => (string[])
            [
                item.Address, item.Pool, string.Join(',', item.Services), item.Announced, item.Node.Length == 0 ? "-" : item.Node, item.Interface ?? "-", item.Reason,
            ]),
        ]));
        if (report.Waiting.Count > 0)
        {
            text.Append('\n').Append(TextColumns.Write((List<string[]>)
            [
                ["WAITING", "FOR"],
                .. report.Waiting.Select(static item => (string[])[item.Service, item.Problem]),
            ]));
        }

        return text.ToString();
    }
}
