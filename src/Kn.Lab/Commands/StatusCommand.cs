using System.CommandLine;
using Kn.Lab.Control;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab status</c>: the lab's nodes, as a table or as JSON.</summary>
internal static class StatusCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var output = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = static _ => "table" };
        output.AcceptOnlyFromAmong("table", "json");
        var command = LabChoice.Command("status", "Show a lab that is up");
        command.Options.Add(output);
        command.SetAction((parsed, _) => LabCommandLine.GuardAsync(() =>
        {
            var options = LabChoice.Of(parsed);
            var text = ControlClient.Ask(options, "status");
            Console.WriteLine(parsed.GetValue(output) == "json" ? text : Table(options));
            return Task.FromResult(0);
        }));
        return command;
    }

    private static string Table(LabOptions options)
    {
        var status = ControlClient.TryStatus(options) ?? throw new LabException($"lab {options.Name} ended while it was asked");
        var lines = status.Nodes.Select(static node =>
            $"{node.Name,-10} {(node.Ready ? "Ready" : "NotReady"),-10} {node.AgentPid,-10} {node.Pods,-6} {string.Join(' ', node.Addresses)}");
        return string.Join('\n', [$"lab {status.Name}, kubeconfig {status.Kubeconfig}, API server {(status.ApiReachable ? "reachable" : "away")}",
            $"{"NODE",-10} {"STATE",-10} {"AGENT",-10} {"PODS",-6} ADDRESSES", .. lines]);
    }
}
