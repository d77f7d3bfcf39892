using System.CommandLine;
using Kn.Lab.Control;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab api</c> and <c>kn-lab agent</c>: take things away from a lab that is up, and give them back.</summary>
internal static class ControlCommands
{
    /// <summary><c>kn-lab api stop|start</c>.</summary>
    public static Command MakeApi()
    {
        var verb = new Argument<string>("VERB") { Description = "stop: the nodes lose the API server; start: it is back" };
        verb.AcceptOnlyFromAmong("stop", "start");
        var command = LabChoice.Command("api", "Take the API server away from the nodes");
        command.Arguments.Add(verb);
        command.SetAction((parsed, _) => AskAsync(parsed, "api", parsed.GetValue(verb)!));
        return command;
    }

    /// <summary><c>kn-lab agent stop|start|restart|kill NODE</c>.</summary>
    public static Command MakeAgent()
    {
        var verb = new Argument<string>("VERB") { Description = "stop: SIGTERM, and stay away; start: again; restart: SIGTERM, and start again; kill: SIGKILL, and start again. Sockets that the agent has stored are kept, as systemd would, by restart and kill, and closed by stop" };
        verb.AcceptOnlyFromAmong("stop", "start", "restart", "kill");
        var node = new Argument<string>("NODE");
        var command = LabChoice.Command("agent", "Stop, start, restart or kill the kn agent of a node");
        command.Arguments.Add(verb);
        command.Arguments.Add(node);
        command.SetAction((parsed, _) => AskAsync(parsed, "agent", parsed.GetValue(verb)!, parsed.GetValue(node)!));
        return command;
    }

    private static Task<int> AskAsync(ParseResult parsed, params IEnumerable<string> words) => LabCommandLine.GuardAsync(() =>
    {
        ControlClient.Ask(LabChoice.Of(parsed), words);
        return Task.FromResult(0);
    });
}
