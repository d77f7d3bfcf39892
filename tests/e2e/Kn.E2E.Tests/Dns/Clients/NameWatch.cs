using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Kn.E2E.Tests.Dns;

/// <summary>A program in a pod that looks a name up again and again.</summary>
internal sealed partial class NameWatch(Process program) : IDisposable
{
    /// <summary>Ends it.</summary>
    /// <returns>How often it asked, how often it got no address, and how long it waited at most.</returns>
    public async Task<(int Asked, int Failed, TimeSpan Longest)> StopAsync()
    {
        program.StandardInput.Close();
        var output = await program.StandardOutput.ReadToEndAsync();
        var numbers = Numbers().Match(output);
        Assert.True(numbers.Success, output);
        return (int.Parse(numbers.Groups[1].Value), int.Parse(numbers.Groups[2].Value), TimeSpan.FromMilliseconds(int.Parse(numbers.Groups[3].Value)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!program.HasExited)
        {
            program.Kill(entireProcessTree: true);
        }

        program.Dispose();
    }

    [GeneratedRegex(@"asked (\d+) failed (\d+) longest (\d+)")]
    private static partial Regex Numbers();
}
