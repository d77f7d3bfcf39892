using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Dns;
using Kn.Dns.Inspection;
using Kn.Hosting.Control;

namespace Kn.Commands;

/// <summary><c>kn dns</c>.</summary>
internal static class DnsCommand
{
    /// <summary>Longer than the agent waits for an upstream.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static Command Create() => new("dns", "Ask the agent's DNS, and see which rule answers; clear its cache.") { CreateQuery(), CreateCache() };

    private static Command CreateCache()
    {
        var config = ConfigOption.Create();
        var socket = CreateSocket();
        var clear = new Command("clear", "Forget all answers of upstreams: each name is asked for anew. The cluster's own names are not cached.") { config, socket };
        clear.SetAction(result => Ask(SocketOf(result, socket, config), Told, (DnsVerb.Action, DnsVerb.ClearCache)));
        return new Command("cache", "The cache of upstreams' answers.") { clear };
    }

    private static Option<string?> CreateSocket() => new("--socket") { Description = "The agent's socket, in place of the config's.", HelpName = "PATH" };

    /// <summary>Null when the config has a fault, which is told.</summary>
    private static string? SocketOf(ParseResult result, Option<string?> socket, Option<string> config) =>
        result.GetValue(socket) ?? ConfigOption.Load(result.GetValue(config)!)?.Node.Paths.Socket;

    private static int Told(ReadOnlyMemory<byte> body)
    {
        Console.Out.WriteLine(Encoding.UTF8.GetString(body.Span));
        return ExitCode.Ok;
    }


    private static Command CreateQuery()
    {
        var output = OutputOption.Create(OutputOption.Table);
        var name = new Argument<string>("NAME") { Description = "The whole name, without a search path." };
        var type = new Argument<string>("TYPE") { Description = "A, AAAA, SRV, PTR, … or a number.", DefaultValueFactory = static _ => "A" };
        var from = new Option<string?>("--from") { Description = "Ask as this client: an address, or NAMESPACE/POD.", HelpName = "POD" };
        var config = ConfigOption.Create();
        var socket = CreateSocket();
        var command = new Command("query", "Ask as a pod would, past the network: what is answered, by whom, and why.") { name, type, from, output, config, socket };
        command.SetAction(result => Ask(
            SocketOf(result, socket, config),
            body => Report(body, result.GetValue(output)!),
            (DnsVerb.Question, result.GetValue(name)!),
            (DnsVerb.Type, result.GetValue(type)!),
            (DnsVerb.From, result.GetValue(from) ?? "")));
        return command;
    }

    private static int Ask(string? socket, Func<ReadOnlyMemory<byte>, int> tell, params (string Name, string Value)[] arguments)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var request = new ControlRequest(DnsVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), ReadOnlyMemory<byte>.Empty);
            var answer = ControlClient.Send(socket, request, Patience);
            if (answer.ExitCode != DnsVerb.Good)
            {
                Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
                return ExitCode.Failure;
            }

            return tell(answer.Body);
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }

    private static int Report(ReadOnlyMemory<byte> body, string output)
    {
        var report = JsonSerializer.Deserialize(body.Span, DnsReportJson.Default.DnsReport)!;
        Console.Out.Write(output == OutputOption.Json ? Encoding.UTF8.GetString(body.Span) + "\n" : Write(report));
        return report.Rcode == "NOERROR" ? ExitCode.Ok : ExitCode.Failure;
    }

    private static string Write(DnsReport report)
    {
        var text = new StringBuilder()
            .Append($"{report.Name} {report.Type}, asked by {report.Client}: {(report.Rcode.Length == 0 ? "no answer" : report.Rcode)}\n")
            .Append($"from:   {report.Source}\n")
            .Append($"rule:   {report.Rule}\n");
        if (report.Flags.Length > 0)
        {
            text.Append($"flags:  {report.Flags}\n");
        }

        Section(text, "answer", report.Answers);
        Section(text, "authority", report.Authorities);
        Section(text, "additional", report.Additionals);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IReadOnlyList<string> records)
    {
        if (records.Count == 0)
        {
            return;
        }

        text.Append($"{title}:\n");
        foreach (var record in records)
        {
            text.Append($"  {record}\n");
        }
    }
}
