using System.Diagnostics;
using Kn.Lab.Sandbox;
using Kn.Linux.Namespaces;

namespace Kn.Lab.Processes;

/// <summary>The one place where the lab starts other programs: kn itself, CNI plugins, the commands of containers.</summary>
/// <remarks>fork(2) copies the namespaces of the calling thread, so a program starts in the namespace that the thread is in.</remarks>
internal static class ProgramStart
{
    /// <summary>The path of this program, for its internal verbs.</summary>
    public static string OwnPath => Environment.ProcessPath ?? throw new InvalidOperationException("the lab's own program cannot be found");

    /// <summary>Starts a program of the lab in a sandbox, detached from our terminal.</summary>
    /// <param name="program">The path of kn-lab.</param>
    /// <param name="spec">The sandbox and the program.</param>
    /// <param name="environment">The whole environment; null leaves ours.</param>
    public static Process InSandbox(string program, SandboxSpec spec, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true };
        start.ArgumentList.Add("pod-init");
        foreach (var argument in spec.ToArguments())
        {
            start.ArgumentList.Add(argument);
        }

        if (environment is not null)
        {
            SetEnvironment(start, environment);
        }

        var process = Start(start);
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Runs a program to its end inside a network namespace, with text in and text out.</summary>
    /// <param name="inside">The namespace; null runs it in ours.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">The whole environment; null leaves ours.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public static async Task<ProgramResult> RunAsync(
        NetworkNamespace? inside, IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string>>? environment, string input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (environment is not null)
        {
            SetEnvironment(start, environment);
        }

        using var process = inside is null ? Start(start) : inside.Run(() => Start(start));
        using var kill = cancellationToken.Register(() => Kill(process));
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await FeedAsync(process, input);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return new ProgramResult(process.ExitCode, await output, await errors);
    }

    /// <summary>Starts a program that outlives us: its standard streams go to a file, it has a session of its own.</summary>
    public static Process Detached(string program, IReadOnlyList<string> command, string logFile) =>
        InSandbox(program, new SandboxSpec { Command = command, LogFile = logFile, NewSession = true });

    private static async Task FeedAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // EPIPE: it did not want to read all of it; its exit code says what it thinks.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    private static void SetEnvironment(ProcessStartInfo start, IEnumerable<KeyValuePair<string, string>> environment)
    {
        start.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
    }

#pragma warning disable RS0030 // The lab is there to run real programs against Kn; the product itself never comes here.
    private static Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
#pragma warning restore RS0030
}

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number when it was killed.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record ProgramResult(int ExitCode, string Output, string Errors);
