using System.Diagnostics;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>A network namespace of one test's own, with a socket in it and the nft command beside it.</summary>
internal sealed class NftNamespace : IDisposable
{
    private static int _count;
    private readonly string _name = $"knnft-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";

    internal NftNamespace()
    {
        Namespace = NetworkNamespace.Create(_name);
        Socket = NftSocket.Open(Namespace);
    }

    internal NetworkNamespace Namespace { get; }

    internal NftSocket Socket { get; }

    internal string Name => _name;

    /// <summary>Runs nft in the namespace; fails the test when it fails.</summary>
    internal string Nft(params string[] arguments) => Run("nft", arguments, null);

    /// <summary>Loads a ruleset with nft.</summary>
    internal string NftLoad(string ruleset) => Run("nft", ["-f", "-"], ruleset);

    internal string Run(string command, string[] arguments, string? input)
    {
        var (code, output, error) = TryRun(command, arguments, input);
        Assert.True(code == 0, $"{command} {string.Join(' ', arguments)}: exit {code}\n{error}");
        return output;
    }

    internal (int Code, string Output, string Error) TryRun(string command, string[] arguments, string? input)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", _name, command, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        Socket.Dispose();
        Namespace.Dispose();
        NetworkNamespace.Remove(_name);
    }
}
