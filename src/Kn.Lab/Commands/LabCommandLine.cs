using System.CommandLine;
using Kn.Linux;

namespace Kn.Lab.Commands;

/// <summary>The verbs of <c>kn-lab</c> that people use.</summary>
internal static class LabCommandLine
{
    /// <summary>What was asked cannot be done; standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>Parses and runs; the result is the exit code. 2 is a command line that makes no sense.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("A Kubernetes network on one machine, made of network namespaces")
        {
            UpCommand.Make(),
            DownCommand.Make(),
            StatusCommand.Make(),
            ExecCommand.Make(),
            ControlCommands.MakeApi(),
            ControlCommands.MakeAgent(),
            DemoCommand.Make(),
            ServeCommand.Make(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync($"kn-lab: {error.Message}");
            }

            await Console.Error.WriteLineAsync("kn-lab --help says more");
            return 2;
        }

        return await parsed.InvokeAsync();
    }

    /// <summary>Runs the body of a verb, with what users can mend told in one line.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> body)
    {
        try
        {
            return await body();
        }
        catch (Exception e) when (e is LabException or FormatException or LinuxException or IOException or InvalidDataException or UnauthorizedAccessException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"kn-lab: {e.Message}");
            return Failed;
        }
    }
}
