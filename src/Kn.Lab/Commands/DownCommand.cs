using System.CommandLine;

namespace Kn.Lab.Commands;

/// <summary><c>kn-lab down</c>: ends a lab, however it was left, and removes all of it.</summary>
internal static class DownCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var command = LabChoice.Command("down", "Remove a lab: its daemon, processes, namespaces and files");
        command.SetAction((parsed, cancellationToken) => LabCommandLine.GuardAsync(async () =>
        {
            var options = LabChoice.Of(parsed);
            var lab = new LabStart(options, TimeProvider.System);
            await lab.DeleteNodesAsync(cancellationToken);
            await lab.RemoveAsync(cancellationToken);
            Console.WriteLine($"lab {options.Name} is gone");
            return 0;
        }));
        return command;
    }
}
