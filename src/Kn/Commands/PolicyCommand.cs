using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Policy.Inspection;

namespace Kn.Commands;

/// <summary><c>kn policy</c>.</summary>
internal static class PolicyCommand
{
    /// <summary>A question goes through the cache; that takes milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static Command Create() => new("policy", "Ask why NetworkPolicies let a connection pass or not; watch what they drop.") { CreateExplain(), CreateDrops() };

    private static Command CreateExplain()
    {
        var source = new Argument<string>("SRC") { Description = "Who opens the connection: NAMESPACE/POD or an address." };
        var destination = new Argument<string>("DST[:PORT][/PROTOCOL]")
        {
            Description = "Who is to receive it: NAMESPACE/POD, svc/NAMESPACE/SERVICE or an address; the port by number or name; tcp, udp or sctp. Without a port: ICMP.",
        };
        var output = OutputOption.Create(OutputOption.Text);
        var config = ConfigOption.Create();
        var socket = SocketOption.Create();
        var command = new Command("explain", "Say whether a connection is allowed, by which policy and rule, at both ends. Exits with 1 when it is denied.") { source, destination, output, config, socket };
        command.SetAction(result => Explain(
            SocketOption.Find(result, socket, config),
            result.GetValue(output)!,
            (PolicyVerb.Action, PolicyVerb.Explain),
            (PolicyVerb.Source, result.GetValue(source)!),
            (PolicyVerb.Destination, result.GetValue(destination)!)));
        return command;
    }

    private static Command CreateDrops()
    {
        var @namespace = new Option<string?>("--namespace", "-n") { Description = "Only what pods of this namespace sent or were to get.", HelpName = "NAMESPACE" };
        var pod = new Option<string?>("--pod") { Description = "Only what this pod sent or was to get: NAME or NAMESPACE/NAME.", HelpName = "POD" };
        var output = OutputOption.Create(OutputOption.Text);
        var config = ConfigOption.Create();
        var socket = SocketOption.Create();
        var command = new Command("drops", "Watch packets of this node's pods that policies drop, as they are dropped, until Ctrl-C.") { @namespace, pod, output, config, socket };
        command.SetAction(result => DropWatching.Run(
            SocketOption.Find(result, socket, config), result.GetValue(output) == OutputOption.Json, result.GetValue(@namespace) ?? "", result.GetValue(pod) ?? ""));
        return command;
    }

    private static int Explain(string? socket, string output, params (string Name, string Value)[] arguments)
    {
        if (socket is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            var request = new ControlRequest(PolicyVerb.Name, arguments.ToDictionary(static pair => pair.Name, static pair => pair.Value), ReadOnlyMemory<byte>.Empty);
            var answer = ControlClient.Send(socket, request, Patience);
            if (answer.ExitCode != PolicyVerb.Good)
            {
                Console.Error.WriteLine($"kn: {Encoding.UTF8.GetString(answer.Body.Span)}");
                return ExitCode.Usage;
            }

            var report = JsonSerializer.Deserialize(answer.Body.Span, PolicyReportJson.Default.PolicyExplainReport)!;
            Console.Out.Write(output == OutputOption.Json ? Encoding.UTF8.GetString(answer.Body.Span) + "\n" : PolicyText.Of(report));
            return report.Allowed ? ExitCode.Ok : ExitCode.Failure;
        }
        catch (ControlException exception)
        {
            Console.Error.WriteLine($"kn: {exception.Message}");
            return ExitCode.AgentUnreachable;
        }
    }
}
