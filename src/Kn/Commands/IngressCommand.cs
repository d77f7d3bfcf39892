using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Ingress.Inspection;

namespace Kn.Commands;

/// <summary><c>kn ingress</c>.</summary>
internal static class IngressCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static Command Create() => new("ingress", "What requests from outside are led by.") { CreateList(), CreateExplain(), IngressLintCommand.Create() };

    private static Command CreateList()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var config = ConfigOption.Create();
        var socket = CreateSocket();
        var command = new Command("list", "All routes that the agent serves now, with their endpoints.") { output, config, socket };
        command.SetAction(result => Ask(SocketOf(result, socket, config), "", result.GetValue(output)!));
        return command;
    }

    private static Command CreateExplain()
    {
        var url = new Argument<string>("URL") { Description = "Such as http://example.org/path." };
        var output = OutputOption.Create(OutputOption.Table);
        var config = ConfigOption.Create();
        var socket = CreateSocket();
        var command = new Command("explain", "Which rule a request takes, where it goes, and why. Nothing is sent.") { url, output, config, socket };
        command.SetAction(result => Ask(SocketOf(result, socket, config), result.GetValue(url)!, result.GetValue(output)!));
        return command;
    }

    private static Option<string?> CreateSocket() => new("--socket") { Description = "The agent's socket, in place of the config's.", HelpName = "PATH" };

    /// <summary>Null when the config has a fault, which is told.</summary>
    private static string? SocketOf(ParseResult result, Option<string?> socket, Option<string> config) =>
        result.GetValue(socket) ?? ConfigOption.Load(result.GetValue(config)!)?.Node.Paths.Socket;

    private static int Ask(string? socket, string url, string output)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var arguments = new Dictionary<string, string> { [IngressVerb.Url] = url };
            var answer = ControlClient.Send(socket, new ControlRequest(IngressVerb.Name, arguments, ReadOnlyMemory<byte>.Empty), Patience);
            if (answer.ExitCode != IngressVerb.Good)
            {
                Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
                return ExitCode.Failure;
            }

            var report = JsonSerializer.Deserialize(answer.Body.Span, IngressReportJson.Default.IngressReport)!;
            Console.Out.Write(output == OutputOption.Json ? Encoding.UTF8.GetString(answer.Body.Span) + "\n" : Write(report));
            return report.Status == 0 ? ExitCode.Ok : ExitCode.Failure;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    private static string Write(IngressReport report)
    {
        var text = new StringBuilder();
        foreach (var step in report.Steps)
        {
            text.Append(step).Append('\n');
        }

        if (report.Status > 0)
        {
            text.Append($"so the answer is {report.Status}\n");
        }

        if (report.Routes.Count > 0)
        {
            text.Append(TextColumns.Write((List<string[]>)
            [
                ["HOST", "PATH", "MATCH", "BACKEND", "ENDPOINTS", "FROM"],
                .. report.Routes.Select(static route => (string[])
                    [route.Host, route.Path, route.Match, route.Backend, route.Endpoints.Count == 0 ? "none" : string.Join(',', route.Endpoints), route.Origin]),
            ]));
        }

        return text.ToString();
    }
}
