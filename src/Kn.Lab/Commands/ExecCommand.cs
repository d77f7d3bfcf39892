using System.CommandLine;
using System.Globalization;
using Kn.Lab.Control;
using Kn.Lab.Sandbox;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab exec TARGET -- CMD…</c>: becomes a program of the host's file system inside a pod, a node or the outside.</summary>
internal static class ExecCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var target = new Argument<string>("TARGET") { Description = "A pod's name, node/NAME, or host/outside" };
        var program = new Argument<string[]>("CMD") { Description = "The program and its arguments, after --", Arity = ArgumentArity.OneOrMore };
        var space = new Option<string>("--namespace", "-n") { Description = "The pod's namespace", DefaultValueFactory = static _ => "default" };
        var command = LabChoice.Command("exec", "Run a command in a pod's network, UTS and mount namespaces; its exit code is passed on, 125 is our own failure");
        command.Arguments.Add(target);
        command.Arguments.Add(program);
        command.Options.Add(space);
        command.SetAction(parsed =>
        {
            try
            {
                var options = LabChoice.Of(parsed);
                return ProcessSandbox.Become(Place(options, parsed.GetValue(target)!, parsed.GetValue(space)!) with { Command = parsed.GetValue(program)! });
            }
            catch (Exception e) when (e is LabException or FormatException or IOException)
            {
                Console.Error.WriteLine($"kn-lab: {e.Message}");
                return ProcessSandbox.Failed;
            }
        });
        return command;
    }

    private static SandboxSpec Place(LabOptions options, string target, string ns)
    {
        var names = new LabNames(options.Name);
        return target.Split('/') switch
        {
            ["host", "outside"] => new SandboxSpec { NetworkNamespace = "/run/netns/" + names.Outside, Command = [] },
            ["node", var node] => new SandboxSpec { NetworkNamespace = $"/run/netns/{names.Lab}-{node}", Command = [] },
            [var pod] => new SandboxSpec
            {
                JoinPid = int.Parse(ControlClient.Ask(options, "pod", ns, pod), CultureInfo.InvariantCulture),
                Command = [],
            },
            _ => throw new FormatException($"'{target}' is none of POD, node/NAME and host/outside"),
        };
    }
}
