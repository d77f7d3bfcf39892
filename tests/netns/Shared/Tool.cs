using System.Diagnostics;

namespace Kn.NetnsTests;

/// <summary>Runs the real tools that the kernel's state is compared with.</summary>
public static class Tool
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs a tool to its end and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed, with its error text.</exception>
    public static string Run(string tool, params string[] arguments)
    {
        var (exitCode, output, error) = Try(tool, arguments);
        return exitCode == 0
            ? output
            : throw new InvalidOperationException($"{tool} {string.Join(' ', arguments)}: exit {exitCode}: {error}");
    }

    /// <summary>Runs a tool to its end, whatever its exit code; with text for its standard input when given.</summary>
    public static (int ExitCode, string Output, string Error) Try(string tool, string[] arguments, string? input = null)
    {
        using var process = Start(tool, arguments);
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            process.StandardInput.Write(input);
        }

        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{tool} {string.Join(' ', arguments)} ran for {Limit}");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Starts a tool that keeps running; the caller kills and disposes it.</summary>
    public static Process Start(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return Process.Start(start) ?? throw new InvalidOperationException($"{tool} did not start");
    }
}
